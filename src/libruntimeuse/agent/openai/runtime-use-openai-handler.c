/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-openai-handler.h"

#include "runtime-use-environment-proxy-private.h"
#include "runtime-use-error.h"
#include "runtime-use-invocation-private.h"
#include "runtime-use-openai-conversation-private.h"
#include "runtime-use-setting-private.h"
#include "runtime-use-trust-private.h"

#include <string.h>

#define DEFAULT_BASE_URL "https://api.openai.com/v1"

#define MAX_SECONDS (G_MAXINT / 1000)

/* Connections that are kept are closed after so many seconds. */
#define KEPT_TIMEOUT 60

#define MAX_CONNECTIONS 1000

/**
 * RuntimeUseOpenaiHandler:
 *
 * An agent with a model of OpenAI, or of any server that speaks its language.
 *
 * The model gets the prompts of the invocation and two tools: a shell, whose
 * commands run here like those of a request, and with the Responses API the web
 * search of the service. It is asked again, with what the commands printed,
 * until it has answered. What it says is sent to the client message by message;
 * what commands print, as their output. With an output format the answer is
 * checked against the schema, and the model is told what is wrong up to two
 * times.
 *
 * The service is that of `OPENAI_BASE_URL`, which ends in `/v1` for most, and
 * takes the key `OPENAI_API_KEY`; `OPENAI_ORG_ID` and `OPENAI_PROJECT_ID` are
 * passed on. Each may come from the variables of the request, or else from the
 * environment of this process; one that is empty in the request is not set. A
 * request with an `OPENAI_BASE_URL` of its own gets neither key nor organisation
 * nor project of this process, which are for the address of this process only.
 * Other servers than OpenAI's need no key. The model is the one that the request
 * names.
 *
 * A proxy is used if the environment of this process has `https_proxy`,
 * `http_proxy` or `all_proxy`, except for loopback addresses and what
 * `no_proxy` names; settings of a desktop do not count.
 *
 * Answers with the status 408, 409, 429 or 5xx and connections that fail, or
 * are not made in time, are tried again, but nothing is once an answer has
 * begun.
 *
 * Since: 0.1
 */

struct _RuntimeUseOpenaiHandler
{
  GObject                         parent_instance;

  RuntimeUseOpenaiApi             api;
  char                           *base_url;   /* (nullable) */
  RuntimeUseOpenaiSettings        settings;

