/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

typedef enum
{
  SEQUENCE_VALID,
  SEQUENCE_INVALID,
  SEQUENCE_CUT,
} SequenceKind;

/* How many bytes from the start are ASCII. */
static inline gsize
ascii_length (const guint8 *bytes,
              gsize         length)
{
  const guint64 high_bits = G_GUINT64_CONSTANT (0x8080808080808080);
  guint64 words[4];
  gsize i = 0;

  for (; length - i >= sizeof words; i += sizeof words)
    {
      memcpy (words, bytes + i, sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0)
        break;
    }

  for (; length - i >= sizeof words[0]; i += sizeof words[0])
    {
      memcpy (words, bytes + i, sizeof words[0]);
      words[0] = GUINT64_FROM_LE (words[0]) & high_bits;
      if (words[0] != 0)
        return i + __builtin_ctzll (words[0]) / 8;
    }

  while (i < length && bytes[i] < 0x80)
    i++;

  return i;
}

/* What may follow the first byte @lead of a character of several bytes: how
 * long the character is and which range its second byte has. Returns 0 if no
 * character starts like this. */
static inline guint
sequence_length (guint8  lead,
                 guint8 *low,
                 guint8 *high)
{
  *low = 0x80;
  *high = 0xbf;

  if (lead >= 0xc2 && lead <= 0xdf)
    return 2;

  if (lead >= 0xe0 && lead <= 0xef)
    {
      if (lead == 0xe0)
        *low = 0xa0;
      else if (lead == 0xed)
        *high = 0x9f;
      return 3;
    }

  if (lead >= 0xf0 && lead <= 0xf4)
    {
      if (lead == 0xf0)
        *low = 0x90;
      else if (lead == 0xf4)
        *high = 0x8f;
      return 4;
    }

  return 0;
}

/* Looks at the character that starts at @bytes. @used is set to its length
 * or, when it is no character, to the length of its maximal subpart. */
static inline SequenceKind
scan_sequence (const guint8 *bytes,
               gsize         length,
               gsize        *used)
{
  guint8 low, high;
  guint expected;

  *used = 1;
  if (bytes[0] < 0x80)
    return SEQUENCE_VALID;

  expected = sequence_length (bytes[0], &low, &high);
  if (expected == 0)
    return SEQUENCE_INVALID;

  while (*used < expected)
    {
      if (*used == length)
        return SEQUENCE_CUT;
      if (bytes[*used] < low || bytes[*used] > high)
        return SEQUENCE_INVALID;
      low = 0x80;
      high = 0xbf;
      (*used)++;
    }

  return SEQUENCE_VALID;
}

gsize
_runtime_use_utf8_valid_length (const guint8 *bytes,
                                gsize         length)
{
  gsize i = 0;

  while (i < length)
    {
      gsize used;

      i += ascii_length (bytes + i, length - i);

      for (; i < length && bytes[i] >= 0x80; i += used)
        {
          if (scan_sequence (bytes + i, length - i, &used) != SEQUENCE_VALID)
            return i;
        }
    }

  return i;
}

void
_runtime_use_utf8_decoder_init (RuntimeUseUtf8Decoder *self)
{
  self->n_pending = 0;
}

/* Completes the character that the piece before began. Returns how many of
 * @bytes that took. */
static gsize
append_pending (RuntimeUseUtf8Decoder *self,
                const guint8          *bytes,
                gsize                  length,
                GString               *out)
{
  gsize taken = 0;

  while (self->n_pending > 0 && taken < length)
    {
      SequenceKind kind;
      gsize used;

      self->pending[self->n_pending] = bytes[taken];
      kind = scan_sequence (self->pending, self->n_pending + 1, &used);

      /* What came before could start a character, so it is a maximal subpart
       * and the byte that breaks it starts anew. */
      if (kind == SEQUENCE_INVALID)
        {
          g_string_append (out, REPLACEMENT);
          self->n_pending = 0;
          break;
        }

      taken++;
      self->n_pending++;
      if (kind == SEQUENCE_VALID)
        {
          g_string_append_len (out, (const char *) self->pending, self->n_pending);
          self->n_pending = 0;
        }
    }

  return taken;
}

void
_runtime_use_utf8_decoder_append (RuntimeUseUtf8Decoder *self,
                                  const guint8          *bytes,
                                  gsize                  length,
                                  GString               *out)
{
  gsize i;

  i = append_pending (self, bytes, length, out);

  while (i < length)
    {
      gsize valid = _runtime_use_utf8_valid_length (bytes + i, length - i);
      gsize used;

      g_string_append_len (out, (const char *) bytes + i, valid);
      i += valid;
      if (i == length)
        return;

      if (scan_sequence (bytes + i, length - i, &used) == SEQUENCE_CUT)
        {
          memcpy (self->pending, bytes + i, used);
          self->n_pending = used;
          return;
        }

      g_string_append (out, REPLACEMENT);
      i += used;
    }
}

void
_runtime_use_utf8_decoder_finish (RuntimeUseUtf8Decoder *self,
                                  GString               *out)
{
  if (self->n_pending > 0)
    g_string_append (out, REPLACEMENT);

  self->n_pending = 0;
}

char *
_runtime_use_utf8_cut (const char *text,
                       gsize       max_length)
{
  gsize length = strnlen (text, max_length + 1);

  if (length > max_length)
    {
      length = max_length;
      while (length > 0 && (text[length] & 0xc0) == 0x80)
        length--;
    }

  return g_strndup (text, length);
}
