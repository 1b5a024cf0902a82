/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-connection-stream-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime-use-frame-splitter-private.h"

/*
 * An accepted socket as the stream that libsoup speaks WebSocket over.
 *
 * All bytes pass through here, so this is where they are counted, where reads
 * are paused, and where a client that breaks the rules is noticed early enough
 * to be told so. The descriptor is watched edge-triggered: `can_read` and
 * `can_write` remember what the last edge said until the socket says otherwise.
 */

/* What one connection may read before others get their turn. */
#define READ_BUDGET (64 * 1024)

/*
 * While the peer takes no output, so many messages and pings are still read:
 * enough for a cancel to get through, few enough to bound the answers that queue.
 * A peer that takes it slowly gets so many each time it has taken all that was
 * queued before, so that no more than twice as many answers ever wait.
 */
#define MAX_ANSWERABLE_WHILE_BLOCKED 256

/*
 * After the last byte the peer's input is thrown away for a while: closing a
 * socket that has unread input makes the kernel reset the connection, and the
 * reset can destroy what the peer has not read yet, such as the close code.
 */
#define LINGER_BYTES (G_GUINT64_CONSTANT (256) * 1024 * 1024)
#define LINGER_READS 16

/* When a deadline begins whose length the owner knows, it is asked after this time. */
#define SOON (250 * G_TIME_SPAN_MILLISECOND)

/* Sources wait at the low priority; see the poller. */
#define PRIORITY_WAITING G_PRIORITY_LOW
#define PRIORITY_READY   G_PRIORITY_DEFAULT

#define OPCODE_BITS        0x0f
#define OPCODE_CLOSE       0x08
#define CONTROL_BIT        0x08
#define LENGTH_BITS        0x7f
#define LENGTH_IN_2_BYTES  126
#define LENGTH_IN_8_BYTES  127

/* A close frame with a code and no reason, which the server sends without a mask. */
#define CLOSE_LENGTH 4

typedef enum
{
  PHASE_REQUEST,     /* HTTP: the owner receives */
  PHASE_OPEN,        /* WebSocket: libsoup reads and writes */
  PHASE_LINGERING,   /* nothing is sent any more, what comes is thrown away */
  PHASE_GONE,        /* there is no descriptor any more */
} Phase;

typedef struct
{
  GInputStream                parent_instance;
  RuntimeUseConnectionStream *stream;   /* (nullable): borrowed, the stream owns this */
} StreamInput;

typedef struct
{
  GOutputStream               parent_instance;
  RuntimeUseConnectionStream *stream;   /* (nullable): borrowed, the stream owns this */
} StreamOutput;

typedef GInputStreamClass StreamInputClass;
typedef GOutputStreamClass StreamOutputClass;

typedef struct
{
  GSource                     source;
  RuntimeUseConnectionStream *stream;
  GObject                    *half;      /* the input or output */
  gboolean                    is_ready;
} StreamSource;

struct _RuntimeUseConnectionStream
{
  GIOStream                               parent_instance;

  RuntimeUsePoller                       *poller;
  RuntimeUsePollEntry                     entry;
  int                                     fd;
  Phase                                   phase;
  StreamInput                            *input;
  StreamOutput                           *output;
  const RuntimeUseConnectionStreamEvents *events;      /* (nullable): nobody is told any more */
  gpointer                                user_data;
  char                                   *failure;     /* (nullable): what reads and writes get */

  gboolean                                can_read;
  gboolean                                has_hung_up;   /* a short read is not the end of input */
  gboolean                                is_paused;     /* the owner wants no input now */
  gsize                                   read_budget;
  GByteArray                             *rest;          /* (nullable): came with the request */
  StreamSource                           *input_source;  /* (nullable): borrowed */
  GObject                                *user;          /* (nullable): weak; reads and writes */
  RuntimeUseFrameSplitter                 splitter;
  guint                                   violation;     /* a close code, or 0 */
  gboolean                                is_violation_told;
  gint64                                  last_input;

