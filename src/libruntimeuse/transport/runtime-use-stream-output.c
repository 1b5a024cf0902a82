/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-stream-parts-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The half of a connection stream that libsoup writes: follows the frames that go out, and counts
 * what is pending.
 */

#define OPCODE_BITS        0x0f
#define OPCODE_CLOSE       0x08
#define CONTROL_BIT        0x08
#define LENGTH_BITS        0x7f
#define LENGTH_IN_2_BYTES  126
#define LENGTH_IN_8_BYTES  127

static void _runtime_use_stream_output_pollable_init (GPollableOutputStreamInterface *iface,
                                                      gpointer                        iface_data);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseStreamOutput, _runtime_use_stream_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      _runtime_use_stream_output_pollable_init))

static void
set_blocked (RuntimeUseConnectionStream *self)
{
  self->can_write = FALSE;
  if (self->is_blocked)
    return;

  self->is_blocked = TRUE;
  self->answered = self->splitter.monitor.n_answerable;
  self->queued_before = self->pending;
  self->last_output = _runtime_use_poller_get_time (self->poller);
  /* Somebody has to look after the deadline that begins here. */
  _runtime_use_poller_arm (self->poller, self->last_output + RUNTIME_USE_SOON);
}

gssize
_runtime_use_connection_stream_send (RuntimeUseConnectionStream *self,
                                     const void                 *bytes,
                                     gsize                       length)
{
  gssize n;

  do
    n = send (self->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  if (n > 0)
    self->last_output = _runtime_use_poller_get_time (self->poller);
  /* When little is left to write, producers may go on, and when nothing is, input may. */
  if (self->is_blocked)
    _runtime_use_connection_stream_schedule (self);
  if ((n < 0 && errno == EAGAIN) || (n >= 0 && (gsize) n < length))
    set_blocked (self);

  return n;
}

/* libsoup writes frame by frame, and always from where it stopped. */
static void
start_frame (RuntimeUseConnectionStream *self,
             const guint8               *bytes,
             gsize                       length)
{
  guint n_bytes = 0;
  guint64 size;

  self->is_control = (bytes[0] & CONTROL_BIT) != 0;
  self->is_close = (bytes[0] & OPCODE_BITS) == OPCODE_CLOSE;

  size = bytes[1] & LENGTH_BITS;
  if (size == LENGTH_IN_2_BYTES)
    n_bytes = 2;
  else if (size == LENGTH_IN_8_BYTES)
    n_bytes = 8;

  if (n_bytes > 0)
    size = 0;
  for (guint i = 0; i < n_bytes && 2 + i < length; i++)
    size = size << 8 | bytes[2 + i];

  self->frame_left = 2 + n_bytes + size;
  self->is_recoded = self->is_close && self->close_frame[0] != 0 &&
                     self->frame_left == RUNTIME_USE_CLOSE_LENGTH;
}

/* Pongs overtake messages, so what was asked before these messages came is answered. */
static void
count_message (RuntimeUseConnectionStream *self,
               gsize                       n)
{
  self->pending -= MIN (n, self->pending);
  if (n < self->queued_before)
    {
      self->queued_before -= n;
      return;
    }

  if (self->queued_before > 0)
    self->answered = self->splitter.monitor.n_answerable;
  self->queued_before = self->pending;
}

static void
count_written (RuntimeUseConnectionStream *self,
               gsize                       n)
{
  self->frame_left -= MIN (n, self->frame_left);
  if (!self->is_control)
    count_message (self, n);

  if (self->frame_left == 0 && self->is_close)
    {
      self->is_close_sent = TRUE;
      _runtime_use_connection_stream_schedule (self);
    }
}

static gboolean
send_ping_rest (RuntimeUseConnectionStream *self)
{
  if (self->has_ping_rest && _runtime_use_connection_stream_send (self, &self->ping_rest, 1) == 1)
    self->has_ping_rest = FALSE;

  return !self->has_ping_rest;
}

static gssize
stream_output_write_nonblocking (GPollableOutputStream  *pollable,
                                 const void             *buffer,
                                 gsize                   size,
                                 GError                **error)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamOutput *) pollable)->stream;
  gssize n;

  if (self == NULL || self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL)
    return _runtime_use_stream_return_failure (self, error);

  _runtime_use_stream_source_forget (self->output_source);
  if (!self->can_write)
    {
      set_blocked (self);
      return _runtime_use_stream_return_would_block (error);
    }

  if (!send_ping_rest (self))
    return _runtime_use_stream_return_would_block (error);

  if (self->frame_left == 0 && size >= 2)
    start_frame (self, buffer, size);
  if (self->is_recoded)
    buffer = self->close_frame + RUNTIME_USE_CLOSE_LENGTH - self->frame_left;

  n = _runtime_use_connection_stream_send (self, buffer, size);
  if (n < 0)
    return errno == EAGAIN ? _runtime_use_stream_return_would_block (error)
                           : _runtime_use_stream_return_errno (errno, error);

  count_written (self, n);

  return n;
}

