/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-stream-private.h"

#include <string.h>

#include "runtime-use-frame-splitter-private.h"

/*
 * A connection to a server as the stream that libsoup speaks WebSocket over.
 *
 * libsoup reads 1 KiB at a time until nothing is left, and only then looks at
 * what it read. So this stream hands out what one large read brought, and the
 * rest with the next iteration of the main context: memory stays small however
 * fast the server is. Here reading can be stopped, and a server that breaks the
 * rules is noticed early enough to be told so.
 */

#define BUFFER_SIZE (128 * 1024)

/*
 * After we closed, what a server still sends is thrown away for a while: closing
 * a socket that has unread input makes the kernel reset the connection, and the
 * reset can destroy what the server has not read yet, such as the close code.
 */
#define LINGER_TIME (2 * G_TIME_SPAN_SECOND)

typedef struct
{
  GInputStream            parent_instance;
  RuntimeUseClientStream *stream;   /* (nullable): borrowed, the stream owns this */
} ServerInput;

typedef GInputStreamClass ServerInputClass;

/* What libsoup waits for; a child source waits for the socket. */
typedef struct
{
  GSource                 source;
  RuntimeUseClientStream *stream;
  GSource                *child;    /* (nullable): nothing is to be read */
} ServerSource;

struct _RuntimeUseClientStream
{
  GIOStream                parent_instance;

  GIOStream               *base;
  ServerInput             *input;
  ServerSource            *source;        /* (nullable): borrowed */
  GObject                 *user;          /* (nullable): weak; reads and writes */
  char                    *failure;       /* (nullable): what reads get */

  guint8                  *buffer;
  gsize                    start;         /* of what was not handed out yet */
  gsize                    end;
  gboolean                 is_at_end;
  gboolean                 is_paused;

  RuntimeUseFrameSplitter  splitter;
  guint                    violation;     /* a close code, or 0 */
  RuntimeUseViolatedFunc   violated;      /* (nullable): called once */
  gpointer                 violated_data;
};

static void server_input_pollable_init (GPollableInputStreamInterface *iface,
                                        gpointer                       iface_data);

static GType server_input_get_type (void);

G_DEFINE_FINAL_TYPE_WITH_CODE (ServerInput, server_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      server_input_pollable_init))
G_DEFINE_FINAL_TYPE (RuntimeUseClientStream, _runtime_use_client_stream, G_TYPE_IO_STREAM)

/* What is there to read */

static GPollableInputStream *
get_base_input (RuntimeUseClientStream *self)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->base));
}

static gboolean
is_over (RuntimeUseClientStream *self)
{
  return self->failure != NULL || (self->is_at_end && self->start == self->end);
}

static gboolean
is_ready (RuntimeUseClientStream *self)
{
  if (self->failure != NULL)
    return TRUE;

  return !self->is_paused && self->violation == 0 && (self->start < self->end || self->is_at_end);
}

/* Whether the socket is of interest. */
static gboolean
is_waiting (RuntimeUseClientStream *self)
{
  return !is_over (self) && !self->is_at_end && !self->is_paused && self->violation == 0;
}

static void
fill_buffer (RuntimeUseClientStream *self)
{
  g_autoptr(GError) error = NULL;
  gssize n;

  if (self->start < self->end || !is_waiting (self))
    return;

  n = g_pollable_input_stream_read_nonblocking (get_base_input (self), self->buffer, BUFFER_SIZE,
                                                NULL, &error);
  self->start = 0;
  self->end = MAX (n, 0);
  if (n == 0)
    self->is_at_end = TRUE;
  else if (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    _runtime_use_client_stream_fail (self, error->message);
}

/* The source */

static void
server_source_update (ServerSource *self)
{
  gboolean wanted;

  if (self == NULL || g_source_is_destroyed ((GSource *) self))
    return;

  wanted = is_waiting (self->stream);
  if (wanted && self->child == NULL)
    {
      self->child = g_pollable_input_stream_create_source (get_base_input (self->stream), NULL);
      g_source_set_dummy_callback (self->child);
      g_source_add_child_source ((GSource *) self, self->child);
    }
  else if (!wanted && self->child != NULL)
    {
      g_source_remove_child_source ((GSource *) self, self->child);
      g_clear_pointer (&self->child, g_source_unref);
    }
}

/* Who paused or failed the stream may be outside of its main context's iteration. */
static void
wake (RuntimeUseClientStream *self)
{
  server_source_update (self->source);
  if (self->source != NULL && is_ready (self))
    g_source_set_ready_time ((GSource *) self->source, 0);
}

static gboolean
server_source_prepare (GSource *source,
                       int     *timeout)
{
  *timeout = -1;

  return is_ready (((ServerSource *) source)->stream);
}

static gboolean
server_source_check (GSource *source)
{
  return is_ready (((ServerSource *) source)->stream);
}

static void
tell_violation (RuntimeUseClientStream *self)
{
  RuntimeUseViolatedFunc func = self->violated;

  if (self->violation == 0 || func == NULL)
    return;

  self->violated = NULL;
  func (self->violation, self->violated_data);
}

static gboolean
server_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  RuntimeUseClientStream *self = ((ServerSource *) source)->stream;
  GObject *user = self->user;
  gboolean result;

  g_source_set_ready_time (source, -1);

  /* libsoup does not expect to be let go of by what it calls. */
  g_object_ref (self);
  if (user != NULL)
    g_object_ref (user);

  fill_buffer (self);
  result = ((GPollableSourceFunc) (void (*) (void)) callback) (G_OBJECT (self->input), user_data);
  tell_violation (self);
  server_source_update (self->source);

  if (user != NULL)
    g_object_unref (user);
  g_object_unref (self);

  return result;
}