  gboolean                                can_write;
  StreamSource                           *output_source;   /* (nullable): borrowed */
  guint8                                  ping_rest;       /* second byte of a ping cut in two */
  gboolean                                has_ping_rest;
  guint64                                 frame_left;      /* of the frame being written */
  gboolean                                is_control;      /* that frame is no message */
  gboolean                                is_close;        /* that frame is a close frame */
  gboolean                                is_recoded;      /* one that close_frame stands in for */
  guint8                                  close_frame[CLOSE_LENGTH];   /* of 0 when there is none */
  gboolean                                is_close_sent;
  gboolean                                is_blocked;
  guint64                                 answered;        /* so many have no answer that waits */
  gsize                                   queued_before;   /* bytes of messages until that grows */
  gint64                                  last_output;

  gsize                                   pending;       /* bytes of messages not written yet */
  gsize                                   low_mark;
  gboolean                                drained_wanted;
  RuntimeUseDrainedFunc                   drained;
  gpointer                                drained_data;

  gint64                                  closing_since;
  gint64                                  lingers_since;
  guint64                                 lingered_bytes;
  gboolean                                is_settling;
};

static void stream_input_pollable_init  (GPollableInputStreamInterface  *iface,
                                         gpointer                        iface_data);
static void stream_output_pollable_init (GPollableOutputStreamInterface *iface,
                                         gpointer                        iface_data);

static GType stream_input_get_type (void);
static GType stream_output_get_type (void);

G_DEFINE_FINAL_TYPE_WITH_CODE (StreamInput, stream_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      stream_input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (StreamOutput, stream_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      stream_output_pollable_init))
G_DEFINE_FINAL_TYPE (RuntimeUseConnectionStream, _runtime_use_connection_stream, G_TYPE_IO_STREAM)

/* Sources that the poller makes ready. */

static gboolean
stream_source_prepare (GSource *source,
                       int     *timeout)
{
  *timeout = -1;

  return ((StreamSource *) source)->is_ready;
}

static gboolean
stream_source_check (GSource *source)
{
  return ((StreamSource *) source)->is_ready;
}

static void
stream_source_set_ready (StreamSource *self,
                         gboolean      is_ready)
{
  if (self == NULL || self->is_ready == is_ready)
    return;

  if (is_ready && g_source_is_destroyed ((GSource *) self))
    return;

  self->is_ready = is_ready;
  if (is_ready)
    g_source_set_priority ((GSource *) self, PRIORITY_READY);
  _runtime_use_poller_ready (self->stream->poller, is_ready ? 1 : -1);
}

static gboolean
stream_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  StreamSource *self = (StreamSource *) source;
  GObject *user = self->stream->user;
  gboolean result;

  stream_source_set_ready (self, FALSE);

  /* libsoup does not expect to be let go of by what it calls. */
  if (user != NULL)
    g_object_ref (user);

  _runtime_use_poller_enter (self->stream->poller);
  result = ((GPollableSourceFunc) (void (*) (void)) callback) (self->half, user_data);
  _runtime_use_poller_leave (self->stream->poller);

  if (user != NULL)
    g_object_unref (user);

  return result;
}

static void
stream_source_finalize (GSource *source)
{
  StreamSource *self = (StreamSource *) source;

  stream_source_set_ready (self, FALSE);
  if (self->stream->input_source == self)
    self->stream->input_source = NULL;
  if (self->stream->output_source == self)
    self->stream->output_source = NULL;

  g_object_unref (self->stream);
}

static GSourceFuncs stream_source_funcs = {
  stream_source_prepare,
  stream_source_check,
  stream_source_dispatch,
  stream_source_finalize,
};

