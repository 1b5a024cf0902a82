/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-websocket-channel.h"

#include "runtime-use-channel.h"
#include "runtime-use-client-stream-private.h"
#include "runtime-use-connection-stream-private.h"
#include "runtime-use-frame-monitor-private.h"
#include "runtime-use-peer-private.h"
#include "runtime-use-source-private.h"
#include "runtime-use-websocket-channel-private.h"

/**
 * RuntimeUseWebsocketChannel:
 *
 * A channel over a WebSocket.
 *
 * [class@RuntimeUse.Server] makes one for each connection. To serve
 * connections of a [class@Soup.Server] of your own, make one in the handler of
 * your WebSocket path and give it to a [class@RuntimeUse.Session].
 *
 * Each message is sent as one text frame. Messages that arrive as text or as
 * binary are treated alike.
 *
 * What arrives is told while libsoup is reading. Handlers must therefore not run
 * a main loop of their own, for nothing more is read until they return, and the
 * connection can be lost; what takes long they complete later.
 *
 * Since: 0.1
 */

#define DEFAULT_HIGH_WATER (1024 * 1024)

/* The low mark is this part of the high one, so that few messages do not flip the state. */
#define LOW_WATER_PART 4

/* So much is kept for a paused channel whose stream cannot be stopped. */
#define MAX_WAITING (16 * 1024 * 1024)

/* So long a server that broke the rules may leave the close code untaken. */
#define VIOLATION_PATIENCE (2 * G_TIME_SPAN_SECOND)

/* Below the sources with which libsoup writes. */
#define PRIORITY_AFTER_WRITING (G_PRIORITY_DEFAULT + 10)

struct _RuntimeUseWebsocketChannel
{
  GObject                     parent_instance;

  SoupWebsocketConnection    *connection;
  RuntimeUseConnectionStream *stream;        /* (nullable): of our own server */
  RuntimeUseClientStream     *client_stream; /* (nullable): of our own client */
  guint64                     high_water;
  guint64                     sent;          /* without stream: since the queue was last empty */
  GSource                    *empty_source;  /* without stream: waits until the queue is empty */
  char                       *peer;          /* (nullable) */
  GQueue                      waiting;       /* GBytes: came while paused */
  gsize                       waiting_size;
  GSource                    *waiting_source; /* (nullable): emits them */
  GError                     *violation;     /* (nullable): what the peer did wrong */
  gboolean                    is_full;
  gboolean                    is_paused;
  gboolean                    closed_waits;  /* for those who came before */
  gboolean                    is_closing;    /* by our side */
  gboolean                    is_closed;
};

typedef enum
{
  PROP_CONNECTION = 1,
  PROP_HIGH_WATER,
  PROP_PEER,
} RuntimeUseWebsocketChannelProperty;

static GParamSpec *properties[PROP_PEER + 1];

static void channel_iface_init (RuntimeUseChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseWebsocketChannel, runtime_use_websocket_channel,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_CHANNEL,
                                                      channel_iface_init))

/* libsoup attaches its sources to the thread-default context of the moment. */
static void
enter_libsoup (RuntimeUseWebsocketChannel *self)
{
  if (self->stream != NULL)
    _runtime_use_poller_enter (_runtime_use_connection_stream_get_poller (self->stream));
}

static void
leave_libsoup (RuntimeUseWebsocketChannel *self)
{
  if (self->stream != NULL)
    _runtime_use_poller_leave (_runtime_use_connection_stream_get_poller (self->stream));
}

static void
enter_app (RuntimeUseWebsocketChannel *self)
{
  if (self->stream != NULL)
    _runtime_use_poller_enter_app (_runtime_use_connection_stream_get_poller (self->stream));
}

static void
leave_app (RuntimeUseWebsocketChannel *self)
{
  if (self->stream != NULL)
    _runtime_use_poller_leave_app (_runtime_use_connection_stream_get_poller (self->stream));
}

static gboolean
is_open (RuntimeUseWebsocketChannel *self)
{
  return soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
set_drained (gpointer user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);

  if (!self->is_full)
    return;

  self->is_full = FALSE;
  if (!self->is_closed)
    runtime_use_channel_emit_drained (RUNTIME_USE_CHANNEL (self));
}

static gboolean
queue_empty_cb (GObject  *output,
                gpointer  user_data)
{
  RuntimeUseWebsocketChannel *self = user_data;

  self->sent = 0;
  _runtime_use_clear_source (&self->empty_source);
  /* The server knows now why, or does not want to. */
  if (self->violation != NULL && self->client_stream != NULL)
    _runtime_use_client_stream_fail (self->client_stream, "The server broke the protocol");
  set_drained (self);

  return G_SOURCE_REMOVE;
}