static gboolean
stream_output_is_writable (GPollableOutputStream *pollable)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamOutput *) pollable)->stream;

  return self == NULL || self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL ||
         self->can_write;
}

static GSource *
stream_output_create_source (GPollableOutputStream *pollable,
                             GCancellable          *cancellable)
{
  RuntimeUseConnectionStream *self = ((RuntimeUseStreamOutput *) pollable)->stream;

  g_return_val_if_fail (self != NULL, NULL);

  _runtime_use_stream_source_forget (self->output_source);
  self->output_source = _runtime_use_stream_source_new (self, G_OBJECT (pollable),
                                                        stream_output_is_writable (pollable));

  return (GSource *) self->output_source;
}

static gssize
stream_output_write (GOutputStream  *stream,
                     const void     *buffer,
                     gsize           size,
                     GCancellable   *cancellable,
                     GError        **error)
{
  return stream_output_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), buffer, size, error);
}

static void
_runtime_use_stream_output_pollable_init (GPollableOutputStreamInterface *iface,
                                          gpointer                        iface_data)
{
  iface->is_writable = stream_output_is_writable;
  iface->create_source = stream_output_create_source;
  iface->write_nonblocking = stream_output_write_nonblocking;
}

static void
_runtime_use_stream_output_class_init (RuntimeUseStreamOutputClass *klass)
{
  klass->write_fn = stream_output_write;
}

static void
_runtime_use_stream_output_init (RuntimeUseStreamOutput *self)
{
}

/*
 * _runtime_use_connection_stream_ping:
 *
 * Sends a ping. libsoup has no function for it, but between two of its frames
 * there is room for one of ours.
 *
 * Returns: `FALSE` when output is pending, so that a ping would have to wait
 */
gboolean
_runtime_use_connection_stream_ping (RuntimeUseConnectionStream *self)
{
  static const guint8 ping[] = { 0x89, 0x00 };
  gssize n;

  if (self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL || !self->can_write ||
      self->frame_left > 0 || _runtime_use_connection_stream_is_writing (self) ||
      self->has_ping_rest || self->is_close_sent)
    return FALSE;

  n = _runtime_use_connection_stream_send (self, ping, sizeof ping);
  if (n == 1)
    {
      self->ping_rest = ping[1];
      self->has_ping_rest = TRUE;
    }

  return n > 0;
}

/*
 * _runtime_use_connection_stream_set_close_code:
 *
 * Makes the next close frame that has a code say @code. libsoup sends no code that was
 * registered after RFC 6455 was written, but 1002 instead.
 */
void
_runtime_use_connection_stream_set_close_code (RuntimeUseConnectionStream *self,
                                               guint                       code)
{
  const guint8 frame[RUNTIME_USE_CLOSE_LENGTH] = { 0x88, 2, code >> 8, code & 0xff };

  memcpy (self->close_frame, frame, sizeof frame);
}
