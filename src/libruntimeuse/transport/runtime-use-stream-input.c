/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-stream-parts-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The half of a connection stream that libsoup reads: passes on what the client sends as long as
 * it keeps to the rules, and leaves it in the socket while it is not wanted.
 */

/*
 * While the peer takes no output, so many messages and pings are still read:
 * enough for a cancel to get through, few enough to bound the answers that queue.
 * A peer that takes it slowly gets so many each time it has taken all that was
 * queued before, so that no more than twice as many answers ever wait.
 */
#define MAX_ANSWERABLE_WHILE_BLOCKED 256

static void _runtime_use_stream_input_pollable_init (GPollableInputStreamInterface *iface,
                                                     gpointer                       iface_data);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseStreamInput, _runtime_use_stream_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      _runtime_use_stream_input_pollable_init))

gboolean
_runtime_use_connection_stream_is_held (RuntimeUseConnectionStream *self)
{
  return self->is_blocked &&
         self->splitter.monitor.n_answerable - self->answered > MAX_ANSWERABLE_WHILE_BLOCKED;
}

static gboolean
is_input_off (RuntimeUseConnectionStream *self)
{
  return self->is_paused || _runtime_use_connection_stream_is_held (self);
}

static gssize
take_rest (RuntimeUseConnectionStream *self,
           gpointer                    buffer,
           gsize                       size)
{
  gsize n = MIN (size, self->rest->len);

  memcpy (buffer, self->rest->data, n);
  g_byte_array_remove_range (self->rest, 0, n);
  if (self->rest->len == 0)
    g_clear_pointer (&self->rest, g_byte_array_unref);

  return n;
}

/*
 * _runtime_use_connection_stream_receive:
 *
 * Receives bytes without blocking.
 *
 * Returns: how many; 0 at the end; -1 with `errno` set
 */
gssize
_runtime_use_connection_stream_receive (RuntimeUseConnectionStream *self,
                                        gpointer                    buffer,
                                        gsize                       size)
{
  gssize n;

  if (!self->can_read)
    {
      errno = EAGAIN;
      return -1;
    }

  do
    n = recv (self->fd, buffer, size, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);

  /* What comes after a short read makes a new edge; the end may have come before it. */
  if ((n < 0 && errno == EAGAIN) || (n > 0 && (gsize) n < size && !self->has_hung_up))
    self->can_read = FALSE;
  if (n > 0)
    self->last_input = _runtime_use_poller_get_time (self->poller);

  return n;
}

/* What the request brought along comes first. */
static gssize
receive_raw (RuntimeUseConnectionStream *self,
             gpointer                    buffer,
             gsize                       size)
{
  gssize n;

  if (self->rest != NULL)
    return take_rest (self, buffer, size);

  if (self->read_budget == 0)
    {
      errno = EAGAIN;
      return -1;
    }

  n = _runtime_use_connection_stream_receive (self, buffer, MIN (size, self->read_budget));
  self->read_budget -= MAX (n, 0);

  return n;
}

static gssize
stream_input_read_nonblocking (GPollableInputStream  *pollable,
                               void                  *buffer,
                               gsize                  size,
                               GError               **error)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamInput *) pollable)->stream;
  gsize prepared;
  gsize room;
  gsize passed;
  gssize n;

  if (self == NULL || self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL)
    return _runtime_use_stream_return_failure (self, error);

  if (size <= RUNTIME_USE_FRAME_HEADER || self->violation != 0 || is_input_off (self))
    return _runtime_use_stream_return_would_block (error);

  prepared = _runtime_use_frame_splitter_prepare (&self->splitter, buffer, size, &room);
  n = receive_raw (self, (guint8 *) buffer + prepared, room);
  if (n < 0)
    return errno == EAGAIN ? _runtime_use_stream_return_would_block (error)
                           : _runtime_use_stream_return_errno (errno, error);

  if (n == 0)
    return 0;

  /* What is in order is let through; for the rest the owner closes the connection. */
  passed = _runtime_use_frame_splitter_pass (&self->splitter, buffer, prepared, n,
                                             &self->violation);
  if (self->violation != 0 || self->splitter.monitor.ended)
    _runtime_use_connection_stream_schedule (self);

  return passed > 0 ? (gssize) passed : _runtime_use_stream_return_would_block (error);
}

gboolean
_runtime_use_stream_input_is_readable (GPollableInputStream *pollable)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamInput *) pollable)->stream;

  if (self == NULL || self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL)
    return TRUE;

  return (self->can_read || self->rest != NULL) && self->violation == 0 && !is_input_off (self);
}

static GSource *
stream_input_create_source (GPollableInputStream *pollable,
                            GCancellable         *cancellable)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamInput *) pollable)->stream;
  gboolean is_ready = _runtime_use_stream_input_is_readable (pollable);

  g_return_val_if_fail (self != NULL, NULL);

  _runtime_use_stream_source_forget (self->input_source);

  /* Its turn is over: go on when the others had theirs. */
  if (is_ready && self->phase == RUNTIME_USE_PHASE_OPEN && self->failure == NULL &&
      self->read_budget == 0)
    {
      is_ready = FALSE;
      _runtime_use_connection_stream_schedule (self);
    }

  self->input_source = _runtime_use_stream_source_new (self, G_OBJECT (pollable), is_ready);

  return (GSource *) self->input_source;
}

static gssize
stream_input_read (GInputStream  *stream,
                   void          *buffer,
                   gsize          size,
                   GCancellable  *cancellable,
                   GError       **error)
{
  return stream_input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, size, error);
}

static void
_runtime_use_stream_input_pollable_init (GPollableInputStreamInterface *iface,
                                         gpointer                       iface_data)
{
  iface->is_readable = _runtime_use_stream_input_is_readable;
  iface->create_source = stream_input_create_source;
  iface->read_nonblocking = stream_input_read_nonblocking;
}

static void
_runtime_use_stream_input_class_init (RuntimeUseStreamInputClass *klass)
{
  klass->read_fn = stream_input_read;
}

static void
_runtime_use_stream_input_init (RuntimeUseStreamInput *self)
{
}

/*
 * _runtime_use_connection_stream_set_paused:
 * @is_paused: whether to leave input in the socket; not for long, for the peer may be closing
 */
void
_runtime_use_connection_stream_set_paused (RuntimeUseConnectionStream *self,
                                           gboolean                    is_paused)
{
  if (self->is_paused == is_paused)
    return;

  self->is_paused = is_paused;
  if (!is_paused && self->phase == RUNTIME_USE_PHASE_OPEN)
    _runtime_use_connection_stream_schedule (self);
}