/*
 * libsoup does not tell what it has queued. But while it has something to write
 * it has a source on the output, so one of lower priority is dispatched only
 * when the output is writable and nothing is left.
 */
static void
watch_for_empty_queue (RuntimeUseWebsocketChannel *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);
  GOutputStream *output = g_io_stream_get_output_stream (stream);

  if (self->empty_source != NULL || !G_IS_POLLABLE_OUTPUT_STREAM (output))
    return;

  self->empty_source =
    g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output), NULL);
  g_source_set_callback (self->empty_source, G_SOURCE_FUNC (queue_empty_cb), self, NULL);
  g_source_set_priority (self->empty_source, PRIORITY_AFTER_WRITING);
  g_source_set_static_name (self->empty_source, "[runtimeuse] queue is empty");
  g_source_attach (self->empty_source, g_main_context_get_thread_default ());
}

/* Header and payload, as libsoup writes them. */
static gsize
frame_length (gsize payload)
{
  if (payload < 126)
    return 2 + payload;

  return payload < 65536 ? 4 + payload : 10 + payload;
}

/* How soon it is drained again may have changed too. */
static void
look_whether_full (RuntimeUseWebsocketChannel *self)
{
  if (self->stream != NULL)
    {
      if (!self->is_full &&
          _runtime_use_connection_stream_get_pending (self->stream) < self->high_water)
        return;

      self->is_full = TRUE;
      _runtime_use_connection_stream_set_drained (self->stream,
                                                  self->high_water / LOW_WATER_PART,
                                                  set_drained, self);
      return;
    }

  if (self->sent < self->high_water)
    return;

  self->is_full = TRUE;
  watch_for_empty_queue (self);
}

static void
runtime_use_websocket_channel_send (RuntimeUseChannel *channel,
                                    GBytes            *message)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (channel);
  gsize length = frame_length (g_bytes_get_size (message));

  if (self->is_closed || !is_open (self))
    return;

  /* Writing may find out that the connection is at its end. */
  g_object_ref (self);

  /* Before the call, which may write it all. */
  if (self->stream != NULL)
    _runtime_use_connection_stream_queued (self->stream, length);

  enter_libsoup (self);
  soup_websocket_connection_send_message (self->connection, SOUP_WEBSOCKET_DATA_TEXT, message);
  leave_libsoup (self);

  if (self->stream == NULL)
    self->sent += length;
  if (!self->is_full)
    look_whether_full (self);
  g_object_unref (self);
}

static gboolean
runtime_use_websocket_channel_is_full (RuntimeUseChannel *channel)
{
  return RUNTIME_USE_WEBSOCKET_CHANNEL (channel)->is_full;
}

static void
runtime_use_websocket_channel_close (RuntimeUseChannel *channel,
                                     guint              code)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (channel);

  if (self->is_closed || !is_open (self))
    return;

  g_object_ref (self);
  self->is_closing = TRUE;
  enter_libsoup (self);
  soup_websocket_connection_close (self->connection,
                                   code != 0 ? code : SOUP_WEBSOCKET_CLOSE_NO_STATUS,
                                   NULL);
  leave_libsoup (self);
  g_object_unref (self);
}

static char *
find_peer (RuntimeUseWebsocketChannel *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);
  g_autoptr(GIOStream) base = NULL;

  if (self->stream != NULL)
    return _runtime_use_connection_stream_dup_peer (self->stream);
  if (self->client_stream != NULL)
    return _runtime_use_client_stream_dup_peer (self->client_stream);

  /* libsoup wraps the stream that has the address. */
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (stream), "base-iostream") != NULL)
    {
      g_object_get (stream, "base-iostream", &base, NULL);
      stream = base;
    }

  if (!G_IS_SOCKET_CONNECTION (stream))
    return NULL;

  return _runtime_use_peer_describe (
    g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))));
}

static char *
runtime_use_websocket_channel_dup_peer (RuntimeUseChannel *channel)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (channel);

  if (self->peer == NULL)
    self->peer = find_peer (self);

  return g_strdup (self->peer);
}

/* Reading */

static void set_closed (RuntimeUseWebsocketChannel *self);

static void
pause_stream (RuntimeUseWebsocketChannel *self,
              gboolean                    paused)
{
  if (self->stream != NULL)
    _runtime_use_connection_stream_set_paused (self->stream, paused);
  if (self->client_stream != NULL)
    _runtime_use_client_stream_set_paused (self->client_stream, paused);
}

