/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve.h"

#include "ruc-agent.h"
#include "ruc-serve-listen.h"
#include "ruc-serve-options.h"
#include "rud-bus.h"
#include "rud-credential.h"
#include "rud-log.h"
#include "rud-process.h"
#include "runtimeuse.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>

/* Whoever sends a signal counts on us to be gone after 5 s. What is left then
 * is ended by the programs that own it when they see us gone.
 */
#define STOP_DEADLINE_MS 4500

#define EXIT_INTERRUPTED (128 + SIGINT)

typedef struct
{
  RuntimeUseServer       *server;
  RuntimeUseAgentHandler *agent;
  RudBus                 *bus;
  GMainLoop              *loop;
  GCancellable           *cancellable;   /* of the preparation */
  gboolean                serving;
  gboolean                stopping;
  int                     exit_status;
  GError                 *error;         /* (nullable): of the preparation, or of the bus */
} Service;

static void
service_clear (Service *service)
{
  g_clear_object (&service->bus);
  g_clear_object (&service->server);
  g_clear_object (&service->agent);
  g_clear_object (&service->cancellable);
  g_clear_pointer (&service->loop, g_main_loop_unref);
  g_clear_error (&service->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Service, service_clear)

static gboolean
deadline_cb (gpointer user_data)
{
  Service *service = user_data;

  g_warning ("Not everything ended in time");
  g_main_loop_quit (service->loop);

  return G_SOURCE_REMOVE;
}

static void
agent_stopped_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Service *service = user_data;

  g_main_loop_quit (service->loop);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Service *service = user_data;
  g_autoptr(GError) error = NULL;

  if (!runtime_use_server_stop_finish (RUNTIME_USE_SERVER (object), result, &error))
    g_warning ("%s", error->message);
  ruc_agent_stop_async (service->agent, agent_stopped_cb, service);
}

/* Whoever finds us by our name finds somebody who serves. */
static void
bus_left_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Service *service = user_data;

  rud_bus_stop_finish (service->bus, result);
  runtime_use_server_stop_async (service->server, NULL, stopped_cb, service);
}

/* The first signal ends all work in order, a second one leaves at once. */
static gboolean
service_stop (Service *service,
              int      exit_status)
{
  service->exit_status = exit_status;
  if (service->stopping)
    {
      g_main_loop_quit (service->loop);
      return G_SOURCE_CONTINUE;
    }

  service->stopping = TRUE;
  g_timeout_add (STOP_DEADLINE_MS, deadline_cb, service);
  if (service->serving)
    rud_bus_stop_async (service->bus, bus_left_cb, service);
  else
    g_cancellable_cancel (service->cancellable);

  return G_SOURCE_CONTINUE;
}

static gboolean
sigterm_cb (gpointer user_data)
{
  return service_stop (user_data, 0);
}

static gboolean
sigint_cb (gpointer user_data)
{
  return service_stop (user_data, EXIT_INTERRUPTED);
}

static gboolean
set_up_agent (Service          *service,
              RucServeOptions  *options,
              GError          **error)
{
  service->agent = ruc_agent_new (options->config, error);
  if (service->agent == NULL)
    return FALSE;

  g_object_set (service->server, "handler", service->agent, NULL);

  return TRUE;
}

static gboolean
set_up_token (RucServeOptions        *options,
              RuntimeUseServer  *server,
              GError           **error)
{
  const RudConfigValue *file = rud_config_lookup (options->config, RUD_CONFIG_MAIN, "token-file");
  gboolean is_option = file->source == RUD_CONFIG_OPTION;
  char *token = NULL;

  if (!rud_credential_read_token (is_option ? file->text : NULL, is_option ? NULL : file->text,
                                  &token, error))
    return FALSE;

  if (token != NULL)
    g_object_set (server, "token", token, NULL);
  rud_credential_free (token);

  return TRUE;
}

static void
prepared_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Service *service = user_data;

  ruc_agent_prepare_finish (service->agent, result, &service->error);
  g_main_loop_quit (service->loop);
}

