/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-connection-stream-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime-use-peer-private.h"
#include "runtime-use-stream-parts-private.h"

/*
 * An accepted socket as the stream that libsoup speaks WebSocket over.
 *
 * All bytes pass through here, so this is where they are counted, where reads
 * are paused, and where a client that breaks the rules is noticed early enough
 * to be told so. The descriptor is watched edge-triggered: `can_read` and
 * `can_write` remember what the last edge said until the socket says otherwise.
 */

/*
 * After the last byte the peer's input is thrown away for a while: closing a
 * socket that has unread input makes the kernel reset the connection, and the
 * reset can destroy what the peer has not read yet, such as the close code.
 */
#define LINGER_BYTES (G_GUINT64_CONSTANT (256) * 1024 * 1024)
#define LINGER_READS 16

G_DEFINE_FINAL_TYPE (RuntimeUseConnectionStream, _runtime_use_connection_stream, G_TYPE_IO_STREAM)

/* What its parts share */

void
_runtime_use_connection_stream_schedule (RuntimeUseConnectionStream *self)
{
  _runtime_use_poller_schedule (self->poller, &self->entry);
}

gssize
_runtime_use_stream_return_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to do now");

  return -1;
}

gssize
_runtime_use_stream_return_failure (RuntimeUseConnectionStream  *self,
                                    GError                     **error)
{
  const char *why = self != NULL && self->failure != NULL ? self->failure : "The stream is closed";

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, why);

  return -1;
}

gssize
_runtime_use_stream_return_errno (int      code,
                                  GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));

  return -1;
}

gboolean
_runtime_use_connection_stream_is_writing (RuntimeUseConnectionStream *self)
{
  return self->output_source != NULL && !g_source_is_destroyed ((GSource *) self->output_source);
}

/* Events */

static void
discard_input (RuntimeUseConnectionStream *self)
{
  static char nowhere[RUNTIME_USE_READ_BUDGET];

  for (guint i = 0; i < LINGER_READS; i++)
    {
      gssize n;

      /* With MSG_TRUNC a TCP socket throws away what it would have copied. */
      n = recv (self->fd, nowhere, sizeof nowhere, MSG_DONTWAIT | MSG_TRUNC);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;

      self->lingered_bytes += MAX (n, 0);
      if (n <= 0 || self->lingered_bytes > LINGER_BYTES)
        {
          _runtime_use_connection_stream_abort (self);
          return;
        }
    }

  _runtime_use_connection_stream_schedule (self);
}

static void
tell_drained (RuntimeUseConnectionStream *self)
{
  if (!self->drained_wanted || self->pending > self->low_mark)
    return;

  self->drained_wanted = FALSE;
  if (self->drained != NULL)
    self->drained (self->drained_data);
}

static void
tell_violation (RuntimeUseConnectionStream *self)
{
  if (self->violation == 0 || self->is_violation_told)
    return;

  self->is_violation_told = TRUE;
  if (self->events != NULL)
    self->events->violated (self->violation, self->user_data);
}

static void
run_open (RuntimeUseConnectionStream *self)
{
  if (self->is_blocked && self->can_write && !_runtime_use_connection_stream_is_writing (self))
    self->is_blocked = FALSE;

  self->read_budget = RUNTIME_USE_READ_BUDGET;
  if (_runtime_use_stream_input_is_readable (G_POLLABLE_INPUT_STREAM (self->input)))
    _runtime_use_stream_source_set_ready (self->input_source, TRUE);
  if (self->can_write)
    _runtime_use_stream_source_set_ready (self->output_source, TRUE);

  tell_violation (self);
  tell_drained (self);

  /*
   * After a violation the peer's close frame is not waited for. And when it
   * comes without a code as the answer to ours, libsoup goes on waiting.
   */
  if (self->phase == RUNTIME_USE_PHASE_OPEN && self->is_close_sent &&
      (self->violation != 0 || self->splitter.monitor.ended))
    _runtime_use_connection_stream_fail (self, "The WebSocket is closed");
}

/* As much as the peer takes now. */
static void
send_page (RuntimeUseConnectionStream *self)
{
  gsize length;
  const char *bytes = g_bytes_get_data (self->page, &length);

  while (self->can_write && self->page_sent < length)
    {
      gssize n = _runtime_use_connection_stream_send (self, bytes + self->page_sent,
                                                      length - self->page_sent);

      if (n < 0 && errno == EAGAIN)
        return;

      /* Whoever went away needs no rest. */
      self->page_sent = n < 0 ? length : self->page_sent + n;
    }

  if (self->page_sent == length)
    _runtime_use_connection_stream_linger (self);
}