static gboolean
waiting_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);
  g_autoptr(GBytes) message = g_queue_pop_head (&self->waiting);

  if (message != NULL)
    {
      self->waiting_size -= g_bytes_get_size (message);
      runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (self), message);
    }

  if (self->is_paused)
    {
      _runtime_use_clear_source (&self->waiting_source);
      return G_SOURCE_REMOVE;
    }
  if (!g_queue_is_empty (&self->waiting))
    return G_SOURCE_CONTINUE;

  _runtime_use_clear_source (&self->waiting_source);
  pause_stream (self, FALSE);
  if (self->closed_waits)
    set_closed (self);

  return G_SOURCE_REMOVE;
}

static gboolean
runtime_use_websocket_channel_set_paused (RuntimeUseChannel *channel,
                                          gboolean           paused)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (channel);

  if (self->is_paused == paused)
    return TRUE;

  self->is_paused = paused;
  if (paused)
    {
      pause_stream (self, TRUE);
      _runtime_use_clear_source (&self->waiting_source);
    }
  else if (g_queue_is_empty (&self->waiting) && !self->closed_waits)
    {
      pause_stream (self, FALSE);
    }
  else
    {
      self->waiting_source = g_idle_source_new ();
      g_source_set_priority (self->waiting_source, G_PRIORITY_DEFAULT);
      g_source_set_static_name (self->waiting_source, "[runtimeuse] messages after a pause");
      g_source_set_callback (self->waiting_source, waiting_cb, self, NULL);
      g_source_attach (self->waiting_source, g_main_context_get_thread_default ());
    }

  return TRUE;
}

/* What libsoup has read already is told later. */
static void
keep_waiting (RuntimeUseWebsocketChannel *self,
              GBytes                     *message)
{
  if (self->violation != NULL)
    return;

  g_queue_push_tail (&self->waiting, g_bytes_ref (message));
  self->waiting_size += g_bytes_get_size (message);
  if (self->waiting_size <= MAX_WAITING || self->stream != NULL || self->client_stream != NULL)
    return;

  self->violation = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                                 "More than %u bytes came while nothing was to be read",
                                 MAX_WAITING);
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (self), RUNTIME_USE_CLOSE_TOO_BIG);
}

static guint
runtime_use_websocket_channel_get_close_code (RuntimeUseChannel  *channel,
                                              const char        **reason)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (channel);
  guint code;

  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    return 0;

  code = soup_websocket_connection_get_close_code (self->connection);
  if (code == SOUP_WEBSOCKET_CLOSE_NO_STATUS || code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    return 0;

  *reason = soup_websocket_connection_get_close_data (self->connection);

  return code;
}

static void
channel_iface_init (RuntimeUseChannelInterface *iface)
{
  iface->send = runtime_use_websocket_channel_send;
  iface->is_full = runtime_use_websocket_channel_is_full;
  iface->close = runtime_use_websocket_channel_close;
  iface->dup_peer = runtime_use_websocket_channel_dup_peer;
  iface->set_paused = runtime_use_websocket_channel_set_paused;
  iface->get_close_code = runtime_use_websocket_channel_get_close_code;
}

static void
message_cb (SoupWebsocketConnection *connection,
            int                      type,
            GBytes                  *message,
            gpointer                 user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);

  if (self->is_closed)
    return;

  if (self->is_paused || !g_queue_is_empty (&self->waiting))
    {
      keep_waiting (self, message);
      return;
    }

  enter_app (self);
  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (self), message);
  leave_app (self);
}

static void
set_closed (RuntimeUseWebsocketChannel *self)
{
  if (self->is_closed)
    return;

  self->closed_waits = !g_queue_is_empty (&self->waiting);
  if (self->closed_waits)
    return;

  if (self->stream != NULL)
    _runtime_use_connection_stream_set_drained (self->stream, 0, NULL, NULL);

  _runtime_use_clear_source (&self->empty_source);
  self->is_closed = TRUE;
  self->is_full = FALSE;
  enter_app (self);
  runtime_use_channel_emit_closed (RUNTIME_USE_CHANNEL (self));
  leave_app (self);
}

/*
 * When the other side closes, or libsoup because of it, nobody is interested in
 * what comes from us any more. Getting rid of what is queued may take a while,
 * during which the work should not go on.
 */
static void
closing_cb (SoupWebsocketConnection *connection,
            gpointer                 user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);

  /* On other streams libsoup may not outlive that its user lets go of it now. */
  if (self->stream == NULL)
    return;

  _runtime_use_connection_stream_closing (self->stream);
  if (!self->is_closing)
    set_closed (self);
}

