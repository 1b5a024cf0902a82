/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-options.h"
#include "ruc-serve.h"
#include "rud-log.h"
#include "rud-process.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdlib.h>

static int
run (RucOptions  *options,
     GError     **error)
{
  if (options->help)
    {
      ruc_options_print_help ();
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

  return ruc_serve (options, error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(RucOptions) options = NULL;
  g_autoptr(GError) error = NULL;
  int exit_status = -1;

  rud_process_harden ();

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  /* The one command there is may be named or left out. */
  if (argc > 1 && g_str_equal (argv[1], "serve"))
    {
      argv[1] = argv[0];
      argv++;
      argc--;
    }

  options = ruc_options_parse (argc, argv, &error);
  if (options != NULL)
    exit_status = run (options, &error);

  if (exit_status >= 0)
    return exit_status;

  g_printerr (_("Error: %s\n"), error->message);

  return EXIT_FAILURE;
}
