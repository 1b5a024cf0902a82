/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve.h"

#include "ruc-serve-options.h"
#include "rud-credential.h"
#include "rud-log.h"
#include "rud-process.h"
#include "runtimeuse.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Whoever sends a signal counts on us to be gone after 5 s. What is left then
 * is ended by the programs that own it when they see us gone.
 */
#define STOP_DEADLINE_MS 4500

#define EXIT_INTERRUPTED (128 + SIGINT)

typedef struct
{
  RuntimeUseServer *server;
  GMainLoop        *loop;
  gboolean          stopping;
  int               exit_status;
} Service;

static gboolean
deadline_cb (gpointer user_data)
{
  Service *service = user_data;

  g_warning ("Not everything ended in time");
  g_main_loop_quit (service->loop);

  return G_SOURCE_REMOVE;
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
  g_main_loop_quit (service->loop);
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
  runtime_use_server_stop_async (service->server, NULL, stopped_cb, service);

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
set_up_agent (RucServeOptions   *options,
              RuntimeUseServer  *server,
              GError           **error)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;

  if (options->handler != NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
                   _("--handler comes with the next version; cannot load %s"), options->handler);
      return FALSE;
    }

  handler = runtime_use_agent_handler_new_for_name (options->agent != NULL ? options->agent
                                                                           : "openai",
                                                    error);
  g_object_set (server, "handler", handler, NULL);

  return handler != NULL;
}

static gboolean
set_up_token (RucServeOptions        *options,
              RuntimeUseServer  *server,
              GError           **error)
{
  char *token = NULL;

  if (!rud_credential_read_token (options->token_file, &token, error))
    return FALSE;

  if (token != NULL)
    g_object_set (server, "token", token, NULL);
  rud_credential_free (token);

  return TRUE;
}

/* Serves until a signal comes; returns the exit status, or -1. */
static int
serve (RucServeOptions  *options,
       GError          **error)
{
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Service service = { server, loop, FALSE, 0 };

  if (!set_up_agent (options, server, error) ||
      !set_up_token (options, server, error) ||
      !ruc_serve_options_apply (options, G_OBJECT (server), error) ||
      !runtime_use_server_start (server, error))
    return -1;

  g_unix_signal_add (SIGTERM, sigterm_cb, &service);
  g_unix_signal_add (SIGINT, sigint_cb, &service);

  /* Not translated: programs wait for these words. */
  printf ("RuntimeUse server listening on port %u\n", runtime_use_server_get_port (server));
  fflush (stdout);

  g_main_loop_run (loop);

  return service.exit_status;
}

static int
run (RucServeOptions  *options,
     GError          **error)
{
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

  if (!rud_log_install (options->log_level, error))
    return -1;

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
