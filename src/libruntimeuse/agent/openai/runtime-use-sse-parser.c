/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-sse-parser-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-line-splitter-private.h"
#include "runtime-use-utf8-decoder-private.h"

/* What a line may have beside a value that is as long as the limit: a name, a colon, a blank. */
#define NAME_ROOM 16

/* An event that is much smaller than one before it needs no buffer of that size. */
#define MAX_KEPT ((gsize) 64 * 1024)

static const char bom[] = "\xef\xbb\xbf";
#define BOM_LENGTH (sizeof bom - 1)

/* The bytes being pushed. Each end of line is looked for only once. */
typedef struct
{
  const char *cursor;
  const char *end;
  const char *lf;   /* (nullable): the first one that was ahead of the cursor, or the end */
  const char *cr;   /* (nullable): the same, but sought only up to the line feed */
} Input;

typedef struct
{
  RuntimeUseSseFunc func;
  gpointer          user_data;
} Sink;

void
_runtime_use_sse_parser_init (RuntimeUseSseParser *self,
                              gsize                limit)
{
  memset (self, 0, sizeof *self);
  self->limit = MIN (limit, G_MAXSSIZE - NAME_ROOM);
  self->retry = -1;
  self->line = g_string_new (NULL);
  self->type = g_string_new (NULL);
  self->id = g_string_new (NULL);
  self->data = g_string_new (NULL);
  self->decoded = g_string_new (NULL);
}

void
_runtime_use_sse_parser_clear (RuntimeUseSseParser *self)
{
  GString **strings[] = { &self->line, &self->type, &self->id, &self->data, &self->decoded };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      if (*strings[i] != NULL)
        g_string_free (g_steal_pointer (strings[i]), TRUE);
    }
}

static gboolean
fail_too_large (RuntimeUseSseParser  *self,
                GError              **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
               "An event of the stream is larger than the limit of %" G_GSIZE_FORMAT " bytes",
               self->limit);

  return FALSE;
}

static void
empty (GString **string)
{
  if ((*string)->allocated_len <= MAX_KEPT)
    {
      g_string_truncate (*string, 0);
      return;
    }

  g_string_free (*string, TRUE);
  *string = g_string_new (NULL);
}

static void
set_valid (GString    *string,
           const char *text,
           gsize       length)
{
  RuntimeUseUtf8Decoder decoder;

  g_string_truncate (string, 0);
  _runtime_use_utf8_decoder_init (&decoder);
  _runtime_use_utf8_decoder_append (&decoder, (const guint8 *) text, length, string);
  _runtime_use_utf8_decoder_finish (&decoder, string);
}

/* --- Fields --- */

static void
set_type (RuntimeUseSseParser *self,
          const char          *value,
          gsize                length)
{
  g_autofree char *valid = NULL;

  set_valid (self->type, value, length);
  if (memchr (self->type->str, '\0', self->type->len) == NULL)
    return;

  length = self->type->len;
  valid = g_memdup2 (self->type->str, length);
  g_string_truncate (self->type, 0);
  _runtime_use_append_without_nul (self->type, valid, length);
}

/* What is no number of digits only does not count. */
static void
set_retry (RuntimeUseSseParser *self,
           const char          *value,
           gsize                length)
{
  gint64 retry = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isdigit (value[i]))
        return;
      retry = retry > G_MAXINT64 / 10 - 1 ? G_MAXINT64 / 10 : retry * 10 + (value[i] - '0');
    }

  if (length > 0)
    self->retry = retry;
}

/* Copies the line of data that is still where it was pushed. */
static void
keep_span (RuntimeUseSseParser *self)
{
  if (self->span == NULL)
    return;

  g_string_append_len (self->data, self->span, (gssize) self->span_length);
  self->span = NULL;
}