static StreamSource *
stream_source_new (RuntimeUseConnectionStream *stream,
                   GObject                    *half,
                   gboolean                    is_ready)
{
  GSource *source = g_source_new (&stream_source_funcs, sizeof (StreamSource));
  StreamSource *self = (StreamSource *) source;

  self->stream = g_object_ref (stream);
  self->half = half;
  g_source_set_priority (source, PRIORITY_WAITING);
  stream_source_set_ready (self, is_ready);

  return self;
}

/* One that libsoup gave up is not dispatched, however long somebody still refers to it. */
static void
stream_source_forget (StreamSource *self)
{
  if (self != NULL && g_source_is_destroyed ((GSource *) self))
    stream_source_set_ready (self, FALSE);
}

static gboolean
is_output_waiting (RuntimeUseConnectionStream *self)
{
  return self->output_source != NULL && !g_source_is_destroyed ((GSource *) self->output_source);
}

/* Input */

static gboolean
is_held (RuntimeUseConnectionStream *self)
{
  return self->is_blocked &&
         self->splitter.monitor.n_answerable - self->answered > MAX_ANSWERABLE_WHILE_BLOCKED;
}

static gboolean
is_input_off (RuntimeUseConnectionStream *self)
{
  return self->is_paused || is_held (self);
}

static void
schedule (RuntimeUseConnectionStream *self)
{
  _runtime_use_poller_schedule (self->poller, &self->entry);
}

static gssize
return_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to do now");

  return -1;
}

static gssize
return_failure (RuntimeUseConnectionStream  *self,
                GError                     **error)
{
  const char *why = self != NULL && self->failure != NULL ? self->failure : "The stream is closed";

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, why);

  return -1;
}

static gssize
return_errno (int      code,
              GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));

  return -1;
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
  RuntimeUseConnectionStream *self = ((StreamInput *) pollable)->stream;
  gsize prepared;
  gsize room;
  gsize passed;
  gssize n;

  if (self == NULL || self->phase != PHASE_OPEN || self->failure != NULL)
    return return_failure (self, error);

  if (size <= RUNTIME_USE_FRAME_HEADER || self->violation != 0 || is_input_off (self))
    return return_would_block (error);

  prepared = _runtime_use_frame_splitter_prepare (&self->splitter, buffer, size, &room);
  n = receive_raw (self, (guint8 *) buffer + prepared, room);
  if (n < 0)
    return errno == EAGAIN ? return_would_block (error) : return_errno (errno, error);

  if (n == 0)
    return 0;

  /* What is in order is let through; for the rest the owner closes the connection. */
  passed = _runtime_use_frame_splitter_pass (&self->splitter, buffer, prepared, n,
                                             &self->violation);
  if (self->violation != 0 || self->splitter.monitor.ended)
    schedule (self);

  return passed > 0 ? (gssize) passed : return_would_block (error);
}

static gboolean
stream_input_is_readable (GPollableInputStream *pollable)
{
  RuntimeUseConnectionStream *self = ((StreamInput *) pollable)->stream;

  if (self == NULL || self->phase != PHASE_OPEN || self->failure != NULL)
    return TRUE;

  return (self->can_read || self->rest != NULL) && self->violation == 0 && !is_input_off (self);
}

static GSource *
stream_input_create_source (GPollableInputStream *pollable,
                            GCancellable         *cancellable)
{
  RuntimeUseConnectionStream *self = ((StreamInput *) pollable)->stream;
  gboolean is_ready = stream_input_is_readable (pollable);

  g_return_val_if_fail (self != NULL, NULL);

  stream_source_forget (self->input_source);

  /* Its turn is over: go on when the others had theirs. */
  if (is_ready && self->phase == PHASE_OPEN && self->failure == NULL && self->read_budget == 0)
    {
      is_ready = FALSE;
      schedule (self);
    }

  self->input_source = stream_source_new (self, G_OBJECT (pollable), is_ready);

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
stream_input_pollable_init (GPollableInputStreamInterface *iface,
                            gpointer                       iface_data)
{
  iface->is_readable = stream_input_is_readable;
  iface->create_source = stream_input_create_source;
  iface->read_nonblocking = stream_input_read_nonblocking;
}

static void
stream_input_class_init (StreamInputClass *klass)
{
  klass->read_fn = stream_input_read;
}

static void
stream_input_init (StreamInput *self)
{
}

/* Output */

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
  _runtime_use_poller_arm (self->poller, self->last_output + SOON);
}

