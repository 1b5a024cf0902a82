/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-server.h"

#include "ruc-agent.h"
#include "ruc-limits.h"
#include "ruc-serve-listen.h"
#include "rud-background.h"
#include "rud-bus.h"
#include "rud-credential.h"
#include "rud-flatpak.h"
#include "rud-host-commands.h"
#include "rud-idle.h"
#include "rud-notifications.h"
#include "rud-notify.h"
#include "rud-pages.h"
#include "rud-scopes.h"
#include "rud-status.h"
#include "runtimeuse.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>

/* Whoever sends a signal counts on us to be gone after 5 s, when nothing is to be drained. What is
 * left then is ended by the programs that own it when they see us gone.
 */
#define STOP_DEADLINE_MS 4500

#define EXIT_INTERRUPTED (128 + SIGINT)

struct _RucServer
{
  RudConfig              *config;        /* (unowned) */
  RuntimeUseServer       *server;
  RuntimeUseAgentHandler *agent;         /* (nullable): not set up yet */
  RudStatus              *status;        /* (nullable): not set up yet */
  RudBus                 *bus;           /* (nullable): not set up yet */
  RudBackground          *background;
  RudNotifier            *notifier;      /* (nullable): not set up yet */
  RudNotifications       *notifications; /* (nullable): not set up yet */
  RudNotify              *notify;
  RudIdle                *idle;          /* (nullable): never ends by itself, or not serving */
  GMainLoop              *loop;
  GCancellable           *cancellable;   /* of the preparation */
  guint                   deadline_id;
  guint                   drain_id;      /* patience with what is drained */
  gulong                  left_id;       /* waits for the last session */
  gboolean                serving;
  gboolean                stopping;
  int                     exit_status;
  GError                 *error;         /* (nullable): what went wrong meanwhile */
};

/* How many seconds requests may go on after a signal. */
static guint
get_patience (RucServer *self)
{
  return (guint) rud_config_get_number (self->config, "drain-timeout");
}

/* The end, in its order: nobody new, what still runs, the name on the bus, the server, the agent */

static gboolean
deadline_cb (gpointer user_data)
{
  RucServer *self = user_data;

  self->deadline_id = 0;
  g_warning ("Not everything ended in time");
  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

static void
set_deadline (RucServer *self)
{
  if (self->deadline_id == 0)
    self->deadline_id = g_timeout_add (STOP_DEADLINE_MS, deadline_cb, self);
}

static void
agent_stopped_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  RucServer *self = user_data;

  g_main_loop_quit (self->loop);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RucServer *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!runtime_use_server_stop_finish (RUNTIME_USE_SERVER (object), result, &error))
    g_warning ("%s", error->message);
  ruc_agent_stop_async (self->agent, agent_stopped_cb, self);
}

static void
notices_gone_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RucServer *self = user_data;

  rud_notifier_stop_finish (self->notifier, result, NULL);
  runtime_use_server_stop_async (self->server, NULL, stopped_cb, self);
}

/* Notices are shown for as long as there is something to tell. */
static void
stop_server (RucServer *self)
{
  g_clear_object (&self->notifications);
  rud_notifier_stop_async (self->notifier, notices_gone_cb, self);
}

static void
bus_left_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RucServer *self = user_data;

  rud_bus_stop_finish (self->bus, result);
  stop_server (self);
}

/* Whoever finds us by our name finds somebody who has something to show or to cancel. */
static void
leave_bus (RucServer *self)
{
  g_clear_signal_handler (&self->left_id, self->server);
  g_clear_handle_id (&self->drain_id, g_source_remove);
  set_deadline (self);
  rud_bus_stop_async (self->bus, bus_left_cb, self);
}

static gboolean
drained_too_long_cb (gpointer user_data)
{
  RucServer *self = user_data;

  self->drain_id = 0;
  g_info ("Requests still run after %u s; they are cancelled", get_patience (self));
  leave_bus (self);

  return G_SOURCE_REMOVE;
}

static guint
count_sessions (RucServer *self)
{
  g_autoptr(GListModel) sessions = runtime_use_server_list_sessions (self->server);

  return g_list_model_get_n_items (sessions);
}

static void
session_closed_cb (RucServer *self)
{
  if (count_sessions (self) == 0)
    leave_bus (self);
}