  SoupSession                    *session;    /* (nullable): nothing was asked yet */
  SoupSession                    *proxied;    /* (nullable): the same by a proxy, */
  char                           *proxied_at; /* (nullable): for this base URL */
  const RuntimeUseOpenaiDialect  *found;      /* (nullable): not known */
  char                           *found_at;   /* (nullable): the base URL of that */
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseOpenaiHandler, runtime_use_openai_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

typedef enum
{
  PROP_API = 1,
  PROP_BASE_URL,
  PROP_FIRST_SETTING,
} RuntimeUseOpenaiHandlerProperty;

static GParamSpec *properties[PROP_BASE_URL + 1];

static const RuntimeUseSetting settings[] = {
  /**
   * RuntimeUseOpenaiHandler:max-retries:
   *
   * How often a request is sent again that was not answered.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-retries", RuntimeUseOpenaiSettings, max_retries, 0, 100, 2),

  /**
   * RuntimeUseOpenaiHandler:connect-timeout:
   *
   * How long it may take to connect to the service, in seconds.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("connect-timeout", RuntimeUseOpenaiSettings, connect_timeout,
                              1, MAX_SECONDS, 30),

  /**
   * RuntimeUseOpenaiHandler:idle-timeout:
   *
   * How long the service may say nothing before and within an answer, in
   * seconds.
   *
   * Models that think say nothing for a while. The time does not run while the
   * client is slower than the model.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("idle-timeout", RuntimeUseOpenaiSettings, idle_timeout,
                              1, MAX_SECONDS, 600),

  /**
   * RuntimeUseOpenaiHandler:max-turns:
   *
   * How often the model is asked for one invocation.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-turns", RuntimeUseOpenaiSettings, max_turns, 1, G_MAXINT, 10),

  /**
   * RuntimeUseOpenaiHandler:tool-timeout:
   *
   * How long a command may take when the model does not say, in milliseconds.
   *
   * The model is told when one has taken too long.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("tool-timeout", RuntimeUseOpenaiSettings, tool_timeout,
                              1, G_MAXINT, 30 * 1000),

  /**
   * RuntimeUseOpenaiHandler:max-tool-output:
   *
   * How much of each output of a command the model gets, in bytes.
   *
   * Of what is longer it gets beginning and end, with a note between them. The
   * model may ask for less. The client gets all of it.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-tool-output", RuntimeUseOpenaiSettings, max_tool_output,
                            0, 64 * 1024 * 1024, 1024 * 1024),

  /**
   * RuntimeUseOpenaiHandler:max-conversation-size:
   *
   * How large a conversation may get, in bytes of what is sent to the model.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-conversation-size", RuntimeUseOpenaiSettings, max_size,
                            0, G_MAXINT64, 256 * 1024 * 1024),

  /**
   * RuntimeUseOpenaiHandler:keys-for-tools:
   *
   * Whether commands get the key from the environment of this process.
   *
   * They get the one that the variables of a request hold in any case.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SWITCH_SETTING ("keys-for-tools", RuntimeUseOpenaiSettings, keys_for_tools, FALSE),
};

/* --- where the model is --- */

/* What the request says goes before what this process was started with; empty is none. */
static const char *
find_variable (const char * const *env,
               gboolean            may_be_ours,
               const char         *name)
{
  const char *value = env != NULL ? g_environ_getenv ((char **) env, name) : NULL;

  if (value == NULL && may_be_ours)
    value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : NULL;
}

/* The key of this process is for the address of this process only. A request must not have it
 * sent elsewhere, be it with an address of its own or by taking ours away. */
static gboolean
is_address_of_request (RuntimeUseOpenaiHandler *self,
                       const char * const      *env)
{
  const char *theirs = env != NULL ? g_environ_getenv ((char **) env, "OPENAI_BASE_URL") : NULL;

  if (self->base_url != NULL || theirs == NULL)
    return FALSE;

  return *theirs != '\0' || find_variable (NULL, TRUE, "OPENAI_BASE_URL") != NULL;
}

static gboolean
is_header_value (const char *text)
{
  for (; *text != '\0'; text++)
    if (*text < 0x21 || *text > 0x7e)
      return FALSE;

  return TRUE;
}

/* Its value is not repeated: it may be a key. */
static gboolean
read_header (const char * const  *env,
             gboolean             may_be_ours,
             const char          *name,
             char               **value,
             GError             **error)
{
  const char *found = find_variable (env, may_be_ours, name);

  if (found == NULL)
    return TRUE;

  if (!is_header_value (found))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "%s has a character that it cannot have, such as a space or a line break", name);
      return FALSE;
    }

  *value = g_strdup (found);

  return TRUE;
}

/* Where the user info of @url begins, which may be no address, and how long it is; that of what is
 * none reaches as far as it may. */
static const char *
find_user_info (const char *url,
                gsize      *length)
{
  const char *scheme_end = strstr (url, "://");
  const char *start = scheme_end != NULL ? scheme_end + strlen ("://") : url;
  const char *end = g_strrstr_len (start, (gssize) strcspn (start, "/?#"), "@");

  if (end == NULL)
    end = strrchr (start, '@');
  *length = end != NULL ? (gsize) (end - start) : 0;

  return end != NULL ? start : NULL;
}

static char *
hide_user_info (const char *url)
{
  gsize length;
  const char *user_info = find_user_info (url, &length);

  if (user_info == NULL)
    return g_strdup (url);

  return g_strdup_printf ("%.*s%s", (int) (user_info - url), url, user_info + length + 1);
}

