/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-body-private.h"

#include <errno.h>
#include <unistd.h>

#include "runtime-use-error.h"

struct _RuntimeUseFileBody
{
  GInputStream parent_instance;

  int          fd;         /* borrowed */
  guint64      size;
  guint64      position;   /* of our own: that of the descriptor may be shared */
};

G_DEFINE_FINAL_TYPE (RuntimeUseFileBody, _runtime_use_file_body, G_TYPE_INPUT_STREAM)

/* Reads at least one byte. Fewer than there were when the length was told would leave the other
 * end waiting for the rest. */
static gssize
read_some (int       fd,
           gpointer  buffer,
           gsize     count,
           guint64   position,
           GError  **error)
{
  gssize n;

  do
    n = pread (fd, buffer, count, (off_t) position);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                 "Cannot read the file: %s", g_strerror (errno));
  else if (n == 0)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED,
                 "The file became shorter while it was sent: it ends after %" G_GUINT64_FORMAT
                 " bytes", position);

  return n > 0 ? n : -1;
}

static gssize
runtime_use_file_body_read (GInputStream  *stream,
                            void          *buffer,
                            gsize          count,
                            GCancellable  *cancellable,
                            GError       **error)
{
  RuntimeUseFileBody *self = RUNTIME_USE_FILE_BODY (stream);
  gssize n;

  count = (gsize) MIN (count, self->size - self->position);
  if (count == 0)
    return 0;

  n = read_some (self->fd, buffer, count, self->position, error);
  if (n > 0)
    self->position += (guint64) n;

  return n;
}

static void
_runtime_use_file_body_class_init (RuntimeUseFileBodyClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  stream_class->read_fn = runtime_use_file_body_read;
}

static void
_runtime_use_file_body_init (RuntimeUseFileBody *self)
{
}

/* @fd stays the caller's and has to outlive the stream. */
GInputStream *
_runtime_use_file_body_new (int     fd,
                            guint64 size)
{
  RuntimeUseFileBody *self = g_object_new (RUNTIME_USE_TYPE_FILE_BODY, NULL);

  self->fd = fd;
  self->size = size;

  return G_INPUT_STREAM (self);
}

/* The same at once, for a small file. */
GBytes *
_runtime_use_file_body_read (int      fd,
                             gsize    size,
                             GError **error)
{
  g_autofree guint8 *bytes = g_malloc (size);
  gsize length = 0;

  while (length < size)
    {
      gssize n = read_some (fd, bytes + length, size - length, length, error);

      if (n < 0)
        return NULL;
      length += (gsize) n;
    }

  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}