static void
wait_for_sessions (RucServer *self)
{
  self->drain_id = g_timeout_add_seconds (get_patience (self), drained_too_long_cb, self);
  self->left_id = g_signal_connect_data (self->server, "session-closed",
                                         G_CALLBACK (session_closed_cb), self, NULL,
                                         G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

/* The first call ends all work in order, a second one leaves at once. */
static void
stop (RucServer *self,
      int        exit_status)
{
  guint patience = get_patience (self);

  self->exit_status = exit_status;
  if (self->stopping)
    {
      g_main_loop_quit (self->loop);
      return;
    }

  self->stopping = TRUE;
  if (!self->serving)
    {
      set_deadline (self);
      g_cancellable_cancel (self->cancellable);
      return;
    }

  runtime_use_server_drain (self->server);
  g_clear_pointer (&self->idle, rud_idle_free);
  rud_background_stop (self->background);
  rud_notify_stopping (self->notify, _("Ending"), patience);
  if (patience > 0 && count_sessions (self) > 0)
    wait_for_sessions (self);
  else
    leave_bus (self);
}

static gboolean
sigterm_cb (gpointer user_data)
{
  stop (user_data, EXIT_SUCCESS);

  return G_SOURCE_CONTINUE;
}

static gboolean
sigint_cb (gpointer user_data)
{
  stop (user_data, EXIT_INTERRUPTED);

  return G_SOURCE_CONTINUE;
}

static void
idle_cb (gpointer user_data)
{
  RucServer *self = user_data;

  g_info ("Nobody was connected for %u s",
          (guint) rud_config_get_number (self->config, "exit-idle"));
  stop (self, EXIT_SUCCESS);
}

/* What runs may end first. */
static void
forsaken_cb (RucServer *self)
{
  g_info ("The bus that has started this service is gone; it ends with its last session");
  runtime_use_server_drain (self->server);
}

/* Somebody on the bus wants the last session to be the end, however long that takes. */
static void
draining_cb (RucServer *self)
{
  if (self->stopping || !runtime_use_server_is_draining (self->server))
    return;

  if (count_sessions (self) == 0)
    stop (self, EXIT_SUCCESS);
}

/* The beginning */

/* What is wrong with a value of a file or the environment is found where that is said. */
static void
blame (RucServer   *self,
       const char  *key,
       GError     **error)
{
  const RudConfigValue *value = rud_config_lookup (self->config, RUD_CONFIG_MAIN, key);

  if (value->where != NULL && value->source != RUD_CONFIG_OPTION)
    g_prefix_error (error, "%s: ", value->where);
}

static gboolean
set_up_agent (RucServer  *self,
              GError    **error)
{
  self->agent = ruc_agent_new (self->config, error);
  if (self->agent == NULL)
    return FALSE;

  g_object_set (self->server, "handler", self->agent, NULL);

  return TRUE;
}

static gboolean
set_up_token (RucServer  *self,
              GError    **error)
{
  const RudConfigValue *file = rud_config_lookup (self->config, RUD_CONFIG_MAIN, "token-file");
  gboolean is_option = file->source == RUD_CONFIG_OPTION;
  gboolean in_variable = rud_credential_in_variable ();
  char *token = NULL;

  if (!rud_credential_read_token (is_option ? file->text : NULL, is_option ? NULL : file->text,
                                  &token, error))
    {
      if (!in_variable)
        blame (self, "token-file", error);
      return FALSE;
    }

  if (token != NULL)
    g_object_set (self->server, "token", token, NULL);
  rud_credential_free (token);

  return TRUE;
}

static void
set_up_server (RucServer *self)
{
  RudConfig *config = self->config;

  ruc_limits_apply (config, G_OBJECT (self->server));
  g_object_set (self->server,
                "port", (guint) rud_config_get_number (config, "port"),
                "host", rud_config_get_string (config, "host"),
                "allowed-origins", rud_config_get_strv (config, "allow-origin"),
                "allowed-hosts", rud_config_get_strv (config, "allowed-host"),
                "insecure-no-auth", rud_config_get_boolean (config, "insecure-no-auth"),
                "allow-local-downloads", !rud_config_get_boolean (config, "no-local-downloads"),
                NULL);
}

/* Commands that leave a Flatpak are in no scope of ours. */
static gboolean
set_up_host_commands (RucServer  *self,
                      GError    **error)
{
  if (!rud_config_get_boolean (self->config, "host-commands"))
    return TRUE;

  if (rud_config_get_boolean (self->config, "scopes"))
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           _("--host-commands and --scopes exclude each other: a command outside "
                             "of the Flatpak cannot be put into a scope"));
      return FALSE;
    }

  return rud_host_commands_set_up (self->server, RUD_FLATPAK_INFO, error);
}