/* Whoever waits for the line that says we are ready wants an agent that is. */
static gboolean
prepare_agent (Service  *service,
               GError  **error)
{
  ruc_agent_prepare_async (service->agent, service->cancellable, prepared_cb, service);
  g_main_loop_run (service->loop);

  if (service->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&service->error));

  return FALSE;
}

/* For when there was nothing to serve; otherwise it has been stopped with the server. */
static void
stop_agent (Service *service)
{
  ruc_agent_stop_async (service->agent, agent_stopped_cb, service);
  g_main_loop_run (service->loop);
}

static void
set_up_bus (Service   *service,
            RudConfig *config)
{
  const char *mode = rud_config_get_string (config, "bus-name");
  const char *handler = rud_config_get_string (config, "handler");
  g_autofree char *agent = NULL;
  g_autoptr(RudStatus) status = NULL;
  RudBusMode bus_mode = RUD_BUS_AUTO;

  agent = handler != NULL ? g_path_get_basename (handler)
                          : g_strdup (rud_config_get_string (config, "agent"));
  if (g_strcmp0 (mode, "required") == 0)
    bus_mode = RUD_BUS_REQUIRED;
  else if (g_strcmp0 (mode, "off") == 0)
    bus_mode = RUD_BUS_OFF;

  status = rud_status_new (service->server, agent);
  service->bus = rud_bus_new (status, bus_mode);
}

static void
bus_started_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Service *service = user_data;

  if (!rud_bus_start_finish (service->bus, result, &service->error) && !service->stopping)
    service_stop (service, EXIT_FAILURE);
}

static void
serve_clients (Service *service)
{
  service->serving = TRUE;
  ruc_serve_listen_say (service->server);
  rud_bus_start_async (service->bus, bus_started_cb, service);

  g_main_loop_run (service->loop);
}

/* Serves until a signal comes; returns the exit status, or -1. */
static int
serve (RucServeOptions  *options,
       GError          **error)
{
  g_auto(Service) service = { 0 };
  g_autoptr(GPtrArray) inherited = g_ptr_array_new_with_free_func (g_object_unref);

  service.server = runtime_use_server_new ();
  service.loop = g_main_loop_new (NULL, FALSE);
  service.cancellable = g_cancellable_new ();

  if (!set_up_agent (&service, options, error) ||
      !set_up_token (options, service.server, error) ||
      !ruc_serve_listen_set_up (options->config, service.server, inherited, error))
    return -1;

  ruc_serve_options_apply (options, G_OBJECT (service.server));

  set_up_bus (&service, options->config);
  g_unix_signal_add (SIGTERM, sigterm_cb, &service);
  g_unix_signal_add (SIGINT, sigint_cb, &service);

  if (prepare_agent (&service, error) && !service.stopping &&
      runtime_use_server_start (service.server, error))
    serve_clients (&service);
  else
    stop_agent (&service);

  if (service.serving && service.error != NULL && service.exit_status == EXIT_FAILURE)
    {
      g_propagate_error (error, g_steal_pointer (&service.error));
      return -1;
    }

  if (!service.stopping)
    return -1;

  g_clear_error (error);

  return service.exit_status;
}

static int
run (RucServeOptions  *options,
     GError          **error)
{
  GPtrArray *notices;

  if (options->help)
    {
      ruc_serve_options_print_help ();
      return EXIT_SUCCESS;
    }

  if (options->version)
    {
      g_print ("runtimeuse %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }

  ruc_serve_options_say_others (options);
  if (!rud_config_load (options->config, error) ||
      !rud_log_install (rud_config_get_string (options->config, "log-level"), error))
    return -1;

  notices = rud_config_get_notices (options->config);
  for (guint i = 0; i < notices->len; i++)
    g_warning ("%s", (const char *) g_ptr_array_index (notices, i));

  rud_process_raise_descriptors ();

  return serve (options, error);
}

int
ruc_serve (int    argc,
           char **argv)
{
  g_autoptr(RucServeOptions) options = NULL;
  g_autoptr(GError) error = NULL;
  int exit_status = -1;

  options = ruc_serve_options_parse (argc, argv, &error);
  if (options != NULL)
    exit_status = run (options, &error);

  if (exit_status >= 0)
    return exit_status;

  g_printerr (_("Error: %s\n"), error->message);

  return EXIT_FAILURE;
}
