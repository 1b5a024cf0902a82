/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-server.h"

#include <string.h>

#include "runtime-use-job-pool-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-listener-private.h"
#include "runtime-use-server-handler-private.h"
#include "runtime-use-session-list-private.h"
#include "runtime-use-session-private.h"

/**
 * RuntimeUseServer:
 *
 * Serves clients over WebSockets.
 *
 * Set it up, call [method@RuntimeUse.Server.start], and run the main loop. Each
 * connection becomes a [class@RuntimeUse.Session]; what clients ask an agent
 * goes to the handlers of [signal@RuntimeUse.Server::invocation] and then to
 * [property@RuntimeUse.Server:handler].
 *
 * Without further ado only this machine is served. Programs of other people on
 * it and web pages in a browser are what is left to keep out: a request with an
 * `Origin` that is not in [property@RuntimeUse.Server:allowed-origins] or with a
 * `Host` that is not ours is refused with status 403 before a message is read.
 * To serve other machines set [property@RuntimeUse.Server:host], and a
 * [property@RuntimeUse.Server:token] that clients have to show.
 *
 * There can be several servers in one process. A server works in the
 * thread-default main context of the moment of its start, and must be used from
 * the thread of that context only.
 *
 * Properties that say how to listen and whom to let in take effect when the
 * server is started, those about sessions with the next session.
 *
 * Since: 0.1
 */

#define DEFAULT_PORT              8080
#define DEFAULT_HANDSHAKE_TIMEOUT 10
#define DEFAULT_PING_INTERVAL     30
#define DEFAULT_STALL_TIMEOUT     600
#define DEFAULT_LISTEN_BACKLOG    4096

/* libsoup keeps a message in an array that is not made for more. */
#define MAX_MESSAGE_SIZE (1024 * 1024 * 1024)

/* In seconds; more does not fit into milliseconds. */
#define MAX_SECONDS (G_MAXINT / 1000)

/* How long a client may take to answer when its connection is closed. */
#define CLOSE_TIMEOUT_MS  3000
#define LINGER_TIMEOUT_MS 3000

/*
 * What a stop may take: less than the 5 s after which a supervisor loses
 * patience. Agents and commands have to be done before that.
 */
#define STOP_TIMEOUT_MS 4500
#define STOP_GRACE_MS   2000

struct _RuntimeUseServer
{
  GObject                    parent_instance;

  RuntimeUseAgentHandler    *handler;             /* (nullable) */
  char                      *host;                /* (nullable): loopback */
  guint                      port;
  char                     **allowed_origins;     /* (nullable) */
  char                     **allowed_hosts;       /* (nullable) */
  guint8                    *token_digest;        /* (nullable): no token */
  gboolean                   is_token_empty;
  gboolean                   insecure_no_auth;
  guint                      max_connections;
  guint64                    max_message_size;
  guint64                    max_unfinished_size;
  guint                      handshake_timeout;
  guint                      ping_interval;
  guint                      stall_timeout;
  guint                      listen_backlog;
  RuntimeUseLogger          *logger;
  RuntimeUseSessionSettings  settings;

  RuntimeUseListener        *listener;            /* (nullable): not started */
  RuntimeUseAgentHandler    *session_handler;     /* asks our signal, then handler */
  RuntimeUseClock           *clock;               /* (nullable): not started */
  GMainContext              *context;             /* (nullable): not started */
  RuntimeUseSessionList     *sessions;
  GPtrArray                 *stop_tasks;          /* of GTask that wait for the end */
  GSource                   *stop_deadline;       /* (nullable): not stopping */
  GSource                   *stop_check;          /* (nullable): looks whether all is done */
};

G_DEFINE_FINAL_TYPE (RuntimeUseServer, runtime_use_server, G_TYPE_OBJECT)