static RudBusMode
get_bus_mode (RudConfig *config)
{
  const char *mode = rud_config_get_string (config, "bus-name");

  if (g_str_equal (mode, "required"))
    return RUD_BUS_REQUIRED;

  return g_str_equal (mode, "off") ? RUD_BUS_OFF : RUD_BUS_AUTO;
}

/* What shows to others what the server does. */
static void
set_up_doors (RucServer *self)
{
  const char *handler = rud_config_get_string (self->config, "handler");
  g_autofree char *agent = NULL;

  agent = handler != NULL ? g_path_get_basename (handler)
                          : g_strdup (rud_config_get_string (self->config, "agent"));
  self->status = rud_status_new (self->server, agent);
  self->bus = rud_bus_new (self->status, get_bus_mode (self->config));
  self->notifier = rud_notifier_new (rud_flatpak_is_inside (RUD_FLATPAK_INFO));
  self->notifications =
    rud_notifications_new (self->status, self->notifier,
                           rud_notify_mode_from_name (rud_config_get_string (self->config,
                                                                             "notify")),
                           (guint) rud_config_get_number (self->config, "notify-after"));
  rud_pages_add (self->status, rud_config_get_boolean (self->config, "metrics"));
  rud_notify_follow (self->notify, self->status);
  g_signal_connect_swapped (self->bus, "forsaken", G_CALLBACK (forsaken_cb), self);
  g_signal_connect_swapped (self->server, "notify::draining", G_CALLBACK (draining_cb), self);
  g_signal_connect_data (self->server, "session-closed", G_CALLBACK (draining_cb), self, NULL,
                         G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
prepared_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RucServer *self = user_data;

  ruc_agent_prepare_finish (self->agent, result, &self->error);
  g_main_loop_quit (self->loop);
}

static gboolean
take_error (RucServer  *self,
            GError    **error)
{
  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}

/* Whoever waits for the line that says we are ready wants an agent that is. */
static gboolean
prepare_agent (RucServer  *self,
               GError    **error)
{
  ruc_agent_prepare_async (self->agent, self->cancellable, prepared_cb, self);
  g_main_loop_run (self->loop);
  if (self->error != NULL)
    blame (self, "handler", &self->error);

  return take_error (self, error);
}

static void
scopes_tried_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RucServer *self = user_data;
  g_autoptr(GError) error = NULL;

  /* Not where it is said what went wrong, for doctor shows that as well. */
  if (!rud_scopes_try_finish (result, &error) && error->domain == RUNTIME_USE_ERROR)
    self->error = g_error_new (error->domain, error->code,
                               _("%s; leave out --scopes, or set \"scopes = false\"; "
                                 "\"runtimeuse doctor\" tells more"), error->message);
  else
    self->error = g_steal_pointer (&error);
  g_main_loop_quit (self->loop);
}

/* Tries them now, so that no request is the first to find out. */
static gboolean
prepare_scopes (RucServer  *self,
                GError    **error)
{
  const RudScopeLimits limits = {
    .memory_max = rud_config_get_string (self->config, "scope-memory-max"),
    .tasks_max = rud_config_get_string (self->config, "scope-tasks-max"),
    .cpu_quota = rud_config_get_string (self->config, "scope-cpu-quota"),
  };
  g_auto(GStrv) shell = NULL;

  if (!rud_config_get_boolean (self->config, "scopes"))
    return TRUE;

  shell = rud_scopes_dup_shell (&limits, error);
  if (shell == NULL)
    return FALSE;

  rud_scopes_try_async ((const char * const *) shell, self->cancellable, scopes_tried_cb, self);
  g_main_loop_run (self->loop);
  if (!take_error (self, error))
    return FALSE;

  g_object_set (self->server, "shell", shell, NULL);

  return TRUE;
}

