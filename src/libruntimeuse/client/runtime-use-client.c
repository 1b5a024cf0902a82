/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client.h"

#include <string.h>

#include "runtime-use-client-session-private.h"
#include "runtime-use-connector-private.h"
#include "runtime-use-file-exchange.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-memory-channel.h"
#include "runtime-use-one-shot-private.h"

#define DEFAULT_CONNECT_TIMEOUT 30
#define DEFAULT_MAX_MESSAGE_SIZE (16 * 1024 * 1024)

/* No message that is larger can be read. */
#define MAX_MESSAGE_SIZE (100 * 1024 * 1024)
#define MIN_MESSAGE_SIZE 1024

/**
 * RuntimeUseClient:
 *
 * Asks a runtime for something.
 *
 * The runtime is a server somewhere, whose address is
 * [property@RuntimeUse.Client:url]; or it is in this process, with
 * [property@RuntimeUse.Client:handler] as its agent and without any socket.
 *
 * [method@RuntimeUse.Client.query_async] and
 * [method@RuntimeUse.Client.execute_commands_async] make one request with a
 * connection of its own, and close it. They may run side by side. For several
 * requests one after the other, [method@RuntimeUse.Client.connect_async] gives
 * a [class@RuntimeUse.ClientSession].
 *
 * All happens in the thread-default main context in which the client was made.
 *
 * Since: 0.1
 */

struct _RuntimeUseClient
{
  GObject                   parent_instance;

  char                     *url;                /* (nullable) */
  char                     *token;              /* (nullable) */
  RuntimeUseAgentHandler   *handler;            /* (nullable) */
  RuntimeUseFileExchange   *files;              /* (nullable) */
  guint                     connect_timeout;    /* s */
  guint64                   max_message_size;
  RuntimeUseClientSettings  settings;
  RuntimeUseClock          *clock;
};

G_DEFINE_FINAL_TYPE (RuntimeUseClient, runtime_use_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_URL = 1,
  PROP_TOKEN,
  PROP_HANDLER,
  PROP_CONNECT_TIMEOUT,
  PROP_MAX_MESSAGE_SIZE,
  PROP_FILE_EXCHANGE,
  PROP_FIRST_SETTING,
} RuntimeUseClientProperty;

typedef enum
{
  SIGNAL_ASSISTANT_MESSAGE,
  SIGNAL_COMMAND_OUTPUT,
  SIGNAL_HEARTBEAT,
} RuntimeUseClientSignal;

static GParamSpec *properties[PROP_FILE_EXCHANGE + 1];
static guint signals[SIGNAL_HEARTBEAT + 1];

static void
set_secret (char       **location,
            const char  *value)
{
  char *copy = g_strdup (value);

  if (*location != NULL)
    explicit_bzero (*location, strlen (*location));
  g_free (*location);
  *location = copy;
}

/* GObject */

static void
runtime_use_client_finalize (GObject *object)
{
  RuntimeUseClient *self = RUNTIME_USE_CLIENT (object);

  set_secret (&self->url, NULL);
  set_secret (&self->token, NULL);
  g_clear_object (&self->handler);
  g_clear_object (&self->files);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (runtime_use_client_parent_class)->finalize (object);
}