typedef enum
{
  PROP_HANDLER = 1,
  PROP_HOST,
  PROP_PORT,
  PROP_ALLOWED_ORIGINS,
  PROP_ALLOWED_HOSTS,
  PROP_TOKEN,
  PROP_INSECURE_NO_AUTH,
  PROP_MAX_CONNECTIONS,
  PROP_MAX_MESSAGE_SIZE,
  PROP_MAX_UNFINISHED_SIZE,
  PROP_HANDSHAKE_TIMEOUT,
  PROP_PING_INTERVAL,
  PROP_STALL_TIMEOUT,
  PROP_LISTEN_BACKLOG,
  PROP_LOGGER,
  PROP_FIRST_SETTING,
} RuntimeUseServerProperty;

typedef enum
{
  SIGNAL_INVOCATION,
  SIGNAL_SESSION_OPENED,
  SIGNAL_SESSION_CLOSED,
} RuntimeUseServerSignal;

static GParamSpec *properties[PROP_LOGGER + 1];
static guint signals[SIGNAL_SESSION_CLOSED + 1];

static void
destroy_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* The end of sessions and of the server */

static void
close_listener (RuntimeUseServer *self)
{
  if (self->listener == NULL)
    return;

  g_clear_pointer (&self->listener, _runtime_use_listener_free);
  _runtime_use_job_pool_release ();
}

static void
remove_session (RuntimeUseServer  *self,
                RuntimeUseSession *session)
{
  g_object_ref (session);
  if (_runtime_use_session_list_remove (self->sessions, session))
    g_signal_emit (self, signals[SIGNAL_SESSION_CLOSED], 0, session);
  g_object_unref (session);
}

static void
finish_stop (RuntimeUseServer *self)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);
  g_autoptr(GPtrArray) left = NULL;

  /* Whoever is told of an end here may start the server again. */
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  destroy_source (&self->stop_deadline);
  destroy_source (&self->stop_check);
  close_listener (self);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->context, g_main_context_unref);

  /* What is dropped ends what it runs. */
  left = _runtime_use_session_list_dup_all (self->sessions);
  if (left->len > 0)
    runtime_use_logger_warning (self->logger, "Stopped without waiting for all sessions to end");
  for (guint i = 0; i < left->len; i++)
    remove_session (self, g_ptr_array_index (left, i));

  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static gboolean
stop_check_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseServer) self = g_object_ref (user_data);

  destroy_source (&self->stop_check);
  if (_runtime_use_session_list_get_length (self->sessions) == 0 &&
      _runtime_use_listener_get_n_connections (self->listener) == 0)
    finish_stop (self);

  return G_SOURCE_REMOVE;
}

/* Not at once, for whoever calls may be in the middle of what is taken away. */
static void
check_stop (RuntimeUseServer *self)
{
  if (self->stop_deadline == NULL || self->stop_check != NULL)
    return;

  self->stop_check = g_idle_source_new ();
  g_source_set_priority (self->stop_check, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->stop_check, stop_check_cb, self, NULL);
  g_source_attach (self->stop_check, self->context);
}

static gboolean
stop_deadline_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseServer) self = g_object_ref (user_data);

  finish_stop (self);

  return G_SOURCE_REMOVE;
}

static void
stop_session (RuntimeUseServer  *self,
              RuntimeUseSession *session)
{
  g_object_set (session,
                "cancel-grace", MIN (self->settings.cancel_grace, STOP_GRACE_MS),
                "kill-grace", MIN (self->settings.kill_grace, STOP_GRACE_MS),
                NULL);
  runtime_use_session_stop_async (session, NULL, NULL, NULL);
}

static void
session_closed_cb (RuntimeUseSession *session,
                   RuntimeUseServer  *self)
{
  g_object_ref (self);
  remove_session (self, session);
  check_stop (self);
  g_object_unref (self);
}

/* Connections */