static gboolean
add_data (RuntimeUseSseParser  *self,
          const char           *value,
          gsize                 length,
          gboolean              is_passing,
          GError              **error)
{
  gsize before = self->span != NULL ? self->span_length : self->data->len;

  if (self->n_data > 0)
    before++;
  if (before > self->limit || length > self->limit - before)
    return fail_too_large (self, error);

  if (self->n_data == 0 && !is_passing)
    {
      self->span = value;
      self->span_length = length;
    }
  else
    {
      keep_span (self);
      if (self->n_data > 0)
        g_string_append_c (self->data, '\n');
      g_string_append_len (self->data, value, (gssize) length);
    }
  self->n_data = MIN (self->n_data + 1, 2);

  return TRUE;
}

static inline gboolean
is_named (const char *line,
          gsize       name_length,
          const char *name)
{
  return name_length == strlen (name) && memcmp (line, name, name_length) == 0;
}

/* @is_passing: the line does not stay where it is until the end of the push */
static gboolean
take_field (RuntimeUseSseParser  *self,
            const char           *line,
            gsize                 length,
            gboolean              is_passing,
            GError              **error)
{
  const char *colon = memchr (line, ':', MIN (length, NAME_ROOM));
  gsize name_length = colon != NULL ? (gsize) (colon - line) : length;
  const char *value = colon != NULL ? colon + 1 : line + length;
  const char *end = line + length;

  if (value < end && *value == ' ')
    value++;
  length = (gsize) (end - value);

  if (is_named (line, name_length, "data"))
    return add_data (self, value, length, is_passing, error);

  if (is_named (line, name_length, "event"))
    set_type (self, value, length);
  else if (is_named (line, name_length, "id") && memchr (value, '\0', length) == NULL)
    set_valid (self->id, value, length);
  else if (is_named (line, name_length, "retry"))
    set_retry (self, value, length);

  return TRUE;
}

/* --- Events --- */

static void
fill_event (RuntimeUseSseParser *self,
            RuntimeUseSseEvent  *event)
{
  const char *data = self->span != NULL ? self->span : self->data->str;
  gsize length = self->span != NULL ? self->span_length : self->data->len;

  if (_runtime_use_utf8_valid_length ((const guint8 *) data, length) < length)
    {
      set_valid (self->decoded, data, length);
      data = self->decoded->str;
      length = self->decoded->len;
    }

  event->type = self->type->len > 0 ? self->type->str : "message";
  event->data = data;
  event->data_length = length;
  event->id = self->id->str;
  event->retry = self->retry;
}

static gboolean
dispatch (RuntimeUseSseParser  *self,
          const Sink           *sink,
          GError              **error)
{
  RuntimeUseSseEvent event;
  gboolean goes_on = TRUE;

  if (self->n_data > 0)
    {
      fill_event (self, &event);
      goes_on = sink->func (&event, sink->user_data, error);
    }

  self->span = NULL;
  self->n_data = 0;
  g_string_truncate (self->type, 0);
  empty (&self->data);
  empty (&self->decoded);

  return goes_on;
}

static gboolean
take_line (RuntimeUseSseParser  *self,
           const char           *line,
           gsize                 length,
           gboolean              is_passing,
           const Sink           *sink,
           GError              **error)
{
  if (length == 0)
    return dispatch (self, sink, error);

  if (line[0] == ':')
    return TRUE;

  /* Whatever is in it, so that the limit does not depend on how the stream is cut. */
  if (length > self->limit + NAME_ROOM)
    return fail_too_large (self, error);

  return take_field (self, line, length, is_passing, error);
}

/* --- Lines --- */

/* The end of the line at the cursor, or the end of the input if it has none. */
static const char *
find_line_end (Input *input)
{
  if (input->lf == NULL || input->lf < input->cursor)
    {
      input->lf = memchr (input->cursor, '\n', (gsize) (input->end - input->cursor));
      if (input->lf == NULL)
        input->lf = input->end;
    }

  if (input->cr == NULL || input->cr < input->cursor)
    {
      input->cr = memchr (input->cursor, '\r', (gsize) (input->lf - input->cursor));
      if (input->cr == NULL)
        input->cr = input->lf;
    }

  return MIN (input->lf, input->cr);
}