/* As it is written, and as it is meant. */
static void
add_password (GStrvBuilder *secrets,
              const char   *url)
{
  gsize length;
  const char *user_info = url != NULL ? find_user_info (url, &length) : NULL;
  const char *colon = user_info != NULL ? memchr (user_info, ':', length) : NULL;
  g_autofree char *written = NULL;
  g_autofree char *meant = NULL;

  if (colon == NULL)
    return;

  written = g_strndup (colon + 1, length - (gsize) (colon + 1 - user_info));
  meant = g_uri_unescape_string (written, NULL);
  if (*written != '\0')
    g_strv_builder_add (secrets, written);
  if (meant != NULL && *meant != '\0' && !g_str_equal (meant, written))
    g_strv_builder_add (secrets, meant);
}

static gboolean
is_usable_url (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;

  return (g_strcmp0 (scheme, "http") == 0 || g_strcmp0 (scheme, "https") == 0) &&
         g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
         g_uri_get_query (uri) == NULL && g_uri_get_fragment (uri) == NULL;
}

static gboolean
read_base_url (RuntimeUseOpenaiHandler  *self,
               const char * const       *env,
               RuntimeUseOpenaiService  *service,
               GError                  **error)
{
  const char *url = self->base_url != NULL ? self->base_url
                                           : find_variable (env, TRUE, "OPENAI_BASE_URL");
  gsize length;

  if (url == NULL)
    url = DEFAULT_BASE_URL;
  if (!is_usable_url (url))
    {
      g_autofree char *shown = hide_user_info (url);

      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "OPENAI_BASE_URL must be an address such as %s, not \"%s\"", DEFAULT_BASE_URL,
                   shown);
      return FALSE;
    }

  length = strlen (url);
  while (url[length - 1] == '/')
    length--;
  service->base_url = g_strndup (url, length);

  return TRUE;
}

static gboolean
find_service (RuntimeUseOpenaiHandler  *self,
              const char * const       *env,
              RuntimeUseOpenaiService  *service,
              GError                  **error)
{
  gboolean is_ours = !is_address_of_request (self, env);

  if (!read_base_url (self, env, service, error) ||
      !read_header (env, is_ours, "OPENAI_API_KEY", &service->key, error) ||
      !read_header (env, is_ours, "OPENAI_ORG_ID", &service->organization, error) ||
      !read_header (env, is_ours, "OPENAI_PROJECT_ID", &service->project, error))
    return FALSE;

  if (service->key != NULL || !g_str_equal (service->base_url, DEFAULT_BASE_URL))
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, is_ours
                       ? "Missing credentials: set OPENAI_API_KEY in the environment of the "
                         "runtime or in agent_env, or set OPENAI_BASE_URL for a server that needs "
                         "no key"
                       : "Missing credentials: agent_env has OPENAI_BASE_URL, and so has to have "
                         "OPENAI_API_KEY");

  return FALSE;
}

/* --- the API --- */

static void
found_cb (const char                    *base_url,
          const RuntimeUseOpenaiDialect *dialect,
          gpointer                       user_data)
{
  RuntimeUseOpenaiHandler *self = user_data;

  if (g_strcmp0 (self->found_at, base_url) == 0)
    self->found = dialect;
}

/* What was found out at one address says nothing about another. */
static const RuntimeUseOpenaiDialect *
choose_dialect (RuntimeUseOpenaiHandler *self,
                RuntimeUseOpenaiService *service)
{
  if (self->api == RUNTIME_USE_OPENAI_API_CHAT)
    return &_runtime_use_openai_chat;
  if (self->api == RUNTIME_USE_OPENAI_API_RESPONSES ||
      g_str_equal (service->base_url, DEFAULT_BASE_URL))
    return &_runtime_use_openai_responses;

  if (g_strcmp0 (self->found_at, service->base_url) != 0)
    {
      g_free (self->found_at);
      self->found_at = g_strdup (service->base_url);
      self->found = NULL;
    }
  service->may_be_chat = self->found == NULL;

  return self->found != NULL ? self->found : &_runtime_use_openai_responses;
}

static SoupSession *
make_session (GProxyResolver     *resolver,
              GSocketConnectable *route)
{
  return soup_session_new_with_options ("max-conns", MAX_CONNECTIONS,
                                        "max-conns-per-host", MAX_CONNECTIONS,
                                        "idle-timeout", KEPT_TIMEOUT,
                                        "proxy-resolver", resolver,
                                        "remote-connectable", route,
                                        "timeout", 0,
                                        NULL);
}

