/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-line-splitter-private.h"

#include <string.h>

/* U+FFFD */
#define REPLACEMENT "\357\277\275"

void
_runtime_use_append_without_nul (GString    *string,
                                 const char *text,
                                 gsize       length)
{
  const char *nul;

  while ((nul = memchr (text, '\0', length)) != NULL)
    {
      g_string_append_len (string, text, nul - text);
      g_string_append (string, REPLACEMENT);
      length -= nul - text + 1;
      text = nul + 1;
    }
  g_string_append_len (string, text, length);
}

void
_runtime_use_line_splitter_init (RuntimeUseLineSplitter *self,
                                 gsize                   limit)
{
  self->pending = g_string_new (NULL);
  self->limit = limit;
}

void
_runtime_use_line_splitter_clear (RuntimeUseLineSplitter *self)
{
  if (self->pending != NULL)
    g_string_free (g_steal_pointer (&self->pending), TRUE);
}

static void
flush (RuntimeUseLineSplitter *self,
       RuntimeUseLineFunc      func,
       gpointer                user_data)
{
  func (self->pending->str, user_data);
  g_string_truncate (self->pending, 0);
}

/* How much of text to take so that no character is torn. */
static gsize
whole_characters (const char *text,
                  gsize       length,
                  gsize       wanted)
{
  gsize taken = MIN (length, wanted);

  while (taken < length && taken > 0 && ((guchar) text[taken] & 0xc0) == 0x80)
    taken--;

  return taken > 0 ? taken : MIN (length, 4);
}

/* Appends a piece that has no line break in it, in parts if it is long. */
static void
push_piece (RuntimeUseLineSplitter *self,
            const char             *text,
            gsize                   length,
            RuntimeUseLineFunc      func,
            gpointer                user_data)
{
  while (self->pending->len + length > self->limit)
    {
      gsize room = self->limit - MIN (self->pending->len, self->limit - 1);
      gsize taken = whole_characters (text, length, room);

      _runtime_use_append_without_nul (self->pending, text, taken);
      flush (self, func, user_data);
      text += taken;
      length -= taken;
    }
  _runtime_use_append_without_nul (self->pending, text, length);
}

void
_runtime_use_line_splitter_push (RuntimeUseLineSplitter *self,
                                 const char             *text,
                                 gsize                   length,
                                 RuntimeUseLineFunc      func,
                                 gpointer                user_data)
{
  const char *newline;

  while ((newline = memchr (text, '\n', length)) != NULL)
    {
      push_piece (self, text, newline - text, func, user_data);
      flush (self, func, user_data);
      length -= newline - text + 1;
      text = newline + 1;
    }
  push_piece (self, text, length, func, user_data);
}

void
_runtime_use_line_splitter_finish (RuntimeUseLineSplitter *self,
                                   RuntimeUseLineFunc      func,
                                   gpointer                user_data)
{
  if (self->pending->len > 0)
    flush (self, func, user_data);
}
