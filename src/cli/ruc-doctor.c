/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-doctor.h"

#include "ruc-checks.h"
#include "ruc-options.h"
#include "rud-doctor.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse doctor [OPTION…]\n"
             "\n"
             "Shows what this machine offers to the runtime, what is missing, and how to get it.\n"
             "\n"
             "  --json                show it as one JSON object\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if the runtime can serve, 1 if something essential is missing.\n"));
}

int
ruc_doctor (int    argc,
            char **argv)
{
  gboolean as_json = FALSE;
  gboolean help = FALSE;
  g_auto(GStrv) words = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GPtrArray) checks = NULL;
  gboolean can_serve;

  if (!ruc_options_parse ("doctor", entries, argc, argv, FALSE))
    return RUC_EXIT_USAGE;
  if (help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (words != NULL)
    return ruc_options_fail ("doctor", _("it takes no words"));

  checks = ruc_checks_examine ();
  can_serve = rud_doctor_can_serve (checks);
  if (as_json)
    {
      ruc_checks_print_json (checks, "checks", can_serve);
    }
  else
    {
      ruc_checks_print_text (checks);
      g_print ("\n%s\n", can_serve ? _("The runtime can serve.")
                                   : _("The runtime cannot serve: see what is missing above."));
    }

  return can_serve ? EXIT_SUCCESS : RUC_EXIT_FAILED;
}