static void
connection_opened_cb (RuntimeUseConnection       *connection,
                      RuntimeUseWebsocketChannel *channel,
                      gpointer                    user_data)
{
  RuntimeUseServer *self = user_data;
  g_autoptr(RuntimeUseSession) session = NULL;

  session = _runtime_use_session_new_full (RUNTIME_USE_CHANNEL (channel), self->session_handler,
                                           self->clock, &self->settings);
  g_signal_connect_object (session, "closed", G_CALLBACK (session_closed_cb), self, 0);
  _runtime_use_session_list_add (self->sessions, session);
  g_signal_emit (self, signals[SIGNAL_SESSION_OPENED], 0, session);
}

static void
connection_gone_cb (RuntimeUseConnection *connection,
                    gpointer              user_data)
{
  check_stop (user_data);
}

static const RuntimeUseListenerEvents listener_events = {
  connection_opened_cb,
  connection_gone_cb,
};

/* Start */

static void
add_address (GPtrArray    *addresses,
             GInetAddress *address,
             guint         port)
{
  g_ptr_array_add (addresses, g_inet_socket_address_new (address, port));
}

static GPtrArray *
find_addresses (RuntimeUseServer  *self,
                GError           **error)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GInetAddress) literal = NULL;
  g_autolist(GInetAddress) found = NULL;

  if (self->host == NULL || g_ascii_strcasecmp (self->host, "localhost") == 0)
    {
      g_autoptr(GInetAddress) ipv4 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
      g_autoptr(GInetAddress) ipv6 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);

      add_address (addresses, ipv4, self->port);
      add_address (addresses, ipv6, self->port);
      return g_steal_pointer (&addresses);
    }

  literal = g_inet_address_new_from_string (self->host);
  if (literal != NULL)
    {
      add_address (addresses, literal, self->port);
      return g_steal_pointer (&addresses);
    }

  found = g_resolver_lookup_by_name (g_resolver_get_default (), self->host, NULL, error);
  if (found == NULL)
    {
      g_prefix_error (error, "Could not find the address of host \"%s\": ", self->host);
      return NULL;
    }

  for (GList *link = found; link != NULL; link = link->next)
    add_address (addresses, link->data, self->port);

  return g_steal_pointer (&addresses);
}

static gboolean
are_loopback (GPtrArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      GInetSocketAddress *address = g_ptr_array_index (addresses, i);

      if (!g_inet_address_get_is_loopback (g_inet_socket_address_get_address (address)))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_auth (RuntimeUseServer  *self,
            GPtrArray         *addresses,
            GError           **error)
{
  if (self->is_token_empty)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           "The token is empty: set one that nobody can guess, or none");
      return FALSE;
    }

  if (self->token_digest != NULL || self->insecure_no_auth || are_loopback (addresses))
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               "Listening on %s lets other machines run commands here: set a token that clients "
               "have to show, or allow it expressly with insecure-no-auth",
               self->host);

  return FALSE;
}

static RuntimeUseConnectionOptions *
build_options (RuntimeUseServer *self)
{
  RuntimeUseConnectionOptions *options = g_new0 (RuntimeUseConnectionOptions, 1);

  options->policy.allowed_origins = g_strdupv (self->allowed_origins);
  options->policy.allowed_hosts = g_strdupv (self->allowed_hosts);
  options->policy.bound_host = g_strdup (self->host);
  if (self->token_digest != NULL)
    options->policy.token_digest = g_memdup2 (self->token_digest,
                                              RUNTIME_USE_TOKEN_DIGEST_LENGTH);

  options->uri = g_uri_build (G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, "ws", NULL,
                              self->host != NULL ? self->host : "localhost", -1, "/", NULL, NULL);
  options->max_message_size = self->max_message_size;
  options->input_budget = _runtime_use_input_budget_new (self->max_unfinished_size);
  options->handshake_timeout = self->handshake_timeout * 1000;
  options->ping_interval = self->ping_interval * 1000;
  options->stall_timeout = self->stall_timeout * 1000;
  options->close_timeout = CLOSE_TIMEOUT_MS;
  options->linger_timeout = LINGER_TIMEOUT_MS;

  return options;
}

