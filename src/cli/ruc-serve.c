/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve.h"

#include "ruc-serve-options.h"
#include "ruc-server.h"
#include "rud-inherited-sockets.h"
#include "rud-log.h"
#include "rud-process.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static int
run (RucServeOptions  *options,
     GError          **error)
{
  g_autoptr(RucServer) service = NULL;
  g_autoptr(GPtrArray) inherited = NULL;
  int exit_status = EXIT_SUCCESS;
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

  if (!rud_inherited_sockets_take (&inherited, error))
    return -1;

  service = ruc_server_new (options->config);
  if (!ruc_server_run (service, inherited, &exit_status, error))
    return -1;

  return exit_status;
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
