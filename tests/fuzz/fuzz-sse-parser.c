/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-error.h"
#include "runtime-use-sse-parser-private.h"
#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#define LIMIT 512
#define BOM "\xef\xbb\xbf"

/* --- The same once more, word for word as the standard has it --- */

typedef struct
{
  GString *type;
  GString *data;
  GString *id;
  gint64   retry;
  GString *log;
} Slow;

static void
append_event (GString    *log,
              const char *type,
              const char *data,
              gsize       length,
              const char *id,
              gint64      retry)
{
  g_string_append_printf (log, "%s|", type);
  g_string_append_len (log, data, length);
  g_string_append_printf (log, "|%s|%" G_GINT64_FORMAT ";", id, retry);
}

static void
slow_dispatch (Slow *self)
{
  if (self->data->len > 0)
    append_event (self->log, self->type->len > 0 ? self->type->str : "message", self->data->str,
                  self->data->len - 1, self->id->str, self->retry);
  g_string_truncate (self->data, 0);
  g_string_truncate (self->type, 0);
}

static void
slow_field (Slow       *self,
            const char *name,
            const char *value,
            gsize       length)
{
  if (strcmp (name, "event") == 0)
    {
      g_string_truncate (self->type, 0);
      for (gsize i = 0; i < length; i++)
        g_string_append_len (self->type, value[i] != '\0' ? value + i : "\xef\xbf\xbd",
                             value[i] != '\0' ? 1 : 3);
    }
  else if (strcmp (name, "data") == 0)
    {
      g_string_append_len (self->data, value, length);
      g_string_append_c (self->data, '\n');
    }
  else if (strcmp (name, "id") == 0 && memchr (value, '\0', length) == NULL)
    {
      g_string_assign (self->id, value);
    }
  else if (strcmp (name, "retry") == 0 && length > 0 && strspn (value, "0123456789") == length)
    {
      self->retry = 0;
      for (gsize i = 0; i < length; i++)
        self->retry = self->retry > G_MAXINT64 / 10 - 1 ? G_MAXINT64 / 10
                                                        : self->retry * 10 + value[i] - '0';
    }
}

static void
slow_line (Slow       *self,
           const char *line,
           gsize       length)
{
  const char *colon = memchr (line, ':', length);
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;
  gsize start;

  if (length == 0)
    {
      slow_dispatch (self);
      return;
    }
  if (colon == line)
    return;

  start = colon != NULL ? (gsize) (colon - line) : length;
  /* A NUL in a name makes it another one. */
  if (memchr (line, '\0', start) != NULL)
    return;
  name = g_strndup (line, start);
  start = MIN (start + 1, length);
  start += start < length && line[start] == ' ';
  value = g_malloc0 (length - start + 1);
  memcpy (value, line + start, length - start);
  slow_field (self, name, value, length - start);
}

static GString *
decode (const char *bytes,
        gsize       size)
{
  GString *text = g_string_new (NULL);
  RuntimeUseUtf8Decoder decoder;

  if (size >= 3 && memcmp (bytes, BOM, 3) == 0)
    {
      bytes += 3;
      size -= 3;
    }

  _runtime_use_utf8_decoder_init (&decoder);
  _runtime_use_utf8_decoder_append (&decoder, (const guint8 *) bytes, size, text);
  _runtime_use_utf8_decoder_finish (&decoder, text);

  return text;
}

static char *
parse_slowly (const char *bytes,
              gsize       size)
{
  g_autoptr(GString) text = decode (bytes, size);
  g_autoptr(GString) type = g_string_new (NULL);
  g_autoptr(GString) data = g_string_new (NULL);
  g_autoptr(GString) id = g_string_new (NULL);
  Slow slow = { type, data, id, -1, g_string_new (NULL) };
  gsize start = 0;

  for (gsize i = 0; i < text->len; i++)
    {
      if (text->str[i] != '\n' && text->str[i] != '\r')
        continue;
      slow_line (&slow, text->str + start, i - start);
      if (text->str[i] == '\r' && text->str[i + 1] == '\n')
        i++;
      start = i + 1;
    }

  return g_string_free (slow.log, FALSE);
}

/* --- */

static gboolean
log_event_cb (const RuntimeUseSseEvent  *event,
              gpointer                   user_data,
              GError                   **error)
{
  g_assert_true (g_utf8_validate (event->type, -1, NULL));
  g_assert_true (g_utf8_validate (event->id, -1, NULL));
  append_event (user_data, event->type, event->data, event->data_length, event->id, event->retry);

  return TRUE;
}

/* Returns NULL if the limit was met. */
static char *
parse (const char *bytes,
       gsize       size,
       gsize       limit,
       gsize       piece)
{
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  RuntimeUseSseParser parser;
  gboolean is_fine = TRUE;

  _runtime_use_sse_parser_init (&parser, limit);
  for (gsize i = 0; i < size && is_fine; i += piece)
    {
      gsize length = MIN (piece, size - i);
      g_autofree char *copy = g_memdup2 (bytes + i, length);

      is_fine = _runtime_use_sse_parser_push (&parser, copy, length, log_event_cb, log, &error);
    }
  _runtime_use_sse_parser_has_rest (&parser);
  _runtime_use_sse_parser_clear (&parser);

  if (is_fine)
    return g_string_free (g_steal_pointer (&log), FALSE);

  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);

  return NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *bytes = size > 0 ? (const char *) data : "";
  /* Some length that depends on nothing but the input. */
  gsize piece = 1 + (size > 0 ? data[size / 2] + size : 0) % 97;
  g_autofree char *expected = parse_slowly (bytes, size);
  g_autofree char *whole = parse (bytes, size, G_MAXSIZE, size);
  g_autofree char *pieces = parse (bytes, size, G_MAXSIZE, piece);
  g_autofree char *limited = parse (bytes, size, LIMIT, size);
  g_autofree char *limited_pieces = parse (bytes, size, LIMIT, piece);

  /* A NUL ends the comparison, on both sides. */
  g_assert_cmpstr (whole, ==, expected);
  g_assert_cmpstr (pieces, ==, expected);
  g_assert_cmpstr (limited_pieces, ==, limited);

  return 0;
}