static void
runtime_use_client_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  RuntimeUseClient *self = RUNTIME_USE_CLIENT (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_client_settings_get_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                 value);
      return;
    }

  switch ((RuntimeUseClientProperty) prop_id)
    {
    case PROP_URL:
      g_value_set_string (value, self->url);
      break;

    case PROP_HANDLER:
      g_value_set_object (value, self->handler);
      break;

    case PROP_CONNECT_TIMEOUT:
      g_value_set_uint (value, self->connect_timeout);
      break;

    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint64 (value, self->max_message_size);
      break;

    case PROP_FILE_EXCHANGE:
      g_value_set_object (value, self->files);
      break;

    case PROP_TOKEN:
    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_client_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  RuntimeUseClient *self = RUNTIME_USE_CLIENT (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_client_settings_set_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                 value);
      return;
    }

  switch ((RuntimeUseClientProperty) prop_id)
    {
    case PROP_URL:
      set_secret (&self->url, g_value_get_string (value));
      break;

    case PROP_TOKEN:
      set_secret (&self->token, g_value_get_string (value));
      break;

    case PROP_HANDLER:
      g_set_object (&self->handler, g_value_get_object (value));
      break;

    case PROP_CONNECT_TIMEOUT:
      self->connect_timeout = g_value_get_uint (value);
      break;

    case PROP_MAX_MESSAGE_SIZE:
      self->max_message_size = g_value_get_uint64 (value);
      break;

    case PROP_FILE_EXCHANGE:
      g_set_object (&self->files, g_value_get_object (value));
      break;

    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/**
 * RuntimeUseClient:timeout:
 *
 * [property@RuntimeUse.ClientSession:timeout] of the sessions that are made.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClient:idle-timeout:
 *
 * [property@RuntimeUse.ClientSession:idle-timeout] of the sessions that are
 * made.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClient:cancel-timeout:
 *
 * [property@RuntimeUse.ClientSession:cancel-timeout] of the sessions that are
 * made.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClient:end-timeout:
 *
 * [property@RuntimeUse.ClientSession:end-timeout] of the sessions that are
 * made.
 *
 * Since: 0.1
 */

static void
install_runtime_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseClient:url:
   *
   * Where the server is: a `ws:` or `wss:` URL, such as `ws://127.0.0.1:8080`,
   * or `unix:` and the path of a socket.
   *
   * The path behind `unix:` is taken as it is. In a `ws+unix:` URL, as
   * [method@RuntimeUse.Server.dup_addresses] gives them, `%` escapes bytes of
   * the path, and a query may follow.
   *
   * It may have a token in its query, `?token=…`, but
   * [property@RuntimeUse.Client:token] is the better place. Neither that nor
   * the query appears in errors or logs.
   *
   * Since: 0.1
   */
  properties[PROP_URL] = g_param_spec_string ("url", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseClient:token:
   *
   * What the server asks clients for, or `NULL`.
   *
   * It is sent as a bearer token, and can be set but not got.
   *
   * Since: 0.1
   */
  properties[PROP_TOKEN] =
    g_param_spec_string ("token", NULL, NULL, NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseClient:handler:
   *
   * The agent, when the runtime is in this process; `NULL` when it is a server.
   *
   * Since: 0.1
   */
  properties[PROP_HANDLER] =
    g_param_spec_object ("handler", NULL, NULL, RUNTIME_USE_TYPE_AGENT_HANDLER, flags);
}

static void
install_connection_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseClient:connect-timeout:
   *
   * How long it may take to connect and to be let in, in seconds.
   *
   * The default is 30.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECT_TIMEOUT] =
    g_param_spec_uint ("connect-timeout", NULL, NULL,
                       1, G_MAXINT, DEFAULT_CONNECT_TIMEOUT, flags);

  /**
   * RuntimeUseClient:max-message-size:
   *
   * The largest message that is accepted from a server, in bytes.
   *
   * A server that sends more is disconnected. The default is 16 MiB, and the
   * most is 100 MiB.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_MESSAGE_SIZE] =
    g_param_spec_uint64 ("max-message-size", NULL, NULL,
                         MIN_MESSAGE_SIZE, MAX_MESSAGE_SIZE, DEFAULT_MAX_MESSAGE_SIZE, flags);

  /**
   * RuntimeUseClient:file-exchange:
   *
   * The folders that requests work with, or `NULL`.
   *
   * [property@RuntimeUse.ClientSession:file-exchange] of the sessions that are
   * made. A request with a connection of its own ends only when the files that
   * the runtime made were received.
   *
   * Since: 0.1
   */
  properties[PROP_FILE_EXCHANGE] =
    g_param_spec_object ("file-exchange", NULL, NULL, RUNTIME_USE_TYPE_FILE_EXCHANGE, flags);
}

static void
install_properties (GObjectClass *object_class)
{
  install_runtime_properties ();
  install_connection_properties ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_client_settings_install (object_class, PROP_FIRST_SETTING);
}