static void
closed_cb (SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);

  if (self->stream != NULL)
    _runtime_use_connection_stream_settled (self->stream);
  set_closed (self);
}

static void
error_cb (SoupWebsocketConnection *connection,
          const GError            *error,
          gpointer                 user_data)
{
  RuntimeUseWebsocketChannel *self = user_data;

  if (self->violation == NULL && error->domain == SOUP_WEBSOCKET_ERROR)
    self->violation = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL,
                                   "The other end broke the rules of WebSockets: %s",
                                   error->message);
}

static void
violated_cb (guint    code,
             gpointer user_data)
{
  g_autoptr(RuntimeUseWebsocketChannel) self = g_object_ref (user_data);
  guint64 size = _runtime_use_client_stream_get_max_message_size (self->client_stream);

  if (code == RUNTIME_USE_CLOSE_TOO_BIG)
    self->violation = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                                   "The server sent a message of more than %" G_GUINT64_FORMAT
                                   " bytes, which is the limit (max-message-size)", size);
  else
    self->violation = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL,
                                   "The server broke the rules of WebSockets (code %u)", code);

  runtime_use_channel_close (RUNTIME_USE_CHANNEL (self), code);
  watch_for_empty_queue (self);
  g_source_set_ready_time (self->empty_source, g_get_monotonic_time () + VIOLATION_PATIENCE);
}

static void
runtime_use_websocket_channel_constructed (GObject *object)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (object);
  GIOStream *stream;

  G_OBJECT_CLASS (runtime_use_websocket_channel_parent_class)->constructed (object);

  g_return_if_fail (self->connection != NULL);

  stream = soup_websocket_connection_get_io_stream (self->connection);
  if (RUNTIME_USE_IS_CONNECTION_STREAM (stream))
    self->stream = g_object_ref (RUNTIME_USE_CONNECTION_STREAM (stream));
  if (RUNTIME_USE_IS_CLIENT_STREAM (stream))
    {
      self->client_stream = g_object_ref (RUNTIME_USE_CLIENT_STREAM (stream));
      _runtime_use_client_stream_set_user (self->client_stream, G_OBJECT (self->connection));
      _runtime_use_client_stream_set_violated (self->client_stream, violated_cb, self);
    }

  g_signal_connect (self->connection, "error", G_CALLBACK (error_cb), self);
  g_signal_connect (self->connection, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->connection, "closing", G_CALLBACK (closing_cb), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
}

static void
runtime_use_websocket_channel_dispose (GObject *object)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (object);

  _runtime_use_clear_source (&self->empty_source);
  _runtime_use_clear_source (&self->waiting_source);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  if (self->client_stream != NULL)
    _runtime_use_client_stream_set_violated (self->client_stream, NULL, NULL);
  if (self->stream != NULL)
    _runtime_use_connection_stream_set_drained (self->stream, 0, NULL, NULL);

  g_clear_object (&self->stream);
  g_clear_object (&self->client_stream);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (runtime_use_websocket_channel_parent_class)->dispose (object);
}

static void
runtime_use_websocket_channel_finalize (GObject *object)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (object);

  g_clear_pointer (&self->peer, g_free);
  g_clear_error (&self->violation);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);

  G_OBJECT_CLASS (runtime_use_websocket_channel_parent_class)->finalize (object);
}

