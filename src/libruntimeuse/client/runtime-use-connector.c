/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-connector-private.h"

#include <gio/gnetworking.h>
#include <libsoup/soup.h>
#include <string.h>

#include "runtime-use-channel.h"
#include "runtime-use-client-stream-private.h"
#include "runtime-use-error.h"
#include "runtime-use-target-private.h"
#include "runtime-use-version.h"

/*
 * The way from a URL to an open WebSocket. The handshake is made here and not by
 * a SoupSession, because what comes behind it is read by a stream of our own.
 */

#define MAX_ANSWER   (64 * 1024)
#define RECEIVE_SIZE 4096

#define ACCEPT_GUID  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH   16

/* The data of the task. */
typedef struct
{
  RuntimeUseTarget  *target;
  char              *key;
  char              *token;             /* (nullable) */
  GString           *request;           /* (nullable): not made yet */
  guint64            max_message_size;
  guint              timeout;           /* s */

  RuntimeUseClock   *clock;
  RuntimeUseAlarm   *alarm;             /* (nullable) */
  GCancellable      *stop;              /* ends what is under way */
  GSource           *cancelled;         /* (nullable): waits for the cancellable */
  gboolean           is_late;

  GSocketConnection *connection;        /* (nullable): not there yet */
  GByteArray        *answer;
} Connect;

static void
wipe (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
}

static void
connect_free (Connect *self)
{
  _runtime_use_clock_clear_alarm (self->clock, &self->alarm);
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);

  wipe (self->token);
  g_free (self->token);
  if (self->request != NULL)
    {
      wipe (self->request->str);
      g_string_free (self->request, TRUE);
    }
  g_clear_pointer (&self->target, _runtime_use_target_free);
  g_free (self->key);
  g_clear_object (&self->clock);
  g_clear_object (&self->stop);
  g_clear_object (&self->connection);
  g_byte_array_unref (self->answer);
  g_free (self);
}

static gboolean
is_nobody_there (Connect      *self,
                 const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
         (self->target->path != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));
}

/* Everything that ends an attempt comes through here, except success. */
static void
connect_fail (GTask  *task,
              GError *error)
{
  Connect *self = g_task_get_task_data (task);

  _runtime_use_clock_clear_alarm (self->clock, &self->alarm);
  if (self->is_late)
    {
      g_clear_error (&error);
      error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                           "%s did not answer within %u seconds", self->target->address,
                           self->timeout);
    }
  else if (is_nobody_there (self, error))
    {
      g_clear_error (&error);
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                           "Nothing listens at %s: start a server there, or look whether the URL "
                           "is right", self->target->address);
    }
  else if (error->domain != RUNTIME_USE_ERROR)
    {
      g_prefix_error (&error, "Could not connect to %s: ", self->target->address);
    }

  g_task_return_error (task, error);
}

static void
alarm_cb (gpointer user_data)
{
  Connect *self = user_data;

  self->alarm = NULL;
  self->is_late = TRUE;
  g_cancellable_cancel (self->stop);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Connect *self = user_data;

  g_cancellable_cancel (self->stop);

  return G_SOURCE_REMOVE;
}

/* What goes in */

