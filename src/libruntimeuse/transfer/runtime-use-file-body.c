/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-body-private.h"

#include <errno.h>
#include <unistd.h>

#include "runtime-use-error.h"

struct _RuntimeUseFileBody
{
  GInputStream       parent_instance;

  int                fd;         /* borrowed */
  guint64            size;
  guint64            position;   /* of our own: that of the descriptor may be shared */
  const struct stat *expected;   /* (nullable): borrowed */
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

/* Whether nobody has written to the file since @expected, which says of it what a watch told. */
gboolean
_runtime_use_file_body_check (int                 fd,
                              const struct stat  *expected,
                              GError            **error)
{
  struct stat status;

  if (expected == NULL ||
      (fstat (fd, &status) == 0 && status.st_size == expected->st_size &&
       status.st_mtim.tv_sec == expected->st_mtim.tv_sec &&
       status.st_mtim.tv_nsec == expected->st_mtim.tv_nsec))
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CHANGED,
                       "The file was changed before all of it was read");

  return FALSE;
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
  if (n < 0)
    return -1;

  self->position += (guint64) n;
  /* As long as the last bytes are missing, what was sent counts for nothing. */
  if (self->position == self->size &&
      !_runtime_use_file_body_check (self->fd, self->expected, error))
    return -1;

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

/* @fd and @expected stay the caller's and have to outlive the stream. */
GInputStream *
_runtime_use_file_body_new (int                fd,
                            guint64            size,
                            const struct stat *expected)
{
  RuntimeUseFileBody *self = g_object_new (RUNTIME_USE_TYPE_FILE_BODY, NULL);

  self->fd = fd;
  self->size = size;
  self->expected = expected;

  return G_INPUT_STREAM (self);
}

/* The same at once, for a small file. */
GBytes *
_runtime_use_file_body_read (int                 fd,
                             gsize               size,
                             const struct stat  *expected,
                             GError            **error)
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
  if (!_runtime_use_file_body_check (fd, expected, error))
    return NULL;

  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}