static gssize
send_bytes (RuntimeUseConnectionStream *self,
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
    schedule (self);
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
                     self->frame_left == CLOSE_LENGTH;
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
      schedule (self);
    }
}

static gboolean
send_ping_rest (RuntimeUseConnectionStream *self)
{
  if (self->has_ping_rest && send_bytes (self, &self->ping_rest, 1) == 1)
    self->has_ping_rest = FALSE;

  return !self->has_ping_rest;
}

static gssize
stream_output_write_nonblocking (GPollableOutputStream  *pollable,
                                 const void             *buffer,
                                 gsize                   size,
                                 GError                **error)
{
  RuntimeUseConnectionStream *self = ((StreamOutput *) pollable)->stream;
  gssize n;

  if (self == NULL || self->phase != PHASE_OPEN || self->failure != NULL)
    return return_failure (self, error);

  stream_source_forget (self->output_source);
  if (!self->can_write)
    {
      set_blocked (self);
      return return_would_block (error);
    }

  if (!send_ping_rest (self))
    return return_would_block (error);

  if (self->frame_left == 0 && size >= 2)
    start_frame (self, buffer, size);
  if (self->is_recoded)
    buffer = self->close_frame + CLOSE_LENGTH - self->frame_left;

  n = send_bytes (self, buffer, size);
  if (n < 0)
    return errno == EAGAIN ? return_would_block (error) : return_errno (errno, error);

  count_written (self, n);

  return n;
}

static gboolean
stream_output_is_writable (GPollableOutputStream *pollable)
{
  RuntimeUseConnectionStream *self = ((StreamOutput *) pollable)->stream;

  return self == NULL || self->phase != PHASE_OPEN || self->failure != NULL || self->can_write;
}

