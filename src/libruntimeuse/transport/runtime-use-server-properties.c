/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-server-private.h"

#include <string.h>

#include "runtime-use-limits-private.h"
#include "runtime-use-setting-private.h"

/*
 * The properties of a server: their defaults and limits, and what is kept of them.
 */

#define DEFAULT_PORT 8080

/* libsoup keeps a message in an array that is not made for more. */
#define MAX_MESSAGE_SIZE (1024 * 1024 * 1024)

/* In seconds; more does not fit into milliseconds. */
#define MAX_SECONDS (G_MAXINT / 1000)

static const RuntimeUseSetting settings[] = {
  /**
   * RuntimeUseServer:listen-default:
   *
   * Whether to listen on [property@RuntimeUse.Server:host] and
   * [property@RuntimeUse.Server:port].
   *
   * `TRUE` by default. If not, there have to be other addresses or sockets: see
   * [method@RuntimeUse.Server.add_address] and
   * [method@RuntimeUse.Server.add_socket].
   *
   * Since: 0.1
   */
  RUNTIME_USE_SWITCH_SETTING ("listen-default", RuntimeUseServer, listen_default, TRUE),

  /**
   * RuntimeUseServer:listen-backlog:
   *
   * How many connections the kernel may hold until they are accepted; 4,096 by
   * default.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("listen-backlog", RuntimeUseServer, listen_backlog,
                              1, G_MAXINT, 4096),

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
  RUNTIME_USE_NUMBER_SETTING ("max-connections", RuntimeUseServer, max_connections, 0, G_MAXINT, 0),

  /**
   * RuntimeUseServer:insecure-no-auth:
   *
   * Whether to serve other machines without a token.
   *
   * Whoever reaches the port can then run commands. `FALSE` by default.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SWITCH_SETTING ("insecure-no-auth", RuntimeUseServer, insecure_no_auth, FALSE),

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
  RUNTIME_USE_SIZE_SETTING ("max-message-size", RuntimeUseServer, max_message_size,
                            1, MAX_MESSAGE_SIZE, RUNTIME_USE_LIMIT_INCOMING_MESSAGE),

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
  RUNTIME_USE_SIZE_SETTING ("max-unfinished-size", RuntimeUseServer, max_unfinished_size,
                            1, G_MAXUINT64, RUNTIME_USE_LIMIT_UNFINISHED_MESSAGES),

  /**
   * RuntimeUseServer:handshake-timeout:
   *
   * How long a client may take to ask for a WebSocket, in seconds; 10 by
   * default.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("handshake-timeout", RuntimeUseServer, handshake_timeout,
                              1, MAX_SECONDS, 10),

  /**
   * RuntimeUseServer:ping-interval:
   *
   * After how many seconds without anything from a client it is sent a ping; 0
   * for never. A client that leaves two in a row unanswered is dead. 30
   * by default.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("ping-interval", RuntimeUseServer, ping_interval, 0, MAX_SECONDS, 30),

  /**
   * RuntimeUseServer:stall-timeout:
   *
   * After how many seconds a client is disconnected that takes nothing of what
   * it is sent; 0 for never. 600 by default.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("stall-timeout", RuntimeUseServer, stall_timeout,
                              0, MAX_SECONDS, 600),

  /**
   * RuntimeUseServer:upload-timeout:
   *
   * After how many seconds without headway an artifact is given up that is
   * being sent. 30 by default. What is set after the start is of no effect.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("upload-timeout", RuntimeUseServer, upload_timeout,
                              1, MAX_SECONDS, 30),
};

typedef enum
{
  PROP_HANDLER = 1,
  PROP_HOST,
  PROP_PORT,
  PROP_ALLOWED_ORIGINS,
  PROP_ALLOWED_HOSTS,
  PROP_TOKEN,
  PROP_REFUSED_CONNECTIONS,
  PROP_DRAINING,
  PROP_LOGGER,
  PROP_FIRST_SETTING,
  PROP_FIRST_SESSION_SETTING = PROP_FIRST_SETTING + G_N_ELEMENTS (settings),
} RuntimeUseServerProperty;

static GParamSpec *properties[PROP_LOGGER + 1];

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
runtime_use_server_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  if (prop_id >= PROP_FIRST_SESSION_SETTING)
    {
      _runtime_use_session_settings_get_property (&self->settings,
                                                  prop_id - PROP_FIRST_SESSION_SETTING, value);
      return;
    }
  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_setting_get (&settings[prop_id - PROP_FIRST_SETTING], self, value);
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

    case PROP_REFUSED_CONNECTIONS:
      g_value_set_uint64 (value, self->n_refused);
      break;

    case PROP_DRAINING:
      g_value_set_boolean (value, self->is_draining);
      break;

    case PROP_LOGGER:
      g_value_set_object (value, self->logger);
      break;

    case PROP_TOKEN:
    case PROP_FIRST_SETTING:
    case PROP_FIRST_SESSION_SETTING:
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

  if (prop_id >= PROP_FIRST_SESSION_SETTING)
    {
      _runtime_use_session_settings_set_property (&self->settings,
                                                  prop_id - PROP_FIRST_SESSION_SETTING, value);
      return;
    }
  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_setting_set (&settings[prop_id - PROP_FIRST_SETTING], self, value);
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

    case PROP_PORT:
      self->port = g_value_get_uint (value);
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

    case PROP_LOGGER:
      if (g_value_get_object (value) != NULL)
        g_set_object (&self->logger, g_value_get_object (value));
      break;

    case PROP_REFUSED_CONNECTIONS:
    case PROP_DRAINING:
    case PROP_FIRST_SETTING:
    case PROP_FIRST_SESSION_SETTING:
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
}

static void
install_admission_state (void)
{
  /**
   * RuntimeUseServer:refused-connections:
   *
   * How many requests of clients were refused.
   *
   * There is no notification: it is a counter, to be read when needed. See
   * [method@RuntimeUse.Server.get_refused_connections].
   *
   * Since: 0.1
   */
  properties[PROP_REFUSED_CONNECTIONS] =
    g_param_spec_uint64 ("refused-connections", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseServer:draining:
   *
   * Whether the server lets nobody in any more: see
   * [method@RuntimeUse.Server.drain].
   *
   * Since: 0.1
   */
  properties[PROP_DRAINING] =
    g_param_spec_boolean ("draining", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
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
 * RuntimeUseServer:artifact-quiet:
 *
 * How long nothing must have happened to a file in an artifact folder that its
 * last writer has closed before it is offered, in milliseconds. 40 by default.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:artifact-hold:
 *
 * How long the answer to a request is held back at most until the files that
 * were just written are on their way, in milliseconds. 5,000 by default.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:artifact-wait:
 *
 * How long the end of a session waits for answers to offers, in seconds, at
 * most 50. 45 by default.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:post-invocation-delay:
 *
 * How long an invocation waits before its result, in milliseconds. 0 by
 * default.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:allow-local-downloads:
 *
 * Whether files may be fetched from this machine and from networks that are not
 * public.
 *
 * Clients that run on the same machine serve files there, so the default is
 * `TRUE`. If not, see [property@RuntimeUse.DownloadHandler:allow-local].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:download-connect-timeout:
 *
 * How long it may take to look up the host of a file that is downloaded, and to
 * connect to it, in seconds.
 *
 * The default is 30.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:download-timeout:
 *
 * How long the download of a file may take, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:download-idle-timeout:
 *
 * How long nothing may arrive of a file that is downloaded, in seconds.
 *
 * The default is 60.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:max-download-size:
 *
 * How large a file may be that is downloaded, in bytes.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:max-extracted-size:
 *
 * How many bytes the members of an archive may have in all.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseServer:max-download-entries:
 *
 * How many members an archive may have that is downloaded and unpacked.
 *
 * The default is 500,000.
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

/**
 * RuntimeUseServer:shell:
 *
 * The program that commands are given to, `/bin/sh` by default: see
 * [property@RuntimeUse.Session:shell].
 *
 * Since: 0.1
 */

void
_runtime_use_server_install_properties (GObjectClass *object_class)
{
  object_class->get_property = runtime_use_server_get_property;
  object_class->set_property = runtime_use_server_set_property;

  install_listening_properties ();
  install_admission_properties ();
  install_admission_state ();
  install_session_properties ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class,
                                 PROP_FIRST_SETTING, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  _runtime_use_session_settings_install (object_class, PROP_FIRST_SESSION_SETTING);
}

void
_runtime_use_server_init_properties (RuntimeUseServer *self)
{
  self->port = DEFAULT_PORT;
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->logger = runtime_use_logger_new (NULL);
  _runtime_use_settings_init (settings, G_N_ELEMENTS (settings), self);
  _runtime_use_session_settings_init (&self->settings);
}

/* All but the handler, which is dropped earlier. */
void
_runtime_use_server_clear_properties (RuntimeUseServer *self)
{
  set_token (self, NULL);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  g_clear_pointer (&self->allowed_origins, g_strfreev);
  g_clear_pointer (&self->allowed_hosts, g_strfreev);
  g_clear_object (&self->logger);
  _runtime_use_session_settings_clear (&self->settings);
}
