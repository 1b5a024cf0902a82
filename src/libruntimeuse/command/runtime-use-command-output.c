/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-output-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "runtime-use-redactor-private.h"

#define READ_SIZE (128 * 1024)

/* A pipe that was once found full is made larger; for the others the default is cheaper. */
#define FULL_PIPE (64 * 1024)
#define LARGE_PIPE (256 * 1024)

/* Room in front of what is read for the beginning of a character from the read before. */
#define MARGIN (sizeof (((RuntimeUseUtf8Decoder *) NULL)->pending))

typedef struct
{
  guint8   bytes[MARGIN + READ_SIZE];
  GString *decoded;
  GString *redacted;
} Buffer;

static void buffer_free (gpointer data);

static GPrivate spare_buffer = G_PRIVATE_INIT (buffer_free);

static void
buffer_free (gpointer data)
{
  Buffer *buffer = data;

  g_string_free (buffer->decoded, TRUE);
  g_string_free (buffer->redacted, TRUE);
  g_free (buffer);
}

/* One buffer for each thread. It is taken out while in use, because whoever gets the text may
 * iterate the main context, and another command may then be read. */
static Buffer *
take_buffer (void)
{
  Buffer *buffer = g_private_get (&spare_buffer);

  if (buffer != NULL)
    {
      g_private_set (&spare_buffer, NULL);
      return buffer;
    }

  buffer = g_malloc (sizeof *buffer);
  buffer->decoded = g_string_new (NULL);
  buffer->redacted = g_string_new (NULL);

  return buffer;
}

static void
give_buffer (Buffer *buffer)
{
  if (g_private_get (&spare_buffer) != NULL)
    {
      buffer_free (buffer);
      return;
    }

  g_string_truncate (buffer->decoded, 0);
  g_string_truncate (buffer->redacted, 0);
  g_private_set (&spare_buffer, buffer);
}

void
_runtime_use_command_output_init (RuntimeUseCommandOutput     *self,
                                  RuntimeUseOutputStream       stream,
                                  RuntimeUseCommandOutputFunc  func,
                                  gpointer                     user_data)
{
  memset (self, 0, sizeof *self);
  self->fd = -1;
  self->stream = stream;
  self->func = func;
  self->user_data = user_data;
  _runtime_use_utf8_decoder_init (&self->decoder);
}

/* Makes the pipe. On failure errno says why. */
gboolean
_runtime_use_command_output_open (RuntimeUseCommandOutput *self,
                                  RuntimeUseRedactor      *redactor,
                                  int                     *write_end)
{
  int pair[2];

  if (pipe2 (pair, O_CLOEXEC) != 0)
    return FALSE;

  self->fd = pair[0];
  *write_end = pair[1];
  if (redactor != NULL && !runtime_use_redactor_is_empty (redactor))
    self->redactor = runtime_use_redactor_open_stream (redactor);

  /* Only our end: commands expect a pipe that blocks. */
  return fcntl (self->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void
pass_on (RuntimeUseCommandOutput *self,
         Buffer                  *buffer,
         const char              *text,
         gsize                    length)
{
  if (self->redactor != NULL)
    {
      _runtime_use_redactor_stream_append (self->redactor, text, length, buffer->redacted);
      text = buffer->redacted->str;
      length = buffer->redacted->len;
    }

  if (length > 0)
    self->func (self->stream, text, length, self->user_data);
}

/* Valid text, which is nearly all, is passed on from where it was read to. */
static void
decode (RuntimeUseCommandOutput *self,
        Buffer                  *buffer,
        gsize                    length)
{
  guint n_pending = self->decoder.n_pending;
  const guint8 *start = buffer->bytes + MARGIN - n_pending;
  gsize n_valid;

  memcpy (buffer->bytes + MARGIN - n_pending, self->decoder.pending, n_pending);
  self->decoder.n_pending = 0;
  length += n_pending;

  n_valid = _runtime_use_utf8_valid_length (start, length);
  _runtime_use_utf8_decoder_append (&self->decoder, start + n_valid, length - n_valid,
                                    buffer->decoded);
  if (buffer->decoded->len == 0)
    {
      pass_on (self, buffer, (const char *) start, n_valid);
      return;
    }

  g_string_prepend_len (buffer->decoded, (const char *) start, (gssize) n_valid);
  pass_on (self, buffer, buffer->decoded->str, buffer->decoded->len);
}

/* Reads once and passes on what came. Returns FALSE if nothing was there; whether the end was
 * reached tells the descriptor. */
gboolean
_runtime_use_command_output_read (RuntimeUseCommandOutput *self)
{
  Buffer *buffer;
  ssize_t length;
  gboolean ended;

  if (self->fd < 0)
    return FALSE;

  buffer = take_buffer ();
  length = read (self->fd, buffer->bytes + MARGIN, READ_SIZE);
  ended = length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR);
  if (length > 0)
    {
      if (length >= FULL_PIPE && !self->enlarged)
        {
          /* More than the user may have in pipes is no harm: it stays as it is. */
          fcntl (self->fd, F_SETPIPE_SZ, LARGE_PIPE);
          self->enlarged = TRUE;
        }
      decode (self, buffer, (gsize) length);
    }
  give_buffer (buffer);

  if (ended)
    _runtime_use_command_output_finish (self);

  return length > 0;
}

/* Passes on what was held back, and closes. */
void
_runtime_use_command_output_finish (RuntimeUseCommandOutput *self)
{
  g_autoptr(GString) rest = NULL;

  if (self->fd < 0)
    return;

  close (self->fd);
  self->fd = -1;
  if (self->redactor == NULL && self->decoder.n_pending == 0)
    return;

  rest = g_string_new (NULL);
  _runtime_use_utf8_decoder_finish (&self->decoder, rest);
  if (self->redactor != NULL)
    {
      g_autoptr(GString) redacted = g_string_new (NULL);

      _runtime_use_redactor_stream_append (self->redactor, rest->str, rest->len, redacted);
      _runtime_use_redactor_stream_flush (self->redactor, redacted);
      g_string_truncate (rest, 0);
      g_string_append_len (rest, redacted->str, (gssize) redacted->len);
    }
  if (rest->len > 0)
    self->func (self->stream, rest->str, rest->len, self->user_data);
}

/* Closes and forgets. */
void
_runtime_use_command_output_clear (RuntimeUseCommandOutput *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_object (&self->redactor);
}