static char *
make_key (void)
{
  guint32 random[KEY_LENGTH / sizeof (guint32)];

  for (gsize i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = g_random_int ();

  return g_base64_encode ((guchar *) random, sizeof random);
}

static GString *
make_request (Connect *self)
{
  GString *request = g_string_sized_new (1024);
  const char *path = g_uri_get_path (self->target->uri);
  const char *query = g_uri_get_query (self->target->uri);

  g_string_append_printf (request, "GET %s", *path != '\0' ? path : "/");
  if (query != NULL)
    g_string_append_printf (request, "?%s", query);
  g_string_append_printf (request,
                          " HTTP/1.1\r\n"
                          "Host: %s\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "User-Agent: runtimeuse/%d.%d.%d\r\n",
                          self->target->authority, self->key, RUNTIME_USE_MAJOR_VERSION,
                          RUNTIME_USE_MINOR_VERSION, RUNTIME_USE_MICRO_VERSION);
  if (self->token != NULL)
    g_string_append_printf (request, "Authorization: Bearer %s\r\n", self->token);
  g_string_append (request, "\r\n");

  return request;
}

/* What comes back */

static GError *
error_for_status (Connect *self,
                  guint    status)
{
  const char *phrase = soup_status_get_phrase (status);

  switch (status)
    {
    case SOUP_STATUS_UNAUTHORIZED:
      return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REFUSED,
                          self->token != NULL
                          ? "%s does not accept this token (%u %s): give it the right one"
                          : "%s wants a token (%u %s): give it the one the server was started with",
                          self->target->address, status, phrase);

    case SOUP_STATUS_FORBIDDEN:
      return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REFUSED,
                          self->target->path != NULL
                          ? "%s does not let this client in (%u %s): users other than its own have "
                            "to show the right token"
                          : "%s does not let this client in (%u %s): the server has to allow the "
                            "host name that is used, or wants a token",
                          self->target->address, status, phrase);

    case SOUP_STATUS_SERVICE_UNAVAILABLE:
      return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REFUSED,
                          "%s lets nobody in now (%u %s): it has too many clients or is going "
                          "away; try again later", self->target->address, status, phrase);

    default:
      return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REFUSED,
                          "%s did not open a WebSocket, but answered %u %s: look whether the URL "
                          "is that of a runtime", self->target->address, status, phrase);
    }
}

static gboolean
has_right_accept (Connect            *self,
                  SoupMessageHeaders *headers)
{
  const char *accept = soup_message_headers_get_one (headers, "Sec-WebSocket-Accept");
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *expected = NULL;
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) self->key, -1);
  g_checksum_update (checksum, (const guchar *) ACCEPT_GUID, -1);
  g_checksum_get_digest (checksum, digest, &length);
  expected = g_base64_encode (digest, length);

  return g_strcmp0 (accept, expected) == 0;
}

static GError *
protocol_error (Connect    *self,
                const char *what)
{
  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL,
                      "%s %s: look whether the URL is that of a runtime", self->target->address,
                      what);
}

static GError *
check_answer (Connect *self,
              gsize    length)
{
  g_autoptr(SoupMessageHeaders) headers = NULL;
  SoupHTTPVersion version;
  guint status;

  headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  if (!soup_headers_parse_response ((const char *) self->answer->data, length, headers, &version,
                                    &status, NULL))
    return protocol_error (self, "answered with something that is not HTTP");

  if (status != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return error_for_status (self, status);

  if (!soup_message_headers_header_equals (headers, "Upgrade", "websocket") ||
      !soup_message_headers_header_contains (headers, "Connection", "Upgrade") ||
      soup_message_headers_get_one (headers, "Sec-WebSocket-Extensions") != NULL ||
      !has_right_accept (self, headers))
    return protocol_error (self, "did not open the WebSocket as it should");

  return NULL;
}

static void
connect_succeed (GTask *task,
                 gsize  header_length)
{
  Connect *self = g_task_get_task_data (task);
  g_autoptr(RuntimeUseClientStream) stream = NULL;
  g_autoptr(SoupWebsocketConnection) websocket = NULL;
  RuntimeUseWebsocketChannel *channel;

  stream = _runtime_use_client_stream_new (G_IO_STREAM (self->connection),
                                           self->answer->data + header_length,
                                           self->answer->len - header_length,
                                           self->max_message_size);
  websocket = soup_websocket_connection_new (G_IO_STREAM (stream), self->target->uri,
                                             SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL, NULL);
  /* The stream knows the limit, and answers properly when it is passed. */
  soup_websocket_connection_set_max_incoming_payload_size (websocket, 0);
  channel = runtime_use_websocket_channel_new (websocket);
  runtime_use_channel_set_paused (RUNTIME_USE_CHANNEL (channel), TRUE);

  _runtime_use_clock_clear_alarm (self->clock, &self->alarm);
  g_task_return_pointer (task, channel, g_object_unref);
}

static void receive (GTask *task);

static void
look_at_answer (GTask *task)
{
  Connect *self = g_task_get_task_data (task);
  const char *start = (const char *) self->answer->data;
  const char *end = memmem (start, self->answer->len, "\r\n\r\n", 4);
  GError *error = NULL;

  if (strncmp (start, "HTTP/", MIN (self->answer->len, strlen ("HTTP/"))) != 0)
    error = protocol_error (self, "answered with something that is not HTTP");
  else if (end == NULL && self->answer->len > MAX_ANSWER)
    error = protocol_error (self, "answered with more than 64 KiB of headers");
  else if (end != NULL)
    error = check_answer (self, end - start + 2);

  if (error != NULL)
    connect_fail (task, error);
  else if (end != NULL)
    connect_succeed (task, end - start + 4);
  else
    receive (g_object_ref (task));
}

static void
received_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GBytes) bytes = NULL;
  Connect *self = g_task_get_task_data (task);
  GError *error = NULL;

  bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);
  if (bytes != NULL && g_bytes_get_size (bytes) == 0)
    error = protocol_error (self, "closed the connection without an answer");
  if (error != NULL)
    {
      connect_fail (task, error);
      return;
    }

  g_byte_array_append (self->answer, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  look_at_answer (task);
}