static GSource *
stream_output_create_source (GPollableOutputStream *pollable,
                             GCancellable          *cancellable)
{
  RuntimeUseConnectionStream *self = ((StreamOutput *) pollable)->stream;

  g_return_val_if_fail (self != NULL, NULL);

  stream_source_forget (self->output_source);
  self->output_source = stream_source_new (self, G_OBJECT (pollable),
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
stream_output_pollable_init (GPollableOutputStreamInterface *iface,
                             gpointer                        iface_data)
{
  iface->is_writable = stream_output_is_writable;
  iface->create_source = stream_output_create_source;
  iface->write_nonblocking = stream_output_write_nonblocking;
}

static void
stream_output_class_init (StreamOutputClass *klass)
{
  klass->write_fn = stream_output_write;
}

static void
stream_output_init (StreamOutput *self)
{
}

/* Events */

static void
discard_input (RuntimeUseConnectionStream *self)
{
  static char nowhere[READ_BUDGET];

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

  schedule (self);
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
  if (self->is_blocked && self->can_write && !is_output_waiting (self))
    self->is_blocked = FALSE;

  self->read_budget = READ_BUDGET;
  if (stream_input_is_readable (G_POLLABLE_INPUT_STREAM (self->input)))
    stream_source_set_ready (self->input_source, TRUE);
  if (self->can_write)
    stream_source_set_ready (self->output_source, TRUE);

  tell_violation (self);
  tell_drained (self);

  /*
   * After a violation the peer's close frame is not waited for. And when it
   * comes without a code as the answer to ours, libsoup goes on waiting.
   */
  if (self->phase == PHASE_OPEN && self->is_close_sent &&
      (self->violation != 0 || self->splitter.monitor.ended))
    _runtime_use_connection_stream_fail (self, "The WebSocket is closed");
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
    case PHASE_REQUEST:
      if (self->events != NULL)
        self->events->readable (self->user_data);
      break;

    case PHASE_OPEN:
      run_open (self);
      break;

    case PHASE_LINGERING:
      discard_input (self);
      break;

    case PHASE_GONE:
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
  stream_source_forget (self->input_source);
  stream_source_forget (self->output_source);
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
  self->phase = PHASE_GONE;
  self->entry.func = run_entry;
  self->read_budget = READ_BUDGET;
  self->input = g_object_new (stream_input_get_type (), NULL);
  self->input->stream = self;
  self->output = g_object_new (stream_output_get_type (), NULL);
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
  self->phase = PHASE_REQUEST;
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
  return self->fd >= 0 && send_bytes (self, answer->str, answer->len) == (gssize) answer->len;
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
  g_assert (self->phase == PHASE_REQUEST);

  self->phase = PHASE_OPEN;
  if (rest_length > 0)
    {
      self->rest = g_byte_array_sized_new (rest_length);
      g_byte_array_append (self->rest, rest, rest_length);
    }
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
    schedule (self);
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
  if (!is_paused && self->phase == PHASE_OPEN)
    schedule (self);
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
  activity->is_blocked = self->phase == PHASE_OPEN && self->is_blocked;
  activity->is_held = self->phase == PHASE_OPEN && is_held (self);
  activity->closing_since = self->closing_since;
  activity->lingers_since = self->phase == PHASE_LINGERING ? self->lingers_since : 0;
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

  if (self->phase != PHASE_OPEN || self->failure != NULL || !self->can_write ||
      self->frame_left > 0 || is_output_waiting (self) || self->has_ping_rest ||
      self->is_close_sent)
    return FALSE;

  n = send_bytes (self, ping, sizeof ping);
  if (n == 1)
    {
      self->ping_rest = ping[1];
      self->has_ping_rest = TRUE;
    }

  return n > 0;
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
  _runtime_use_poller_arm (self->poller, self->closing_since + SOON);
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
  const guint8 frame[CLOSE_LENGTH] = { 0x88, 2, code >> 8, code & 0xff };

  memcpy (self->close_frame, frame, sizeof frame);
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
  if (self->phase != PHASE_OPEN || self->failure != NULL)
    return;

  self->failure = g_strdup (why);
  stream_source_set_ready (self->input_source, TRUE);
  stream_source_set_ready (self->output_source, TRUE);
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
  if (self->phase != PHASE_REQUEST && self->phase != PHASE_OPEN)
    return;

  self->phase = PHASE_LINGERING;
  self->lingers_since = _runtime_use_poller_get_time (self->poller);
  if (shutdown (self->fd, SHUT_WR) < 0)
    {
      /* The peer is gone. Not closed here, for the owner may be in the middle of something. */
      self->lingered_bytes = LINGER_BYTES;
    }

  _runtime_use_poller_arm (self->poller, self->lingers_since + SOON);
  schedule (self);
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

  if (self->phase == PHASE_GONE)
    return;

  self->phase = PHASE_GONE;
  _runtime_use_poller_remove (self->poller, self->fd, &self->entry);
  close (self->fd);
  self->fd = -1;
  stream_source_set_ready (self->input_source, TRUE);
  stream_source_set_ready (self->output_source, TRUE);

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
 * Returns: (nullable): the address and port of the other end
 */
char *
_runtime_use_connection_stream_dup_peer (RuntimeUseConnectionStream *self)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  g_autoptr(GSocketAddress) address = NULL;

  if (self->fd < 0 || getpeername (self->fd, (struct sockaddr *) &storage, &length) < 0)
    return NULL;

  address = g_socket_address_new_from_native (&storage, length);
  if (address == NULL)
    return NULL;

  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}
