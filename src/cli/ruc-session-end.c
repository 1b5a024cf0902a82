/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session-end.h"

#include "ruc-ask.h"
#include "ruc-options.h"
#include "ruc-session-options.h"
#include "ruc-text.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse end [OPTION…] ID\n"
             "       runtimeuse end [OPTION…] --all\n"
             "\n"
             "Ends a session of the service on the session bus: its request is cancelled and\n"
             "its client disconnected. ID is what \"runtimeuse sessions\" shows, or the\n"
             "beginning of it.\n"
             "\n"
             "  --all                 end all sessions; the service goes on\n"
             "  --timeout SECONDS     how long to wait for each answer (default: 5)\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if the session is being ended, 1 if there is no such session, 2 for\n"
             "wrong options, 3 without a bus or a service, 124 if there was no answer in time.\n"));
}

static int
end_all (RucService *service)
{
  int exit_status = EXIT_SUCCESS;
  guint n_sessions = ruc_service_get_sessions (service)->len;
  g_autoptr(GVariant) reply = ruc_ask_call (service, NULL, "EndAll", "()", &exit_status);
  g_autofree char *line = NULL;

  if (reply == NULL)
    return exit_status;

  line = g_strdup_printf (ngettext ("%u session is being ended\n",
                                    "%u sessions are being ended\n", n_sessions), n_sessions);

  return ruc_text_print (line);
}

static int
end_one (RucService *service,
         const char *word)
{
  int exit_status = EXIT_SUCCESS;
  RucSession *session = ruc_ask_session (service, word, &exit_status);
  g_autoptr(GVariant) reply = NULL;
  g_autofree char *id = NULL;
  g_autofree char *line = NULL;

  if (session == NULL)
    return exit_status;

  reply = ruc_ask_call (service, session, "End", "()", &exit_status);
  if (reply == NULL)
    return exit_status;

  id = ruc_session_show_id (session);
  line = g_strdup_printf (_("Session %s is being ended\n"), id);

  return ruc_text_print (line);
}

int
ruc_session_end (int    argc,
                 char **argv)
{
  g_auto(RucSessionOptions) options = { "end" };
  g_autoptr(RucService) service = NULL;
  int exit_status = EXIT_SUCCESS;

  service = ruc_session_options_begin (&options, "all", &options.all, argc, argv, print_help,
                                       &exit_status);
  if (service == NULL)
    return exit_status;

  return options.all ? end_all (service) : end_one (service, options.words[0]);
}