/* GObject */

static void
set_token (RuntimeUseServer *self,
           const char       *token)
{
  if (self->token_digest != NULL)
    explicit_bzero (self->token_digest, RUNTIME_USE_TOKEN_DIGEST_LENGTH);
  g_clear_pointer (&self->token_digest, g_free);

  self->is_token_empty = token != NULL && *token == '\0';
  if (token == NULL || *token == '\0')
    return;

  /* What is not kept cannot leak. */
  self->token_digest = g_malloc (RUNTIME_USE_TOKEN_DIGEST_LENGTH);
  _runtime_use_token_digest (token, strlen (token), self->token_digest);
}

static void
runtime_use_server_dispose (GObject *object)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  destroy_source (&self->stop_deadline);
  destroy_source (&self->stop_check);
  close_listener (self);
  g_clear_object (&self->sessions);
  g_clear_object (&self->clock);
  g_clear_object (&self->handler);
  g_clear_object (&self->session_handler);

  G_OBJECT_CLASS (runtime_use_server_parent_class)->dispose (object);
}

static void
runtime_use_server_finalize (GObject *object)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  set_token (self, NULL);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->allowed_origins, g_strfreev);
  g_clear_pointer (&self->allowed_hosts, g_strfreev);
  g_clear_pointer (&self->stop_tasks, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->logger);

  G_OBJECT_CLASS (runtime_use_server_parent_class)->finalize (object);
}