static void
runtime_use_client_class_init (RuntimeUseClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->finalize = runtime_use_client_finalize;
  object_class->get_property = runtime_use_client_get_property;
  object_class->set_property = runtime_use_client_set_property;

  install_properties (object_class);

  /**
   * RuntimeUseClient::assistant-message:
   * @self: the client
   * @text_blocks: (array zero-terminated=1): what the agent says
   *
   * The agent said something while it worked on a request of
   * [method@RuntimeUse.Client.query_async].
   *
   * Since: 0.1
   */
  signals[SIGNAL_ASSISTANT_MESSAGE] =
    g_signal_new ("assistant-message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_STRV | G_SIGNAL_TYPE_STATIC_SCOPE);

  /**
   * RuntimeUseClient::command-output:
   * @self: the client
   * @message: what it printed, and where
   *
   * A command of a request of this client printed something.
   *
   * Sessions that were made with [method@RuntimeUse.Client.connect_async] tell
   * it themselves.
   *
   * Since: 0.1
   */
  signals[SIGNAL_COMMAND_OUTPUT] =
    g_signal_new ("command-output", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, RUNTIME_USE_TYPE_COMMAND_OUTPUT_MESSAGE);

  /**
   * RuntimeUseClient::heartbeat:
   * @self: the client
   * @phase: what the server is doing
   * @elapsed_ms: milliseconds since it accepted the request
   *
   * The server is alive and still working on a request of this client.
   *
   * Since: 0.1
   */
  signals[SIGNAL_HEARTBEAT] =
    g_signal_new ("heartbeat", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_INT64);
}

static void
runtime_use_client_init (RuntimeUseClient *self)
{
  self->connect_timeout = DEFAULT_CONNECT_TIMEOUT;
  self->max_message_size = DEFAULT_MAX_MESSAGE_SIZE;
  self->clock = _runtime_use_main_clock_new ();
  _runtime_use_client_settings_init (&self->settings);
}

/**
 * runtime_use_client_new:
 * @url: (nullable): where the server is, such as `ws://127.0.0.1:8080` or `unix:/run/x/socket`
 *
 * Makes a client of a server.
 *
 * Whether @url can be used is found out when it is.
 *
 * Returns: (transfer full): a new client
 *
 * Since: 0.1
 */
RuntimeUseClient *
runtime_use_client_new (const char *url)
{
  return g_object_new (RUNTIME_USE_TYPE_CLIENT, "url", url, NULL);
}

/**
 * runtime_use_client_new_for_handler:
 * @handler: the agent
 *
 * Makes a client with a runtime in this process, without any socket.
 *
 * What the runtime starts for a request or session is ended with it, before
 * its end is told.
 *
 * Returns: (transfer full): a new client
 *
 * Since: 0.1
 */
RuntimeUseClient *
runtime_use_client_new_for_handler (RuntimeUseAgentHandler *handler)
{
  g_return_val_if_fail (RUNTIME_USE_IS_AGENT_HANDLER (handler), NULL);

  return g_object_new (RUNTIME_USE_TYPE_CLIENT, "handler", handler, NULL);
}

/* Connecting */

static RuntimeUseClientSession *
make_session (RuntimeUseClient  *self,
              RuntimeUseChannel *channel,
              RuntimeUseSession *runtime)
{
  RuntimeUseClientSession *session;

  session = _runtime_use_client_session_new_full (channel, self->clock, &self->settings, runtime);
  g_object_set (session, "file-exchange", self->files, NULL);

  return session;
}

static RuntimeUseClientSession *
connect_inside (RuntimeUseClient *self)
{
  g_autoptr(RuntimeUseMemoryChannel) ours = NULL;
  g_autoptr(RuntimeUseMemoryChannel) theirs = NULL;
  g_autoptr(RuntimeUseSession) runtime = NULL;

  runtime_use_memory_channel_new_pair (&ours, &theirs);
  runtime = runtime_use_session_new (RUNTIME_USE_CHANNEL (theirs), self->handler, NULL);

  return make_session (self, RUNTIME_USE_CHANNEL (ours), runtime);
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(RuntimeUseWebsocketChannel) channel = NULL;
  RuntimeUseClientSession *session;
  GError *error = NULL;

  channel = _runtime_use_connect_finish (result, &error);
  if (channel == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  session = make_session (g_task_get_source_object (task), RUNTIME_USE_CHANNEL (channel), NULL);
  runtime_use_channel_set_paused (RUNTIME_USE_CHANNEL (channel), FALSE);
  g_task_return_pointer (task, session, g_object_unref);
}

static void
connect_outside (RuntimeUseClient *self,
                 GTask            *task)
{
  RuntimeUseConnectOptions options = {
    .url = self->url,
    .token = self->token,
    .timeout = self->connect_timeout,
    .max_message_size = self->max_message_size,
  };

  _runtime_use_connect_async (&options, self->clock, g_task_get_cancellable (task), connected_cb,
                              task);
}

/**
 * runtime_use_client_connect_async:
 * @self: a client
 * @cancellable: (nullable): ends the attempt
 * @callback: (scope async): called when the session is there
 * @user_data: (closure callback): passed to @callback
 *
 * Makes a session with the runtime.
 *
 * Since: 0.1
 */
void
runtime_use_client_connect_async (RuntimeUseClient    *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_connect_async);

  if (self->handler != NULL)
    g_task_return_pointer (task, connect_inside (self), g_object_unref);
  else
    connect_outside (self, g_steal_pointer (&task));
}

/**
 * runtime_use_client_connect_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Client.connect_async].
 *
 * Fails with `RUNTIME_USE_ERROR_INVALID_ARGUMENT` when the URL cannot be used,
 * with `RUNTIME_USE_ERROR_TIMED_OUT` after
 * [property@RuntimeUse.Client:connect-timeout], with
 * `RUNTIME_USE_ERROR_REFUSED` when the server did not let the client in, with
 * `RUNTIME_USE_ERROR_PROTOCOL` when what is there is no runtime, and with errors
 * of GIO, such as `G_IO_ERROR_CONNECTION_REFUSED`, when nothing is there.
 *
 * Returns: (transfer full): a session, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseClientSession *
runtime_use_client_connect_finish (RuntimeUseClient  *self,
                                   GAsyncResult      *result,
                                   GError           **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Requests with a session of their own */

static void
session_assistant_message_cb (RuntimeUseClientSession  *session,
                              const char * const       *text_blocks,
                              RuntimeUseClient         *self)
{
  g_signal_emit (self, signals[SIGNAL_ASSISTANT_MESSAGE], 0, text_blocks);
}

static void
session_command_output_cb (RuntimeUseClientSession        *session,
                           RuntimeUseCommandOutputMessage *message,
                           RuntimeUseClient               *self)
{
  g_signal_emit (self, signals[SIGNAL_COMMAND_OUTPUT], 0, message);
}

static void
session_heartbeat_cb (RuntimeUseClientSession *session,
                      const char              *phase,
                      gint64                   elapsed_ms,
                      RuntimeUseClient        *self)
{
  g_signal_emit (self, signals[SIGNAL_HEARTBEAT], 0, phase, elapsed_ms);
}

static const RuntimeUseOneShotReports reports = {
  .assistant_message = session_assistant_message_cb,
  .command_output = session_command_output_cb,
  .heartbeat = session_heartbeat_cb,
};

/**
 * runtime_use_client_query_async:
 * @self: a client
 * @message: what is asked of the agent
 * @cancellable: (nullable): cancels the request at the runtime
 * @callback: (scope async): called when the request has ended and the connection is closed
 * @user_data: (closure callback): passed to @callback
 *
 * Connects, asks the agent for something, and closes the connection.
 *
 * Since: 0.1
 */
void
runtime_use_client_query_async (RuntimeUseClient            *self,
                                RuntimeUseInvocationMessage *message,
                                GCancellable                *cancellable,
                                GAsyncReadyCallback          callback,
                                gpointer                     user_data)
{
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT (self));
  g_return_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_query_async);
  _runtime_use_one_shot_start (task, RUNTIME_USE_REQUEST_MESSAGE (message), &reports);
}

