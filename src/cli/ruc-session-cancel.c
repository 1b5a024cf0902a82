/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session-cancel.h"

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
           _("Usage: runtimeuse cancel [OPTION…] ID\n"
             "       runtimeuse cancel [OPTION…] --all\n"
             "\n"
             "Cancels the request that runs in a session of the service on the session bus.\n"
             "The session goes on. ID is what \"runtimeuse sessions\" shows, or the\n"
             "beginning of it.\n"
             "\n"
             "  --all                 cancel the requests of all sessions\n"
             "  --timeout SECONDS     how long to wait for each answer (default: 5)\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if it is being cancelled or nothing runs, 1 if there is no such\n"
             "session, 2 for wrong options, 3 without a bus or a service, 124 if there was no\n"
             "answer in time.\n"));
}

static int
cancel_all (RucService *service)
{
  int exit_status = EXIT_SUCCESS;
  g_autoptr(GVariant) reply = ruc_ask_call (service, NULL, "CancelAll", "(u)", &exit_status);
  g_autofree char *line = NULL;
  guint32 n_cancelled;

  if (reply == NULL)
    return exit_status;

  g_variant_get (reply, "(u)", &n_cancelled);
  line = g_strdup_printf (ngettext ("%u request is being cancelled\n",
                                    "%u requests are being cancelled\n", n_cancelled), n_cancelled);

  return ruc_text_print (line);
}

static int
cancel_one (RucService *service,
            const char *word)
{
  int exit_status = EXIT_SUCCESS;
  RucSession *session = ruc_ask_session (service, word, &exit_status);
  g_autoptr(GVariant) reply = NULL;
  g_autofree char *id = NULL;
  g_autofree char *line = NULL;
  gboolean cancelled;

  if (session == NULL)
    return exit_status;

  reply = ruc_ask_call (service, session, "Cancel", "(b)", &exit_status);
  if (reply == NULL)
    return exit_status;

  g_variant_get (reply, "(b)", &cancelled);
  id = ruc_session_show_id (session);
  line = g_strdup_printf (cancelled ? _("The request of session %s is being cancelled\n")
                                    : _("Session %s has no request to cancel\n"), id);

  return ruc_text_print (line);
}

int
ruc_session_cancel (int    argc,
                    char **argv)
{
  g_auto(RucSessionOptions) options = { "cancel" };
  g_autoptr(RucService) service = NULL;
  int exit_status = EXIT_SUCCESS;

  service = ruc_session_options_begin (&options, "all", &options.all, argc, argv, print_help,
                                       &exit_status);
  if (service == NULL)
    return exit_status;

  return options.all ? cancel_all (service) : cancel_one (service, options.words[0]);
}