/* Takes the reference to the task. */
static void
receive (GTask *task)
{
  Connect *self = g_task_get_task_data (task);

  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                                   RECEIVE_SIZE, G_PRIORITY_DEFAULT, self->stop, received_cb, task);
}

static void
requested_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    connect_fail (task, error);
  else
    receive (g_steal_pointer (&task));
}

static void
send_request (GTask *task)
{
  Connect *self = g_task_get_task_data (task);
  GOutputStream *output;

  self->request = make_request (self);
  output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_output_stream_write_all_async (output, self->request->str, self->request->len,
                                   G_PRIORITY_DEFAULT, self->stop, requested_cb,
                                   g_object_ref (task));
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Connect *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (object), result,
                                                             &error);
  if (self->connection == NULL)
    {
      connect_fail (task, error);
      return;
    }

  g_socket_set_option (g_socket_connection_get_socket (self->connection), IPPROTO_TCP, TCP_NODELAY,
                       1, NULL);
  send_request (task);
}

static void
unix_connected_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Connect *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (object), result, &error);
  if (self->connection == NULL)
    connect_fail (task, error);
  else
    send_request (task);
}

/* Proxies are looked for in settings that take time to load, and never for this machine. */
static gboolean
is_this_machine (const char *host)
{
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string (host);

  if (address == NULL)
    return g_ascii_strcasecmp (host, "localhost") == 0;

  return g_inet_address_get_is_loopback (address);
}

static void
start_unix (GTask *task)
{
  Connect *self = g_task_get_task_data (task);
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (self->target->path);

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (address), self->stop,
                                 unix_connected_cb, task);
}

static void
start (GTask *task)
{
  Connect *self = g_task_get_task_data (task);
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  const char *host = g_uri_get_host (self->target->uri);

  g_socket_client_set_tls (client, _runtime_use_target_is_tls (self->target));
  g_socket_client_set_enable_proxy (client, !is_this_machine (host));
  g_socket_client_connect_to_host_async (client, host,
                                         _runtime_use_target_get_port (self->target), self->stop,
                                         connected_cb, task);
}

void
_runtime_use_connect_async (const RuntimeUseConnectOptions *options,
                            RuntimeUseClock                *clock,
                            GCancellable                   *cancellable,
                            GAsyncReadyCallback             callback,
                            gpointer                        user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr(RuntimeUseTarget) target = NULL;
  GError *error = NULL;
  Connect *self;

  g_task_set_source_tag (task, _runtime_use_connect_async);
  target = _runtime_use_target_new (options->url, &error);
  if (target != NULL && options->token != NULL && !_runtime_use_target_is_clean (options->token))
    error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                                 "The token has white space or control characters in it");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Connect, 1);
  self->target = g_steal_pointer (&target);
  self->key = make_key ();
  self->token = g_strdup (options->token);
  self->max_message_size = options->max_message_size;
  self->timeout = options->timeout;
  self->answer = g_byte_array_new ();
  self->stop = g_cancellable_new ();
  self->clock = g_object_ref (clock);
  self->alarm = _runtime_use_clock_set_alarm (clock, options->timeout * G_GINT64_CONSTANT (1000),
                                              alarm_cb, self);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (cancelled_cb), self, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  g_task_set_task_data (task, self, (GDestroyNotify) connect_free);
  if (self->target->path != NULL)
    start_unix (g_steal_pointer (&task));
  else
    start (g_steal_pointer (&task));
}

RuntimeUseWebsocketChannel *
_runtime_use_connect_finish (GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
