/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-sessions.h"

#include "ruc-ask.h"
#include "ruc-options.h"
#include "ruc-screen.h"
#include "ruc-session-json.h"
#include "ruc-table.h"
#include "ruc-text.h"
#include "ruc-watch.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <unistd.h>

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse sessions [OPTION…]\n"
             "\n"
             "Lists the sessions of the service on the session bus: who is connected, and what is\n"
             "going on for them. No service is started for it.\n"
             "\n"
             "  --watch               go on, and show what changes, until interrupted\n"
             "  --json                show them as one JSON object; with --watch as one for each\n"
             "                        change and line\n"
             "  --timeout SECONDS     how long to wait for each answer (default: 5)\n"
             "  -h, --help            show this\n"
             "\n"
             "On a terminal a line is cut to its width, and an id to what is needed to tell it\n"
             "from the others. Elsewhere lines are complete.\n"
             "\n"
             "Exit status: 0 if they were listed, 2 for wrong options, 3 without a bus or a\n"
             "service (--watch waits for a service), 124 if there was no answer in time, 130 or\n"
             "143 when interrupted, 141 when nobody reads the output.\n"));
}

static int
print_table (GPtrArray *sessions)
{
  gboolean is_terminal = isatty (STDOUT_FILENO);
  g_autoptr(GPtrArray) lines = NULL;
  g_autoptr(GString) text = g_string_new (NULL);
  int columns, rows, doing = 0;

  if (is_terminal && sessions->len == 0)
    {
      g_string_append_printf (text, "%s\n", _("No sessions"));
      return ruc_text_print (text->str);
    }

  ruc_screen_get_size (&columns, &rows);
  lines = ruc_table_dup_lines (sessions, is_terminal ? columns : 0, G_MAXUINT, g_get_real_time (),
                               &doing);
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (text, "%s\n", (char *) g_ptr_array_index (lines, i));

  return ruc_text_print (text->str);
}

static int
list (guint    seconds,
      gboolean as_json)
{
  int exit_status = EXIT_SUCCESS;
  g_autoptr(RucService) service = ruc_ask_service (seconds, &exit_status);
  g_autofree char *json = NULL;

  if (service == NULL)
    return exit_status;
  if (!as_json)
    return print_table (ruc_service_get_sessions (service));

  json = ruc_session_json_dup_list (ruc_service_get_sessions (service));

  return ruc_text_print (json);
}

int
ruc_sessions (int    argc,
              char **argv)
{
  gboolean watch = FALSE;
  gboolean as_json = FALSE;
  gboolean help = FALSE;
  g_autofree char *timeout = NULL;
  g_auto(GStrv) words = NULL;
  const GOptionEntry entries[] = {
    { "watch", 0, 0, G_OPTION_ARG_NONE, &watch },
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json },
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &timeout },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words },
    G_OPTION_ENTRY_NULL
  };
  guint seconds;

  if (!ruc_options_parse ("sessions", entries, argc, argv, FALSE) ||
      !ruc_ask_read_timeout ("sessions", timeout, &seconds))
    return RUC_EXIT_USAGE;
  if (help)
    {
      print_help ();
      return EXIT_SUCCESS;
    }

  if (words != NULL)
    return ruc_options_fail ("sessions", _("it takes no words; see one session with "
                                           "\"runtimeuse show\""));

  return watch ? ruc_watch_run (seconds, as_json) : list (seconds, as_json);
}