/**
 * runtime_use_client_query_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Client.query_async].
 *
 * Fails as [method@RuntimeUse.Client.connect_finish] and
 * [method@RuntimeUse.ClientSession.query_finish].
 *
 * Returns: (transfer full): what the agent answered, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseQueryResult *
runtime_use_client_query_finish (RuntimeUseClient  *self,
                                 GAsyncResult      *result,
                                 GError           **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * runtime_use_client_execute_commands_async:
 * @self: a client
 * @message: the commands
 * @cancellable: (nullable): cancels the request at the runtime
 * @callback: (scope async): called when the request has ended and the connection is closed
 * @user_data: (closure callback): passed to @callback
 *
 * Connects, asks for commands to be run without an agent, and closes the
 * connection.
 *
 * Since: 0.1
 */
void
runtime_use_client_execute_commands_async (RuntimeUseClient                  *self,
                                           RuntimeUseCommandExecutionMessage *message,
                                           GCancellable                      *cancellable,
                                           GAsyncReadyCallback                callback,
                                           gpointer                           user_data)
{
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT (self));
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_EXECUTION_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_execute_commands_async);
  _runtime_use_one_shot_start (task, RUNTIME_USE_REQUEST_MESSAGE (message), &reports);
}

/**
 * runtime_use_client_execute_commands_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Client.execute_commands_async].
 *
 * Fails as [method@RuntimeUse.Client.connect_finish] and
 * [method@RuntimeUse.ClientSession.execute_commands_finish].
 *
 * Returns: (transfer full): how the commands ended, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseExecutionResult *
runtime_use_client_execute_commands_finish (RuntimeUseClient  *self,
                                            GAsyncResult      *result,
                                            GError           **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * runtime_use_client_dup_error_metadata:
 * @self: a client
 * @result: what the callback of a request was given
 *
 * Gets the details that the runtime sent with its error.
 *
 * Returns: (transfer full) (nullable): an object, or `NULL` when the runtime sent no error
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_client_dup_error_metadata (RuntimeUseClient *self,
                                       GAsyncResult     *result)
{
  const char *json;

  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  json = _runtime_use_one_shot_get_metadata_json (G_TASK (result));

  return json != NULL ? _runtime_use_json_to_node (json, NULL) : NULL;
}

/**
 * runtime_use_client_dup_error_metadata_json:
 * @self: a client
 * @result: what the callback of a request was given
 *
 * Gets the details that the runtime sent with its error, exactly as it did.
 *
 * Returns: (transfer full) (nullable): the compact text of a JSON object, or `NULL` when the
 *   runtime sent no error
 *
 * Since: 0.1
 */
char *
runtime_use_client_dup_error_metadata_json (RuntimeUseClient *self,
                                            GAsyncResult     *result)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_strdup (_runtime_use_one_shot_get_metadata_json (G_TASK (result)));
}