static void
runtime_use_websocket_channel_get_property (GObject    *object,
                                            guint       prop_id,
                                            GValue     *value,
                                            GParamSpec *pspec)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (object);

  switch ((RuntimeUseWebsocketChannelProperty) prop_id)
    {
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;

    case PROP_HIGH_WATER:
      g_value_set_uint64 (value, self->high_water);
      break;

    case PROP_PEER:
      g_value_take_string (value, runtime_use_channel_dup_peer (RUNTIME_USE_CHANNEL (self)));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_websocket_channel_set_property (GObject      *object,
                                            guint         prop_id,
                                            const GValue *value,
                                            GParamSpec   *pspec)
{
  RuntimeUseWebsocketChannel *self = RUNTIME_USE_WEBSOCKET_CHANNEL (object);

  switch ((RuntimeUseWebsocketChannelProperty) prop_id)
    {
    case PROP_CONNECTION:
      self->connection = g_value_dup_object (value);
      break;

    case PROP_HIGH_WATER:
      runtime_use_websocket_channel_set_high_water (self, g_value_get_uint64 (value));
      break;

    case PROP_PEER:
      self->peer = g_value_dup_string (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_websocket_channel_class_init (RuntimeUseWebsocketChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = runtime_use_websocket_channel_constructed;
  object_class->dispose = runtime_use_websocket_channel_dispose;
  object_class->finalize = runtime_use_websocket_channel_finalize;
  object_class->get_property = runtime_use_websocket_channel_get_property;
  object_class->set_property = runtime_use_websocket_channel_set_property;

  /**
   * RuntimeUseWebsocketChannel:connection:
   *
   * The WebSocket that the channel speaks over.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTION] =
    g_param_spec_object ("connection", NULL, NULL,
                         SOUP_TYPE_WEBSOCKET_CONNECTION,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseWebsocketChannel:high-water:
   *
   * How many bytes may wait to be taken by the peer before the channel is
   * full.
   *
   * What is sent to a full channel is queued all the same: producers are meant
   * to stop. One MiB by default.
   *
   * Since: 0.1
   */
  properties[PROP_HIGH_WATER] =
    g_param_spec_uint64 ("high-water", NULL, NULL,
                         1, G_MAXUINT64, DEFAULT_HIGH_WATER,
                         (G_PARAM_READWRITE |
                          G_PARAM_EXPLICIT_NOTIFY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseWebsocketChannel:peer:
   *
   * Who is at the other end, for people.
   *
   * Unless it is given when the channel is made, it is what the connection
   * tells: an address and port, such as `127.0.0.1:50312`, or the process and
   * user at a Unix socket, such as `unix:pid=1234,uid=1000`. Give it for
   * connections that a proxy has taken.
   *
   * Since: 0.1
   */
  properties[PROP_PEER] =
    g_param_spec_string ("peer", NULL, NULL, NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_websocket_channel_init (RuntimeUseWebsocketChannel *self)
{
  self->high_water = DEFAULT_HIGH_WATER;
  g_queue_init (&self->waiting);
}

GError *
_runtime_use_websocket_channel_dup_violation (RuntimeUseWebsocketChannel *self)
{
  return self->violation != NULL ? g_error_copy (self->violation) : NULL;
}

/**
 * runtime_use_websocket_channel_new:
 * @connection: an open WebSocket, of the server or the client side
 *
 * Makes a channel that speaks over @connection.
 *
 * Call it in the main context in which @connection was made, before the
 * first message can arrive: that is, in the callback that gave you
 * @connection. Set
 * [property@Soup.WebsocketConnection:max-incoming-payload-size] to the size
 * of the largest message that you want to accept; libsoup's default of
 * 128 KiB is too small for some requests.
 *
 * Returns: (transfer full): a new channel
 *
 * Since: 0.1
 */
RuntimeUseWebsocketChannel *
runtime_use_websocket_channel_new (SoupWebsocketConnection *connection)
{
  g_return_val_if_fail (SOUP_IS_WEBSOCKET_CONNECTION (connection), NULL);

  return g_object_new (RUNTIME_USE_TYPE_WEBSOCKET_CHANNEL, "connection", connection, NULL);
}

/**
 * runtime_use_websocket_channel_get_connection:
 * @self: a channel
 *
 * Gets the WebSocket that the channel speaks over.
 *
 * Returns: (transfer none): the WebSocket
 *
 * Since: 0.1
 */
SoupWebsocketConnection *
runtime_use_websocket_channel_get_connection (RuntimeUseWebsocketChannel *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_WEBSOCKET_CHANNEL (self), NULL);

  return self->connection;
}

/**
 * runtime_use_websocket_channel_get_high_water:
 * @self: a channel
 *
 * Gets how much may wait to be taken before the channel is full.
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_websocket_channel_get_high_water (RuntimeUseWebsocketChannel *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_WEBSOCKET_CHANNEL (self), 0);

  return self->high_water;
}

/**
 * runtime_use_websocket_channel_set_high_water:
 * @self: a channel
 * @high_water: a number of bytes, at least 1
 *
 * Sets how much may wait to be taken before the channel is full.
 *
 * Since: 0.1
 */
void
runtime_use_websocket_channel_set_high_water (RuntimeUseWebsocketChannel *self,
                                              guint64                     high_water)
{
  g_return_if_fail (RUNTIME_USE_IS_WEBSOCKET_CHANNEL (self));
  g_return_if_fail (high_water > 0);

  if (self->high_water == high_water)
    return;

  self->high_water = high_water;
  if (self->connection != NULL && !self->is_closed && is_open (self))
    look_whether_full (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HIGH_WATER]);
}