/* Where a property that is just a number is kept. */
static guint *
find_number (RuntimeUseServer         *self,
             RuntimeUseServerProperty  property)
{
  const struct
  {
    RuntimeUseServerProperty  property;
    guint                    *number;
  } numbers[] = {
    { PROP_PORT, &self->port },
    { PROP_MAX_CONNECTIONS, &self->max_connections },
    { PROP_HANDSHAKE_TIMEOUT, &self->handshake_timeout },
    { PROP_PING_INTERVAL, &self->ping_interval },
    { PROP_STALL_TIMEOUT, &self->stall_timeout },
    { PROP_LISTEN_BACKLOG, &self->listen_backlog },
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (numbers[i].property == property)
      return numbers[i].number;

  g_assert_not_reached ();
}

static void
runtime_use_server_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_get_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  switch ((RuntimeUseServerProperty) prop_id)
    {
    case PROP_HANDLER:
      g_value_set_object (value, self->handler);
      break;

    case PROP_HOST:
      g_value_set_string (value, self->host);
      break;

    case PROP_PORT:
      g_value_set_uint (value, runtime_use_server_get_port (self));
      break;

    case PROP_ALLOWED_ORIGINS:
      g_value_set_boxed (value, self->allowed_origins);
      break;

    case PROP_ALLOWED_HOSTS:
      g_value_set_boxed (value, self->allowed_hosts);
      break;

    case PROP_INSECURE_NO_AUTH:
      g_value_set_boolean (value, self->insecure_no_auth);
      break;

    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint64 (value, self->max_message_size);
      break;

    case PROP_MAX_UNFINISHED_SIZE:
      g_value_set_uint64 (value, self->max_unfinished_size);
      break;

    case PROP_LOGGER:
      g_value_set_object (value, self->logger);
      break;

    case PROP_MAX_CONNECTIONS:
    case PROP_HANDSHAKE_TIMEOUT:
    case PROP_PING_INTERVAL:
    case PROP_STALL_TIMEOUT:
    case PROP_LISTEN_BACKLOG:
      g_value_set_uint (value, *find_number (self, prop_id));
      break;

    case PROP_TOKEN:
    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_server_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_set_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  switch ((RuntimeUseServerProperty) prop_id)
    {
    case PROP_HANDLER:
      g_set_object (&self->handler, g_value_get_object (value));
      break;

    case PROP_HOST:
      g_free (self->host);
      self->host = g_value_dup_string (value);
      break;

    case PROP_ALLOWED_ORIGINS:
      g_strfreev (self->allowed_origins);
      self->allowed_origins = g_value_dup_boxed (value);
      break;

    case PROP_ALLOWED_HOSTS:
      g_strfreev (self->allowed_hosts);
      self->allowed_hosts = g_value_dup_boxed (value);
      break;

    case PROP_TOKEN:
      set_token (self, g_value_get_string (value));
      break;

    case PROP_INSECURE_NO_AUTH:
      self->insecure_no_auth = g_value_get_boolean (value);
      break;

    case PROP_MAX_MESSAGE_SIZE:
      self->max_message_size = g_value_get_uint64 (value);
      break;

    case PROP_MAX_UNFINISHED_SIZE:
      self->max_unfinished_size = g_value_get_uint64 (value);
      break;

    case PROP_LOGGER:
      if (g_value_get_object (value) != NULL)
        g_set_object (&self->logger, g_value_get_object (value));
      break;

    case PROP_PORT:
    case PROP_MAX_CONNECTIONS:
    case PROP_HANDSHAKE_TIMEOUT:
    case PROP_PING_INTERVAL:
    case PROP_STALL_TIMEOUT:
    case PROP_LISTEN_BACKLOG:
      *find_number (self, prop_id) = g_value_get_uint (value);
      break;

    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_listening_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseServer:host:
   *
   * The name or address to listen on.
   *
   * `NULL`, the default, is the loopback addresses 127.0.0.1 and ::1. With any
   * address that others can reach, a [property@RuntimeUse.Server:token] is
   * needed, or [property@RuntimeUse.Server:insecure-no-auth].
   *
   * Since: 0.1
   */
  properties[PROP_HOST] =
    g_param_spec_string ("host", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseServer:port:
   *
   * The TCP port to listen on; 0 for one that is free. 8080 by default.
   *
   * Once the server was started this is the real one.
   *
   * Since: 0.1
   */
  properties[PROP_PORT] =
    g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, DEFAULT_PORT, flags);

  /**
   * RuntimeUseServer:listen-backlog:
   *
   * How many connections the kernel may hold until they are accepted; 4,096 by
   * default.
   *
   * Since: 0.1
   */
  properties[PROP_LISTEN_BACKLOG] =
    g_param_spec_uint ("listen-backlog", NULL, NULL, 1, G_MAXINT, DEFAULT_LISTEN_BACKLOG, flags);

  /**
   * RuntimeUseServer:max-connections:
   *
   * How many connections there may be at a time.
   *
   * Whoever comes beyond that gets the status 503. With 0, the default, it is
   * what the limit of open files allows at the start, less a reserve of a
   * quarter for commands and files.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_CONNECTIONS] =
    g_param_spec_uint ("max-connections", NULL, NULL, 0, G_MAXINT, 0, flags);

  /**
   * RuntimeUseServer:logger:
   *
   * Where the server reports trouble. Setting `NULL` changes nothing.
   *
   * Since: 0.1
   */
  properties[PROP_LOGGER] =
    g_param_spec_object ("logger", NULL, NULL, RUNTIME_USE_TYPE_LOGGER, flags);
}

static void
install_admission_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseServer:allowed-origins:
   *
   * The origins, such as `https://example.org`, whose web pages may connect.
   *
   * None by default. Clients that are no web page send no origin and need not
   * be named.
   *
   * Since: 0.1
   */
  properties[PROP_ALLOWED_ORIGINS] =
    g_param_spec_boxed ("allowed-origins", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseServer:allowed-hosts:
   *
   * Names, with or without a port, that clients may call this machine by.
   *
   * None by default. The names and addresses of the loopback interface and
   * [property@RuntimeUse.Server:host] need not be named. A client that shows
   * the right token may use any.
   *
   * Since: 0.1
   */
  properties[PROP_ALLOWED_HOSTS] =
    g_param_spec_boxed ("allowed-hosts", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseServer:token:
   *
   * What clients have to show, as `Authorization: Bearer` or as the query
   * parameter `token`; `NULL`, the default, if they need not.
   *
   * It cannot be read: only a digest of it is kept.
   *
   * Since: 0.1
   */
  properties[PROP_TOKEN] =
    g_param_spec_string ("token", NULL, NULL, NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseServer:insecure-no-auth:
   *
   * Whether to serve other machines without a token.
   *
   * Whoever reaches the port can then run commands. `FALSE` by default.
   *
   * Since: 0.1
   */
  properties[PROP_INSECURE_NO_AUTH] =
    g_param_spec_boolean ("insecure-no-auth", NULL, NULL, FALSE, flags);
}

static void
install_connection_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseServer:max-message-size:
   *
   * How many bytes one message of a client may have, over all its frames.
   *
   * Who announces more is disconnected with the close code 1009. 104,857,600
   * (100 MiB) by default.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_MESSAGE_SIZE] =
    g_param_spec_uint64 ("max-message-size", NULL, NULL,
                         1, MAX_MESSAGE_SIZE, RUNTIME_USE_LIMIT_INCOMING_MESSAGE, flags);

  /**
   * RuntimeUseServer:max-unfinished-size:
   *
   * How many bytes there may be, over all connections, of messages that have
   * not come whole.
   *
   * A client whose message would go beyond that is disconnected with the close
   * code 1013, and may try again later. The bytes that have come count, until
   * the message is complete or the connection gone with its session. A message
   * is never refused for its first 64 KiB, which count as well. Memory may be
   * up to twice as much while buffers grow. 536,870,912 (512 MiB) by default.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_UNFINISHED_SIZE] =
    g_param_spec_uint64 ("max-unfinished-size", NULL, NULL,
                         1, G_MAXUINT64, RUNTIME_USE_LIMIT_UNFINISHED_MESSAGES, flags);

  /**
   * RuntimeUseServer:handshake-timeout:
   *
   * How long a client may take to ask for a WebSocket, in seconds; 10 by
   * default.
   *
   * Since: 0.1
   */
  properties[PROP_HANDSHAKE_TIMEOUT] =
    g_param_spec_uint ("handshake-timeout", NULL, NULL,
                       1, MAX_SECONDS, DEFAULT_HANDSHAKE_TIMEOUT, flags);

  /**
   * RuntimeUseServer:ping-interval:
   *
   * After how many seconds without anything from a client it is sent a ping; 0
   * for never. A client that leaves two in a row unanswered is dead. 30
   * by default.
   *
   * Since: 0.1
   */
  properties[PROP_PING_INTERVAL] =
    g_param_spec_uint ("ping-interval", NULL, NULL, 0, MAX_SECONDS, DEFAULT_PING_INTERVAL, flags);

  /**
   * RuntimeUseServer:stall-timeout:
   *
   * After how many seconds a client is disconnected that takes nothing of what
   * it is sent; 0 for never. 600 by default.
   *
   * Since: 0.1
   */
  properties[PROP_STALL_TIMEOUT] =
    g_param_spec_uint ("stall-timeout", NULL, NULL, 0, MAX_SECONDS, DEFAULT_STALL_TIMEOUT, flags);
}

static void
install_session_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseServer:handler:
   *
   * The agent that answers invocations; without one they are answered with an
   * error, and commands work.
   *
   * Since: 0.1
   */
  properties[PROP_HANDLER] =
    g_param_spec_object ("handler", NULL, NULL, RUNTIME_USE_TYPE_AGENT_HANDLER, flags);
}

/**
 * RuntimeUseServer:cancel-grace:
 *
 * In milliseconds, 5,000 by default: see [property@RuntimeUse.Session:cancel-grace].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:kill-grace:
 *
 * In milliseconds, 2,000 by default: see [property@RuntimeUse.Session:kill-grace].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:invocation-timeout:
 *
 * In seconds, a day by default: see [property@RuntimeUse.Session:invocation-timeout].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:command-timeout:
 *
 * In seconds, a day by default: see [property@RuntimeUse.Session:command-timeout].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:heartbeat-interval:
 *
 * In milliseconds, 15,000 by default: see [property@RuntimeUse.Session:heartbeat-interval].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:redact-env:
 *
 * `RUNTIME_USE_REDACT_ENV_SECRETS` by default: see
 * [property@RuntimeUse.Session:redact-env].
 *
 * Since: 0.1
 */

static void
install_signals (GType type)
{
  /**
   * RuntimeUseServer::invocation:
   * @self: the server
   * @invocation: what is asked for
   *
   * A client asks the agent something.
   *
   * A handler that takes @invocation keeps it, returns `TRUE`, and completes it
   * later. The first one that does is the last that is asked; when nobody
   * takes it, it goes to [property@RuntimeUse.Server:handler].
   *
   * Neither a handler of this signal nor the agent may run a main loop of its
   * own inside the call: nothing is read from this client until the call
   * returns, so that its pings get no answer and a cancel is not heard. Other
   * clients are served meanwhile.
   *
   * Returns: `TRUE` if @invocation was taken
   *
   * Since: 0.1
   */
  signals[SIGNAL_INVOCATION] =
    g_signal_new ("invocation",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN,
                  1, RUNTIME_USE_TYPE_INVOCATION);

  /**
   * RuntimeUseServer::session-opened:
   * @self: the server
   * @session: the new session
   *
   * A client connected and was let in.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SESSION_OPENED] =
    g_signal_new ("session-opened",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, RUNTIME_USE_TYPE_SESSION);

  /**
   * RuntimeUseServer::session-closed:
   * @self: the server
   * @session: a session that came to its end
   *
   * A client is gone, and all that was running for it.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, RUNTIME_USE_TYPE_SESSION);
}

static void
runtime_use_server_class_init (RuntimeUseServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_server_dispose;
  object_class->finalize = runtime_use_server_finalize;
  object_class->get_property = runtime_use_server_get_property;
  object_class->set_property = runtime_use_server_set_property;

  install_listening_properties ();
  install_admission_properties ();
  install_connection_properties ();
  install_session_properties ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_session_settings_install (object_class, PROP_FIRST_SETTING);

  install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
runtime_use_server_init (RuntimeUseServer *self)
{
  self->port = DEFAULT_PORT;
  self->max_message_size = RUNTIME_USE_LIMIT_INCOMING_MESSAGE;
  self->max_unfinished_size = RUNTIME_USE_LIMIT_UNFINISHED_MESSAGES;
  self->handshake_timeout = DEFAULT_HANDSHAKE_TIMEOUT;
  self->ping_interval = DEFAULT_PING_INTERVAL;
  self->stall_timeout = DEFAULT_STALL_TIMEOUT;
  self->listen_backlog = DEFAULT_LISTEN_BACKLOG;
  self->logger = runtime_use_logger_new (NULL);
  _runtime_use_session_settings_init (&self->settings);
  self->session_handler = _runtime_use_server_handler_new (self);
  self->sessions = _runtime_use_session_list_new ();
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * runtime_use_server_new:
 *
 * Makes a server that is not started yet.
 *
 * Returns: (transfer full): a new server
 *
 * Since: 0.1
 */
RuntimeUseServer *
runtime_use_server_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_SERVER, NULL);
}