static void
server_source_finalize (GSource *source)
{
  ServerSource *self = (ServerSource *) source;

  if (self->stream->source == self)
    self->stream->source = NULL;
  g_clear_pointer (&self->child, g_source_unref);
  g_object_unref (self->stream);
}

static GSourceFuncs server_source_funcs = {
  server_source_prepare,
  server_source_check,
  server_source_dispatch,
  server_source_finalize,
};

/* Input */

static gssize
return_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to do now");

  return -1;
}

static gssize
server_input_read_nonblocking (GPollableInputStream  *pollable,
                               void                  *buffer,
                               gsize                  size,
                               GError               **error)
{
  RuntimeUseClientStream *self = ((ServerInput *) pollable)->stream;
  gsize prepared;
  gsize room;
  gsize passed;
  gsize n;

  if (self == NULL || self->failure != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           self != NULL ? self->failure : "The stream is closed");
      return -1;
    }

  if (self->is_paused || self->violation != 0 || size <= RUNTIME_USE_FRAME_HEADER)
    return return_would_block (error);

  if (self->start == self->end)
    return self->is_at_end ? 0 : return_would_block (error);

  prepared = _runtime_use_frame_splitter_prepare (&self->splitter, buffer, size, &room);
  n = MIN (room, self->end - self->start);
  memcpy ((guint8 *) buffer + prepared, self->buffer + self->start, n);
  self->start += n;

  /* What is in order is let through; for the rest the connection is closed. */
  passed = _runtime_use_frame_splitter_pass (&self->splitter, buffer, prepared, n,
                                             &self->violation);

  return passed > 0 ? (gssize) passed
                    : server_input_read_nonblocking (pollable, buffer, size, error);
}

static gssize
server_input_read (GInputStream  *stream,
                   void          *buffer,
                   gsize          size,
                   GCancellable  *cancellable,
                   GError       **error)
{
  return server_input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, size, error);
}

static gboolean
server_input_is_readable (GPollableInputStream *pollable)
{
  RuntimeUseClientStream *self = ((ServerInput *) pollable)->stream;

  return self == NULL || is_ready (self);
}

static GSource *
server_input_create_source (GPollableInputStream *pollable,
                            GCancellable         *cancellable)
{
  RuntimeUseClientStream *self = ((ServerInput *) pollable)->stream;
  GSource *source;

  g_return_val_if_fail (self != NULL, NULL);

  source = g_source_new (&server_source_funcs, sizeof (ServerSource));
  g_source_set_static_name (source, "[runtimeuse] server");
  self->source = (ServerSource *) source;
  self->source->stream = g_object_ref (self);
  server_source_update (self->source);

  return source;
}

static void
server_input_pollable_init (GPollableInputStreamInterface *iface,
                            gpointer                       iface_data)
{
  iface->is_readable = server_input_is_readable;
  iface->create_source = server_input_create_source;
  iface->read_nonblocking = server_input_read_nonblocking;
}

static void
server_input_class_init (ServerInputClass *klass)
{
  klass->read_fn = server_input_read;
}

static void
server_input_init (ServerInput *self)
{
}

/* The end */

/* Waits for the end of the server's input, longest until the time of its source. */
static gboolean
linger_cb (GObject  *object,
           gpointer  user_data)
{
  RuntimeUseClientStream *self = user_data;
  GSource *source = g_main_current_source ();
  g_autoptr(GError) error = NULL;
  gssize n;

  n = g_pollable_input_stream_read_nonblocking (get_base_input (self), self->buffer, BUFFER_SIZE,
                                                NULL, &error);
  if (g_source_get_time (source) < g_source_get_ready_time (source) &&
      (n > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)))
    return G_SOURCE_CONTINUE;

  g_io_stream_close_async (self->base, G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  return G_SOURCE_REMOVE;
}

static void
linger (RuntimeUseClientStream *self)
{
  g_autoptr(GSource) source = NULL;

  if (G_IS_SOCKET_CONNECTION (self->base))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->base)),
                       FALSE, TRUE, NULL);

  source = g_pollable_input_stream_create_source (get_base_input (self), NULL);
  g_source_set_static_name (source, "[runtimeuse] lingering");
  g_source_set_callback (source, G_SOURCE_FUNC (linger_cb), g_object_ref (self), g_object_unref);
  g_source_set_ready_time (source, g_get_monotonic_time () + LINGER_TIME);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
