/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-agents.h"

#include "ruc-checks.h"
#include "ruc-options.h"
#include "rud-doctor-agents.h"
#include "rud-doctor.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse agents [OPTION…]\n"
             "\n"
             "Lists the agents that --agent knows, whether they can run here, and what they lack.\n"
             "\n"
             "  --json                show it as one JSON object\n"
             "  -h, --help            show this\n"));
}

/* Of all that is known about the machine, what is about agents, by the names of those. */
static GPtrArray *
choose_agents (GPtrArray *checks)
{
  GPtrArray *agents = g_ptr_array_new ();

  for (guint i = 0; i < checks->len; i++)
    {
      RudCheck *check = g_ptr_array_index (checks, i);

      if (!g_str_has_prefix (check->name, RUD_AGENT_PREFIX))
        continue;

      check->name += strlen (RUD_AGENT_PREFIX);
      g_ptr_array_add (agents, check);
    }

  return agents;
}

int
ruc_agents (int    argc,
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
  g_autoptr(GPtrArray) agents = NULL;

  if (!ruc_options_parse ("agents", entries, argc, argv, FALSE))
    return RUC_EXIT_USAGE;
  if (help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (words != NULL)
    return ruc_options_fail ("agents", _("it takes no words"));

  checks = ruc_checks_examine ();
  agents = choose_agents (checks);
  if (as_json)
    ruc_checks_print_json (agents, "agents", rud_doctor_can_serve (checks));
  else
    ruc_checks_print_text (agents);

  return EXIT_SUCCESS;
}
