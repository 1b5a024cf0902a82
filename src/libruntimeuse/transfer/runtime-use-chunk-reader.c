/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-chunk-reader-private.h"

#include <string.h>

/* Of a line with the size of a chunk, or of a header after the last one. */
#define MAX_LINE 8192
#define MAX_TRAILERS 100

RuntimeUseChunkReader *
_runtime_use_chunk_reader_new (GInputStream *raw)
{
  RuntimeUseChunkReader *self = g_new0 (RuntimeUseChunkReader, 1);

  self->stream = g_buffered_input_stream_new (raw);
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (self->stream), FALSE);

  return self;
}

void
_runtime_use_chunk_reader_free (RuntimeUseChunkReader *self)
{
  g_object_unref (self->stream);
  g_free (self);
}

static gboolean
fail (GError     **error,
      GIOErrorEnum code,
      const char  *text)
{
  g_set_error_literal (error, G_IO_ERROR, code, text);

  return FALSE;
}

static gboolean
read_line (RuntimeUseChunkReader  *self,
           GString                *line,
           GCancellable           *cancellable,
           GError                **error)
{
  GError *cause = NULL;
  int byte;

  g_string_truncate (line, 0);
  while ((byte = g_buffered_input_stream_read_byte (G_BUFFERED_INPUT_STREAM (self->stream),
                                                    cancellable, &cause)) != '\n')
    {
      if (cause != NULL)
        {
          g_propagate_error (error, cause);
          return FALSE;
        }
      if (byte < 0)
        return fail (error, G_IO_ERROR_PARTIAL_INPUT, "it ended before the last chunk");
      if (line->len == MAX_LINE)
        return fail (error, G_IO_ERROR_INVALID_DATA, "a line between chunks is too long");
      g_string_append_c (line, (char) byte);
    }

  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);

  return TRUE;
}

static gboolean
parse_size (const char  *line,
            guint64     *size,
            GError     **error)
{
  gsize n_digits = strspn (line, "0123456789abcdefABCDEF");

  if (n_digits == 0 || n_digits > 15 || strchr ("; \t", line[n_digits]) == NULL)
    return fail (error, G_IO_ERROR_INVALID_DATA, "the size of a chunk is none");

  *size = g_ascii_strtoull (line, NULL, 16);

  return TRUE;
}

/* What comes after the last chunk is of no use to us. */
static gboolean
skip_trailers (RuntimeUseChunkReader  *self,
               GString                *line,
               GCancellable           *cancellable,
               GError                **error)
{
  for (guint i = 0; i < MAX_TRAILERS; i++)
    {
      if (!read_line (self, line, cancellable, error))
        return FALSE;
      if (line->len == 0)
        return TRUE;
    }

  return fail (error, G_IO_ERROR_INVALID_DATA, "too many headers come after the last chunk");
}

/* Goes to the start of the next chunk, or to the end. */
static gboolean
begin_chunk (RuntimeUseChunkReader  *self,
             GCancellable           *cancellable,
             GError                **error)
{
  g_autoptr(GString) line = g_string_new (NULL);

  if (self->has_begun && !read_line (self, line, cancellable, error))
    return FALSE;
  if (line->len > 0)
    return fail (error, G_IO_ERROR_INVALID_DATA, "a chunk is longer than it should be");
  self->has_begun = TRUE;

  if (!read_line (self, line, cancellable, error) || !parse_size (line->str, &self->left, error))
    return FALSE;

  self->has_ended = self->left == 0;

  return !self->has_ended || skip_trailers (self, line, cancellable, error);
}

gssize
_runtime_use_chunk_reader_read (RuntimeUseChunkReader  *self,
                                void                   *buffer,
                                gsize                   count,
                                GCancellable           *cancellable,
                                GError                **error)
{
  gssize n;

  if (!self->has_ended && self->left == 0 && !begin_chunk (self, cancellable, error))
    return -1;
  if (self->has_ended)
    return 0;

  n = g_input_stream_read (self->stream, buffer, MIN (count, self->left), cancellable, error);
  if (n == 0)
    {
      fail (error, G_IO_ERROR_PARTIAL_INPUT, "it ended in the middle of a chunk");
      return -1;
    }
  if (n > 0)
    self->left -= (guint64) n;

  return n;
}