/* Gives NULL with an error if a variable names no proxy. */
static SoupSession *
need_session (RuntimeUseOpenaiHandler  *self,
              const char               *base_url,
              GError                  **error)
{
  g_autoptr(GProxyResolver) resolver = _runtime_use_environment_proxy_new (error);
  g_autoptr(GSocketConnectable) route = NULL;

  if (resolver == NULL)
    return NULL;

  route = _runtime_use_environment_proxy_find_route (resolver, base_url);
  if (route == NULL)
    {
      if (self->session == NULL)
        self->session = make_session (NULL, NULL);
      return self->session;
    }

  if (g_strcmp0 (self->proxied_at, base_url) != 0)
    {
      g_clear_object (&self->proxied);
      g_free (self->proxied_at);
      self->proxied = make_session (resolver, route);
      self->proxied_at = g_strdup (base_url);
    }

  return self->proxied;
}

static gboolean
is_https (const RuntimeUseOpenaiService *service)
{
  return g_ascii_strncasecmp (service->base_url, "https:", strlen ("https:")) == 0;
}

/* Takes what is in @service. */
static gboolean
converse (RuntimeUseOpenaiHandler  *self,
          RuntimeUseInvocation     *invocation,
          RuntimeUseOpenaiService  *service,
          GError                  **error)
{
  const char *schema = _runtime_use_invocation_get_output_format_json (invocation);
  RuntimeUseOutputFormat *format = NULL;
  SoupSession *session = need_session (self, service->base_url, error);

  if (session == NULL)
    return FALSE;
  if (is_https (service))
    _runtime_use_trust_apply (session);
  if (schema != NULL)
    {
      format = _runtime_use_output_format_new (schema, error);
      if (format == NULL)
        return FALSE;
    }

  _runtime_use_openai_converse (invocation, session, service, &self->settings,
                                choose_dialect (self, service), format, found_cb,
                                g_object_ref (self), g_object_unref);

  return TRUE;
}

/* An invocation that waits until it is known whose certificates are believed. */
typedef struct
{
  RuntimeUseOpenaiHandler *handler;
  RuntimeUseInvocation    *invocation;
  RuntimeUseOpenaiService  service;
} Waiting;

static void
trust_checked_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Waiting *waiting = user_data;
  gboolean is_over = runtime_use_invocation_get_cancellable (waiting->invocation) == NULL;
  g_autoptr(GError) error = NULL;

  if (!_runtime_use_trust_check_finish (result, &error) ||
      (!is_over && !converse (waiting->handler, waiting->invocation, &waiting->service, &error)))
    runtime_use_invocation_return_error (waiting->invocation, error);

  _runtime_use_openai_service_clear (&waiting->service);
  g_object_unref (waiting->invocation);
  g_object_unref (waiting->handler);
  g_free (waiting);
}

/* Takes what is in @service. */
static void
wait_for_trust (RuntimeUseOpenaiHandler *self,
                RuntimeUseInvocation    *invocation,
                RuntimeUseOpenaiService *service)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->handler = g_object_ref (self);
  waiting->invocation = g_object_ref (invocation);
  waiting->service = *service;
  memset (service, 0, sizeof *service);
  _runtime_use_trust_check_async (trust_checked_cb, waiting);
}

static gboolean
runtime_use_openai_handler_run (RuntimeUseAgentHandler  *handler,
                                RuntimeUseInvocation    *invocation,
                                GError                 **error)
{
  RuntimeUseOpenaiHandler *self = RUNTIME_USE_OPENAI_HANDLER (handler);
  g_auto(RuntimeUseOpenaiService) service = { 0 };

  if (*runtime_use_invocation_get_model (invocation) == '\0')
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                           "model must name a model for the agent \"openai\", but it is empty");
      return FALSE;
    }
  if (!find_service (self, _runtime_use_invocation_get_env_strv (invocation), &service, error))
    return FALSE;
  if (!is_https (&service) || _runtime_use_trust_is_ready ())
    return converse (self, invocation, &service, error);

  wait_for_trust (self, invocation, &service);

  return TRUE;
}