/* For when there was nothing to serve; otherwise it has been stopped with the server. */
static void
stop_agent (RucServer *self)
{
  ruc_agent_stop_async (self->agent, agent_stopped_cb, self);
  g_main_loop_run (self->loop);
}

/* Only now are we all that we are going to be. */
static void
bus_started_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  RucServer *self = user_data;
  guint seconds = (guint) rud_config_get_number (self->config, "exit-idle");
  g_autoptr(GError) error = NULL;
  gboolean is_started = rud_bus_start_finish (self->bus, result, &error);

  /* Whoever stopped us knows why it did not come to that. */
  if (self->stopping)
    return;

  if (!is_started)
    {
      self->error = g_steal_pointer (&error);
      stop (self, EXIT_FAILURE);
      return;
    }

  if (get_bus_mode (self->config) == RUD_BUS_REQUIRED)
    ruc_serve_listen_say (self->server);
  rud_notify_ready (self->notify, NULL);
  if (seconds == 0)
    return;

  g_info ("Ends when nobody has been connected for %u s", seconds);
  self->idle = rud_idle_new (self->status, seconds * 1000, idle_cb, self);
}

/* A name that nobody finds is that of a wrong host. */
static gboolean
start_server (RucServer  *self,
              GError    **error)
{
  g_autoptr(GError) trouble = NULL;

  if (runtime_use_server_start (self->server, &trouble))
    return TRUE;

  if (trouble->domain == G_RESOLVER_ERROR)
    blame (self, "host", &trouble);
  g_propagate_error (error, g_steal_pointer (&trouble));

  return FALSE;
}

static void
serve_clients (RucServer *self)
{
  self->serving = TRUE;
  /* Without a name that has to be ours this is not going to last. */
  if (get_bus_mode (self->config) != RUD_BUS_REQUIRED)
    ruc_serve_listen_say (self->server);
  rud_bus_start_async (self->bus, bus_started_cb, self);
  rud_background_request (self->background, RUD_FLATPAK_INFO);

  g_main_loop_run (self->loop);
}

RucServer *
ruc_server_new (RudConfig *config)
{
  RucServer *self = g_new0 (RucServer, 1);

  self->config = config;
  self->server = runtime_use_server_new ();
  self->notify = rud_notify_new ();
  rud_notify_set_defaults (self->notify, config);
  self->background = rud_background_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();

  return self;
}

void
ruc_server_free (RucServer *self)
{
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_handle_id (&self->drain_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->server, self);
  if (self->bus != NULL)
    g_signal_handlers_disconnect_by_data (self->bus, self);
  g_clear_pointer (&self->idle, rud_idle_free);
  g_clear_pointer (&self->notify, rud_notify_free);
  g_clear_object (&self->background);
  g_clear_object (&self->notifications);
  g_clear_object (&self->notifier);
  g_clear_object (&self->bus);
  g_clear_object (&self->status);
  g_clear_object (&self->server);
  g_clear_object (&self->agent);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* Serves until there is a reason to end: a signal, nobody who needs us, somebody who says so.
 * @inherited: (element-type GSocket): to listen on
 * @exit_status: for the process; only when this returns TRUE
 */
gboolean
ruc_server_run (RucServer  *self,
                GPtrArray  *inherited,
                int        *exit_status,
                GError    **error)
{
  if (!set_up_agent (self, error) ||
      !set_up_token (self, error) ||
      !set_up_host_commands (self, error) ||
      !ruc_serve_listen_set_up (self->config, self->server, inherited, error))
    return FALSE;

  set_up_server (self);
  set_up_doors (self);
  /* They stay: one that comes when all is over must not change how the process ends. No main loop
   * runs then that would call what is freed by now. */
  g_unix_signal_add (SIGTERM, sigterm_cb, self);
  g_unix_signal_add (SIGINT, sigint_cb, self);

  if (prepare_scopes (self, error) && !self->stopping &&
      prepare_agent (self, error) && !self->stopping &&
      start_server (self, error))
    {
      serve_clients (self);
      if (!take_error (self, error))
        return FALSE;
    }
  else
    stop_agent (self);

  if (!self->stopping)
    return FALSE;

  g_clear_error (error);
  *exit_status = self->exit_status;

  return TRUE;
}