/**
 * runtime_use_server_start:
 * @self: a server that is not running
 * @error: return location for an error, or `NULL`
 *
 * Starts to serve in the thread-default main context.
 *
 * If [property@RuntimeUse.Server:host] can be reached by others and there is
 * neither a token nor [property@RuntimeUse.Server:insecure-no-auth],
 * `RUNTIME_USE_ERROR_INVALID_ARGUMENT` is returned. If the host is a name, this
 * blocks until it is resolved. If the address cannot be listened on, the error
 * of the operating system is returned. While the server is being stopped this
 * fails with `RUNTIME_USE_ERROR_BUSY`.
 *
 * Returns: `TRUE` once connections are accepted, `FALSE` with @error set
 *   otherwise
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_start (RuntimeUseServer  *self,
                          GError           **error)
{
  g_autoptr(GPtrArray) addresses = NULL;
  g_autoptr(RuntimeUseListener) listener = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);
  g_return_val_if_fail (self->listener == NULL || self->stop_deadline != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->listener != NULL)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                           "The server is being stopped: start it again when that is done");
      return FALSE;
    }

  addresses = find_addresses (self, error);
  if (addresses == NULL || !check_auth (self, addresses, error))
    return FALSE;

  listener = _runtime_use_listener_new (build_options (self), self->max_connections, self->logger,
                                        &listener_events, self);
  if (!_runtime_use_listener_start (listener, addresses, self->listen_backlog, error))
    return FALSE;

  self->clock = _runtime_use_main_clock_new ();
  self->context = g_main_context_ref_thread_default ();
  self->listener = g_steal_pointer (&listener);
  /* What runs commands is kept ready between sessions. */
  _runtime_use_job_pool_hold ();
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);

  return TRUE;
}