static gboolean
keep_line (RuntimeUseSseParser  *self,
           const char           *text,
           gsize                 length,
           GError              **error)
{
  gsize limit = self->limit + NAME_ROOM;

  /* A comment is not kept: that it is one is enough. */
  if (length > 0 && (self->line->len > 0 ? self->line->str[0] : text[0]) == ':')
    {
      g_string_assign (self->line, ":");
      return TRUE;
    }

  if (length > limit - MIN (self->line->len, limit))
    return fail_too_large (self, error);
  g_string_append_len (self->line, text, (gssize) length);

  return TRUE;
}

/* The end of a line that began in an earlier push. */
static gboolean
finish_line (RuntimeUseSseParser  *self,
             const char           *text,
             gsize                 length,
             const Sink           *sink,
             GError              **error)
{
  if (!keep_line (self, text, length, error) ||
      !take_line (self, self->line->str, self->line->len, TRUE, sink, error))
    return FALSE;

  empty (&self->line);

  return TRUE;
}

static gboolean
take_lines (RuntimeUseSseParser  *self,
            Input                *input,
            const Sink           *sink,
            GError              **error)
{
  const char *end;

  while ((end = find_line_end (input)) < input->end)
    {
      const char *line = input->cursor;
      gsize length = (gsize) (end - line);

      /* First, for the function may be the one that ends everything. */
      input->cursor = end + 1;
      self->skips_lf = *end == '\r';
      if (self->skips_lf && input->cursor < input->end)
        {
          input->cursor += *input->cursor == '\n';
          self->skips_lf = FALSE;
        }

      if (!(self->line->len > 0 ? finish_line (self, line, length, sink, error)
                                : take_line (self, line, length, FALSE, sink, error)))
        return FALSE;
    }

  return keep_line (self, input->cursor, (gsize) (input->end - input->cursor), error);
}

/* Takes the byte order mark off the start, or what looked like the beginning of one to the line
 * that it is in fact part of. */
static void
take_bom (RuntimeUseSseParser *self,
          Input               *input)
{
  while (self->n_bom < BOM_LENGTH && input->cursor < input->end)
    {
      if (*input->cursor != bom[self->n_bom])
        {
          g_string_append_len (self->line, bom, self->n_bom);
          self->n_bom = BOM_LENGTH;
          return;
        }
      self->n_bom++;
      input->cursor++;
    }
}

/*
 * Takes a piece of the stream, of any length, and calls @func for each event that it completes.
 * Fails if an event is too large, and if @func does; then nothing more may come.
 */
gboolean
_runtime_use_sse_parser_push (RuntimeUseSseParser  *self,
                              const char           *bytes,
                              gsize                 length,
                              RuntimeUseSseFunc     func,
                              gpointer              user_data,
                              GError              **error)
{
  const Sink sink = { func, user_data };
  Input input = { .cursor = bytes, .end = bytes + length };

  g_assert (!self->is_over);

  if (self->n_bom < BOM_LENGTH)
    take_bom (self, &input);
  if (input.cursor == input.end)
    return TRUE;
  if (self->skips_lf && *input.cursor == '\n')
    input.cursor++;
  self->skips_lf = FALSE;

  self->is_over = !take_lines (self, &input, &sink, error);
  keep_span (self);

  return !self->is_over;
}

/* Whether an event has begun that no empty line has ended. The standard has it discarded when the
 * stream ends like this. */
gboolean
_runtime_use_sse_parser_has_rest (const RuntimeUseSseParser *self)
{
  return self->n_data > 0 || self->type->len > 0 ||
         (self->line->len > 0 && self->line->str[0] != ':') ||
         (self->n_bom > 0 && self->n_bom < BOM_LENGTH);
}