static void
run_entry (RuntimeUsePollEntry *entry,
           guint32              events)
{
  RuntimeUseConnectionStream *self =
    (RuntimeUseConnectionStream *) (void *)
    ((char *) entry - G_STRUCT_OFFSET (RuntimeUseConnectionStream, entry));

  g_object_ref (self);

  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    self->has_hung_up = TRUE;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    self->can_read = TRUE;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    self->can_write = TRUE;

  switch (self->phase)
    {
    case RUNTIME_USE_PHASE_REQUEST:
      if (self->events != NULL)
        self->events->readable (self->user_data);
      break;

    case RUNTIME_USE_PHASE_ANSWERING:
      send_page (self);
      break;

    case RUNTIME_USE_PHASE_OPEN:
      run_open (self);
      break;

    case RUNTIME_USE_PHASE_LINGERING:
      discard_input (self);
      break;

    case RUNTIME_USE_PHASE_GONE:
    default:
      break;
    }

  g_object_unref (self);
}

/* The stream itself */

static GInputStream *
get_input_stream (GIOStream *stream)
{
  return (GInputStream *) RUNTIME_USE_CONNECTION_STREAM (stream)->input;
}

static GOutputStream *
get_output_stream (GIOStream *stream)
{
  return (GOutputStream *) RUNTIME_USE_CONNECTION_STREAM (stream)->output;
}

static gboolean
close_stream (GIOStream     *stream,
              GCancellable  *cancellable,
              GError       **error)
{
  _runtime_use_connection_stream_linger (RUNTIME_USE_CONNECTION_STREAM (stream));

  return TRUE;
}

