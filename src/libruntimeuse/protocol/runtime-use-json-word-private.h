/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* Text eight bytes at a time. The first byte in memory is the lowest one of a word. */

#define RUNTIME_USE_WORD_SIZE (sizeof (guint64))
#define RUNTIME_USE_WORD_OF(byte) (G_GUINT64_CONSTANT (0x0101010101010101) * (byte))

static inline guint64
_runtime_use_word_load (const char *text)
{
  guint64 word;

  memcpy (&word, text, RUNTIME_USE_WORD_SIZE);

  return GUINT64_FROM_LE (word);
}

/* Marks with its high bit each byte that cannot stand for itself in a JSON string: control
 * characters, quote, backslash. Only the first mark is sure: a borrow can add others behind it. */
static inline guint64
_runtime_use_word_mark_special (guint64 word)
{
  guint64 quote = word ^ RUNTIME_USE_WORD_OF ('"');
  guint64 backslash = word ^ RUNTIME_USE_WORD_OF ('\\');
  guint64 marks = (word - RUNTIME_USE_WORD_OF (0x20)) & ~word;

  marks |= (quote - RUNTIME_USE_WORD_OF (1)) & ~quote;
  marks |= (backslash - RUNTIME_USE_WORD_OF (1)) & ~backslash;

  return marks & RUNTIME_USE_WORD_OF (0x80);
}

/* Marks each byte that is not ASCII. */
static inline guint64
_runtime_use_word_mark_non_ascii (guint64 word)
{
  return word & RUNTIME_USE_WORD_OF (0x80);
}

static inline gsize
_runtime_use_word_first_mark (guint64 marks)
{
  return (gsize) __builtin_ctzll (marks) / 8;
}

G_END_DECLS