/**
 * runtime_use_server_stop_async:
 * @self: a server
 * @cancellable: (nullable): a cancellable; cancelling ends the waiting, not the stopping
 * @callback: (scope async) (nullable): called when nothing is left
 * @user_data: data for @callback
 *
 * Stops to serve.
 *
 * Nobody is let in any more, all that sessions are running is ended, and their
 * clients are told that the server goes away, with the close code 1001. What
 * has not come to its end after 4.5 seconds is cut off. Then the server has no
 * connection, process or timer left, and may be started again.
 *
 * Since: 0.1
 */
void
runtime_use_server_stop_async (RuntimeUseServer    *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GPtrArray) sessions = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_server_stop_async);
  if (self->listener == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_ptr_array_add (self->stop_tasks, g_steal_pointer (&task));
  if (self->stop_deadline != NULL)
    return;

  self->stop_deadline = g_timeout_source_new (STOP_TIMEOUT_MS);
  g_source_set_callback (self->stop_deadline, stop_deadline_cb, self, NULL);
  g_source_attach (self->stop_deadline, self->context);
  _runtime_use_listener_stop_accepting (self->listener);

  sessions = _runtime_use_session_list_dup_all (self->sessions);
  for (guint i = 0; i < sessions->len; i++)
    stop_session (self, g_ptr_array_index (sessions, i));

  check_stop (self);
}