close_base (RuntimeUseClientStream *self)
{
  if (self->violation != 0 && !self->is_at_end && !g_io_stream_is_closed (self->base))
    linger (self);
  else
    g_io_stream_close_async (self->base, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static gboolean
close_stream (GIOStream     *stream,
              GCancellable  *cancellable,
              GError       **error)
{
  close_base (RUNTIME_USE_CLIENT_STREAM (stream));

  return TRUE;
}

static void
close_stream_async (GIOStream           *stream,
                    int                  io_priority,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, NULL, callback, user_data);

  g_task_set_source_tag (task, close_stream_async);
  close_base (RUNTIME_USE_CLIENT_STREAM (stream));
  g_task_return_boolean (task, TRUE);
}

static gboolean
close_stream_finish (GIOStream     *stream,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The stream itself */

static GInputStream *
get_input_stream (GIOStream *stream)
{
  return (GInputStream *) RUNTIME_USE_CLIENT_STREAM (stream)->input;
}

static GOutputStream *
get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (RUNTIME_USE_CLIENT_STREAM (stream)->base);
}

static void
_runtime_use_client_stream_finalize (GObject *object)
{
  RuntimeUseClientStream *self = RUNTIME_USE_CLIENT_STREAM (object);

  self->input->stream = NULL;
  g_clear_object (&self->input);
  g_clear_object (&self->base);
  g_clear_weak_pointer (&self->user);
  g_clear_pointer (&self->buffer, g_free);
  g_clear_pointer (&self->failure, g_free);

  G_OBJECT_CLASS (_runtime_use_client_stream_parent_class)->finalize (object);
}

static void
_runtime_use_client_stream_class_init (RuntimeUseClientStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = _runtime_use_client_stream_finalize;
  stream_class->get_input_stream = get_input_stream;
  stream_class->get_output_stream = get_output_stream;
  stream_class->close_fn = close_stream;
  stream_class->close_async = close_stream_async;
  stream_class->close_finish = close_stream_finish;
}

static void
_runtime_use_client_stream_init (RuntimeUseClientStream *self)
{
  self->input = g_object_new (server_input_get_type (), NULL);
  self->input->stream = self;
}

/*
 * _runtime_use_client_stream_new:
 * @base: an open connection whose streams can be polled
 * @rest: (array length=rest_length): what came behind the server's answer
 * @max_message_size: what one message from the server may have
 */
RuntimeUseClientStream *
_runtime_use_client_stream_new (GIOStream    *base,
                                const guint8 *rest,
                                gsize         rest_length,
                                guint64       max_message_size)
{
  RuntimeUseClientStream *self = g_object_new (RUNTIME_USE_TYPE_CLIENT_STREAM, NULL);

  self->base = g_object_ref (base);
  self->buffer = g_malloc (MAX (rest_length, BUFFER_SIZE));
  self->end = rest_length;
  if (rest_length > 0)
    memcpy (self->buffer, rest, rest_length);
  _runtime_use_frame_splitter_init (&self->splitter, max_message_size, NULL);
  _runtime_use_frame_monitor_expect_server (&self->splitter.monitor);

  return self;
}

/*
 * _runtime_use_client_stream_set_user:
 * @user: what reads and writes the stream; kept alive while it is called
 */
void
_runtime_use_client_stream_set_user (RuntimeUseClientStream *self,
                                     GObject                *user)
{
  g_set_weak_pointer (&self->user, user);
}

/*
 * _runtime_use_client_stream_set_violated:
 * @func: (nullable): called once, when the server breaks a rule
 */
void
_runtime_use_client_stream_set_violated (RuntimeUseClientStream *self,
                                         RuntimeUseViolatedFunc  func,
                                         gpointer                user_data)
{
  self->violated = func;
  self->violated_data = user_data;
}

/*
 * _runtime_use_client_stream_set_paused:
 *
 * Leaves input in the socket, or goes on reading it.
 */
void
_runtime_use_client_stream_set_paused (RuntimeUseClientStream *self,
                                       gboolean                paused)
{
  self->is_paused = paused;
  wake (self);
}

/*
 * _runtime_use_client_stream_fail:
 *
 * Makes every read fail, whereupon libsoup closes the stream.
 */
void
_runtime_use_client_stream_fail (RuntimeUseClientStream *self,
                                 const char             *why)
{
  if (self->failure != NULL)
    return;

  self->failure = g_strdup (why);
  wake (self);
}

guint64
_runtime_use_client_stream_get_max_message_size (RuntimeUseClientStream *self)
{
  return self->splitter.monitor.max_message_size;
}

/*
 * _runtime_use_client_stream_dup_peer:
 *
 * Returns: (nullable): the address and port of the server, or the path of its socket
 */
char *
_runtime_use_client_stream_dup_peer (RuntimeUseClientStream *self)
{
  g_autoptr(GSocketAddress) address = NULL;

  if (G_IS_SOCKET_CONNECTION (self->base))
    address = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (self->base), NULL);

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return g_strconcat ("unix:", g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)),
                        NULL);

  if (address == NULL || !G_IS_SOCKET_CONNECTABLE (address))
    return NULL;

  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}