static void
close_stream_async (GIOStream           *stream,
                    int                  io_priority,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  RuntimeUseConnectionStream *self = RUNTIME_USE_CONNECTION_STREAM (stream);
  g_autoptr(GTask) task = g_task_new (stream, NULL, callback, user_data);

  g_task_set_source_tag (task, close_stream_async);
  _runtime_use_stream_source_forget (self->input_source);
  _runtime_use_stream_source_forget (self->output_source);
  _runtime_use_connection_stream_linger (self);
  if (!self->is_settling)
    _runtime_use_poller_settle (self->poller, 1);
  self->is_settling = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gboolean
close_stream_finish (GIOStream     *stream,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
_runtime_use_connection_stream_dispose (GObject *object)
{
  RuntimeUseConnectionStream *self = RUNTIME_USE_CONNECTION_STREAM (object);

  _runtime_use_connection_stream_abort (self);

  G_OBJECT_CLASS (_runtime_use_connection_stream_parent_class)->dispose (object);
}

static void
_runtime_use_connection_stream_finalize (GObject *object)
{
  RuntimeUseConnectionStream *self = RUNTIME_USE_CONNECTION_STREAM (object);

  self->input->stream = NULL;
  self->output->stream = NULL;
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_weak_pointer (&self->user);
  g_clear_pointer (&self->rest, g_byte_array_unref);
  g_clear_pointer (&self->page, g_bytes_unref);
  g_clear_pointer (&self->failure, g_free);
  /* libsoup refers to this as long as it keeps the beginning of a message. */
  _runtime_use_frame_splitter_clear (&self->splitter);
  g_clear_pointer (&self->poller, _runtime_use_poller_unref);

  G_OBJECT_CLASS (_runtime_use_connection_stream_parent_class)->finalize (object);
}

static void
_runtime_use_connection_stream_class_init (RuntimeUseConnectionStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = _runtime_use_connection_stream_dispose;
  object_class->finalize = _runtime_use_connection_stream_finalize;

  stream_class->get_input_stream = get_input_stream;
  stream_class->get_output_stream = get_output_stream;
  stream_class->close_fn = close_stream;
  stream_class->close_async = close_stream_async;
  stream_class->close_finish = close_stream_finish;
}

static void
_runtime_use_connection_stream_init (RuntimeUseConnectionStream *self)
{
  self->fd = -1;
  self->phase = RUNTIME_USE_PHASE_GONE;
  self->entry.func = run_entry;
  self->read_budget = RUNTIME_USE_READ_BUDGET;
  self->input = g_object_new (_runtime_use_stream_input_get_type (), NULL);
  self->input->stream = self;
  self->output = g_object_new (_runtime_use_stream_output_get_type (), NULL);
  self->output->stream = self;
}

/*
 * _runtime_use_connection_stream_new:
 * @fd: (transfer full): a connected socket, taken only when this succeeds
 * @max_message_size: what one message from the client may have
 * @budget: (nullable): what messages of all clients take from until they have come whole
 */
RuntimeUseConnectionStream *
_runtime_use_connection_stream_new (RuntimeUsePoller                        *poller,
                                    int                                      fd,
                                    guint64                                  max_message_size,
                                    RuntimeUseInputBudget                   *budget,
                                    const RuntimeUseConnectionStreamEvents  *events,
                                    gpointer                                 user_data,
                                    GError                                 **error)
{
  g_autoptr(RuntimeUseConnectionStream) self = NULL;

  self = g_object_new (RUNTIME_USE_TYPE_CONNECTION_STREAM, NULL);
  self->poller = _runtime_use_poller_ref (poller);
  if (!_runtime_use_poller_add (poller, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                &self->entry, error))
    return NULL;

  self->fd = fd;
  self->phase = RUNTIME_USE_PHASE_REQUEST;
  self->can_write = TRUE;
  self->events = events;
  self->user_data = user_data;
  self->last_input = _runtime_use_poller_get_time (poller);
  _runtime_use_frame_splitter_init (&self->splitter, max_message_size, budget);

  return g_steal_pointer (&self);
}

/*
 * _runtime_use_connection_stream_disown:
 *
 * Tells nobody any more.
 */
void
_runtime_use_connection_stream_disown (RuntimeUseConnectionStream *self)
{
  self->events = NULL;
  self->user_data = NULL;
}

RuntimeUsePoller *
_runtime_use_connection_stream_get_poller (RuntimeUseConnectionStream *self)
{
  return self->poller;
}

/*
 * _runtime_use_connection_stream_answer:
 *
 * Sends the answer to the request, which is so short that a fresh socket takes it whole.
 */
gboolean
_runtime_use_connection_stream_answer (RuntimeUseConnectionStream *self,
                                       const GString              *answer)
{
  return self->fd >= 0 &&
         _runtime_use_connection_stream_send (self, answer->str, answer->len) ==
         (gssize) answer->len;
}

/*
 * _runtime_use_connection_stream_open:
 * @rest: (array length=rest_length): what was received after the request
 *
 * From now on this is a WebSocket, and libsoup reads it.
 */
void
_runtime_use_connection_stream_open (RuntimeUseConnectionStream *self,
                                     const guint8               *rest,
                                     gsize                       rest_length)
{
  g_assert (self->phase == RUNTIME_USE_PHASE_REQUEST);

  self->phase = RUNTIME_USE_PHASE_OPEN;
  if (rest_length > 0)
    {
      self->rest = g_byte_array_sized_new (rest_length);
      g_byte_array_append (self->rest, rest, rest_length);
    }
}

/*
 * _runtime_use_connection_stream_send_page:
 *
 * Sends an answer that may be long, and nothing after it.
 */
void
_runtime_use_connection_stream_send_page (RuntimeUseConnectionStream *self,
                                          GBytes                     *page)
{
  if (self->phase != RUNTIME_USE_PHASE_REQUEST)
    return;

  self->phase = RUNTIME_USE_PHASE_ANSWERING;
  self->page = g_bytes_ref (page);
  self->answers_since = _runtime_use_poller_get_time (self->poller);
  _runtime_use_poller_arm (self->poller, self->answers_since + RUNTIME_USE_SOON);
  send_page (self);
}

/*
 * _runtime_use_connection_stream_set_user:
 * @user: what reads and writes the stream; kept alive while it is called
 */
void
_runtime_use_connection_stream_set_user (RuntimeUseConnectionStream *self,
                                         GObject                    *user)
{
  g_set_weak_pointer (&self->user, user);
}

/*
 * _runtime_use_connection_stream_set_drained:
 * @func: (nullable): called when @low_mark is reached after a queue was found to be full
 */
void
_runtime_use_connection_stream_set_drained (RuntimeUseConnectionStream *self,
                                            gsize                       low_mark,
                                            RuntimeUseDrainedFunc       func,
                                            gpointer                    user_data)
{
  self->low_mark = low_mark;
  self->drained = func;
  self->drained_data = user_data;
  self->drained_wanted = func != NULL;
  if (func != NULL)
    _runtime_use_connection_stream_schedule (self);
}

/*
 * _runtime_use_connection_stream_queued:
 * @length: bytes of a message and its frame header that are given to libsoup
 */
void
_runtime_use_connection_stream_queued (RuntimeUseConnectionStream *self,
                                       gsize                       length)
{
  self->pending += length;
}

gsize
_runtime_use_connection_stream_get_pending (RuntimeUseConnectionStream *self)
{
  return self->pending;
}

void
_runtime_use_connection_stream_get_activity (RuntimeUseConnectionStream   *self,
                                             RuntimeUseConnectionActivity *activity)
{
  activity->last_input = self->last_input;
  activity->last_output = self->last_output;
  activity->is_blocked = self->phase == RUNTIME_USE_PHASE_OPEN && self->is_blocked;
  activity->is_held = self->phase == RUNTIME_USE_PHASE_OPEN &&
                      _runtime_use_connection_stream_is_held (self);
  activity->answers_since = self->phase == RUNTIME_USE_PHASE_ANSWERING ? self->answers_since : 0;
  activity->closing_since = self->closing_since;
  activity->lingers_since = self->phase == RUNTIME_USE_PHASE_LINGERING ? self->lingers_since : 0;
}

/*
 * _runtime_use_connection_stream_closing:
 *
 * To be called when either side begins to close the WebSocket: the peer has not for ever
 * to do its part.
 */
void
_runtime_use_connection_stream_closing (RuntimeUseConnectionStream *self)
{
  if (self->closing_since != 0)
    return;

  self->closing_since = _runtime_use_poller_get_time (self->poller);
  _runtime_use_poller_arm (self->poller, self->closing_since + RUNTIME_USE_SOON);
}

/*
 * _runtime_use_connection_stream_fail:
 *
 * Makes every read and write fail, whereupon libsoup closes the stream.
 */
void
_runtime_use_connection_stream_fail (RuntimeUseConnectionStream *self,
                                     const char                 *why)
{
  if (self->phase != RUNTIME_USE_PHASE_OPEN || self->failure != NULL)
    return;

  self->failure = g_strdup (why);
  _runtime_use_stream_source_set_ready (self->input_source, TRUE);
  _runtime_use_stream_source_set_ready (self->output_source, TRUE);
}

/*
 * _runtime_use_connection_stream_linger:
 *
 * Sends nothing more, and closes the descriptor as soon as the peer has nothing
 * more to send either.
 */
void
_runtime_use_connection_stream_linger (RuntimeUseConnectionStream *self)
{
  if (self->phase == RUNTIME_USE_PHASE_LINGERING || self->phase == RUNTIME_USE_PHASE_GONE)
    return;

  self->phase = RUNTIME_USE_PHASE_LINGERING;
  g_clear_pointer (&self->page, g_bytes_unref);
  self->lingers_since = _runtime_use_poller_get_time (self->poller);
  if (shutdown (self->fd, SHUT_WR) < 0)
    {
      /* The peer is gone. Not closed here, for the owner may be in the middle of something. */
      self->lingered_bytes = LINGER_BYTES;
    }

  _runtime_use_poller_arm (self->poller, self->lingers_since + RUNTIME_USE_SOON);
  _runtime_use_connection_stream_schedule (self);
}

/*
 * _runtime_use_connection_stream_abort:
 *
 * Closes the descriptor at once.
 */
void
_runtime_use_connection_stream_abort (RuntimeUseConnectionStream *self)
{
  const RuntimeUseConnectionStreamEvents *events = self->events;

  if (self->phase == RUNTIME_USE_PHASE_GONE)
    return;

  self->phase = RUNTIME_USE_PHASE_GONE;
  _runtime_use_poller_remove (self->poller, self->fd, &self->entry);
  close (self->fd);
  self->fd = -1;
  _runtime_use_stream_source_set_ready (self->input_source, TRUE);
  _runtime_use_stream_source_set_ready (self->output_source, TRUE);

  if (events != NULL)
    events->gone (self->user_data);
}

/*
 * _runtime_use_connection_stream_settled:
 *
 * To be called when libsoup has told that it closed the stream.
 */
void
_runtime_use_connection_stream_settled (RuntimeUseConnectionStream *self)
{
  if (self->is_settling)
    _runtime_use_poller_settle (self->poller, -1);
  self->is_settling = FALSE;
}

/*
 * _runtime_use_connection_stream_dup_peer:
 *
 * Returns: (nullable): who is at the other end
 */
char *
_runtime_use_connection_stream_dup_peer (RuntimeUseConnectionStream *self)
{
  return self->fd >= 0 ? _runtime_use_peer_describe (self->fd) : NULL;
}