/**
 * runtime_use_server_stop_finish:
 * @self: a server
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Server.stop_async].
 *
 * Returns: `TRUE`, or `FALSE` with @error set if the waiting was cancelled
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_stop_finish (RuntimeUseServer  *self,
                                GAsyncResult      *result,
                                GError           **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_server_is_running:
 * @self: a server
 *
 * Gets whether the server was started and has not been stopped since.
 *
 * Returns: `TRUE` until [method@RuntimeUse.Server.stop_async] has done its work
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_is_running (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);

  return self->listener != NULL;
}

/**
 * runtime_use_server_get_port: (get-property port)
 * @self: a server
 *
 * Gets the port that the server listens on, or will listen on.
 *
 * Returns: a port; 0 when any will do and the server is not running
 *
 * Since: 0.1
 */
guint
runtime_use_server_get_port (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), 0);

  return self->listener != NULL ? _runtime_use_listener_get_port (self->listener) : self->port;
}

/**
 * runtime_use_server_list_sessions:
 * @self: a server
 *
 * Gets the sessions that there are, oldest first.
 *
 * The list changes as clients come and go.
 *
 * Returns: (transfer full): a list of [class@RuntimeUse.Session]
 *
 * Since: 0.1
 */
GListModel *
runtime_use_server_list_sessions (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), NULL);

  return g_object_ref (G_LIST_MODEL (self->sessions));
}