/* Those of both may be used, by different requests. */
static char **
runtime_use_openai_handler_dup_secrets (RuntimeUseAgentHandler *handler,
                                        const char * const     *env)
{
  g_autoptr(GStrvBuilder) secrets = g_strv_builder_new ();
  const char *ours = g_getenv ("OPENAI_API_KEY");
  const char *theirs = env != NULL ? g_environ_getenv ((char **) env, "OPENAI_API_KEY") : NULL;
  RuntimeUseOpenaiHandler *self = RUNTIME_USE_OPENAI_HANDLER (handler);

  if (ours != NULL && *ours != '\0')
    g_strv_builder_add (secrets, ours);
  if (theirs != NULL && *theirs != '\0')
    g_strv_builder_add (secrets, theirs);
  add_password (secrets, self->base_url);
  add_password (secrets, find_variable (NULL, TRUE, "OPENAI_BASE_URL"));
  add_password (secrets, find_variable (env, FALSE, "OPENAI_BASE_URL"));

  return g_strv_builder_end (secrets);
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_openai_handler_run;
  iface->dup_secrets = runtime_use_openai_handler_dup_secrets;
}

/* --- GObject --- */

static void
runtime_use_openai_handler_finalize (GObject *object)
{
  RuntimeUseOpenaiHandler *self = RUNTIME_USE_OPENAI_HANDLER (object);

  g_clear_object (&self->session);
  g_clear_object (&self->proxied);
  g_free (self->proxied_at);
  g_free (self->base_url);
  g_free (self->found_at);

  G_OBJECT_CLASS (runtime_use_openai_handler_parent_class)->finalize (object);
}

static void
runtime_use_openai_handler_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  RuntimeUseOpenaiHandler *self = RUNTIME_USE_OPENAI_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    _runtime_use_setting_get (&settings[prop_id - PROP_FIRST_SETTING], &self->settings, value);
  else if (prop_id == PROP_API)
    g_value_set_enum (value, self->api);
  else
    g_value_set_string (value, self->base_url);
}

static void
runtime_use_openai_handler_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  RuntimeUseOpenaiHandler *self = RUNTIME_USE_OPENAI_HANDLER (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_setting_set (&settings[prop_id - PROP_FIRST_SETTING], &self->settings, value);
    }
  else if (prop_id == PROP_API)
    {
      self->api = g_value_get_enum (value);
    }
  else
    {
      g_free (self->base_url);
      self->base_url = g_value_dup_string (value);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseOpenaiHandler:api:
   *
   * Which API of the service is used.
   *
   * Since: 0.1
   */
  properties[PROP_API] =
    g_param_spec_enum ("api", NULL, NULL, RUNTIME_USE_TYPE_OPENAI_API, RUNTIME_USE_OPENAI_API_AUTO,
                       flags);

  /**
   * RuntimeUseOpenaiHandler:base-url:
   *
   * Where the service is, or `NULL` for what `OPENAI_BASE_URL` says.
   *
   * Since: 0.1
   */
  properties[PROP_BASE_URL] = g_param_spec_string ("base-url", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class,
                                 PROP_FIRST_SETTING, flags);
}

static void
runtime_use_openai_handler_class_init (RuntimeUseOpenaiHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_openai_handler_finalize;
  object_class->get_property = runtime_use_openai_handler_get_property;
  object_class->set_property = runtime_use_openai_handler_set_property;
  install_properties (object_class);
}

static void
runtime_use_openai_handler_init (RuntimeUseOpenaiHandler *self)
{
}

/**
 * runtime_use_openai_handler_new:
 *
 * Makes an agent that uses a model of OpenAI, or one that is served likewise.
 *
 * Returns: (transfer full) (type RuntimeUse.OpenaiHandler): a new handler
 *
 * Since: 0.1
 */
RuntimeUseAgentHandler *
runtime_use_openai_handler_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_OPENAI_HANDLER, NULL);
}
