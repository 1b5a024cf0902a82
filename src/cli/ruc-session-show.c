/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session-show.h"

#include "ruc-ask.h"
#include "ruc-columns.h"
#include "ruc-options.h"
#include "ruc-session-json.h"
#include "ruc-session-options.h"
#include "ruc-text.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static void
print_help (void)
{
  g_print ("%s",
           _("Usage: runtimeuse show [OPTION…] ID\n"
             "\n"
             "Shows a session of the service on the session bus, and what it is at. ID is what\n"
             "\"runtimeuse sessions\" shows, or the beginning of it.\n"
             "\n"
             "  --json                show it as one JSON object\n"
             "  --timeout SECONDS     how long to wait for each answer (default: 5)\n"
             "  -h, --help            show this\n"
             "\n"
             "Exit status: 0 if it was shown, 1 if there is no such session, 2 for wrong options,\n"
             "3 without a bus or a service, 124 if there was no answer in time.\n"));
}

static char *
dup_time (guint64 microseconds)
{
  gint64 now = g_get_real_time ();
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_local ((gint64) (microseconds / 1000000));
  g_autofree char *words = time != NULL ? g_date_time_format (time, "%F %T") : NULL;
  g_autofree char *ago = ruc_columns_dup_duration ((gint64) microseconds, now);

  return words != NULL ? g_strdup_printf (_("%s (%s ago)"), words, ago) : NULL;
}

/* Returns NULL when there is nothing to tell. */
static char *
dup_value (RucSession      *session,
           RucSessionField  field)
{
  guint64 number;

  switch (ruc_session_fields[field].type)
    {
    case RUC_SESSION_TIME:
      number = ruc_session_get_number (session, field);
      return number > 0 ? dup_time (number) : NULL;

    case RUC_SESSION_NUMBER:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, ruc_session_get_number (session, field));

    case RUC_SESSION_BYTES:
      return g_format_size_full (ruc_session_get_number (session, field),
                                 G_FORMAT_SIZE_LONG_FORMAT);

    case RUC_SESSION_TEXT:
    default:
      if (field == RUC_SESSION_ID)
        return ruc_session_show_id (session);
      if (ruc_session_get_text (session, field)[0] == '\0')
        return NULL;
      return ruc_session_show_text (session, field);
    }
}

static char *
dup_lines (RucSession *session)
{
  g_autoptr(GString) lines = g_string_new (NULL);
  int width = 0;

  for (guint i = 0; i < RUC_SESSION_N_FIELDS; i++)
    width = MAX (width, ruc_columns_measure (_(ruc_session_fields[i].label)));

  for (guint i = 0; i < RUC_SESSION_N_FIELDS; i++)
    {
      const char *label = _(ruc_session_fields[i].label);
      g_autofree char *value = dup_value (session, i);

      if (value != NULL)
        g_string_append_printf (lines, "%s:%*s %s\n", label, width - ruc_columns_measure (label),
                                "", value);
    }

  return g_string_free (g_steal_pointer (&lines), FALSE);
}

int
ruc_session_show (int    argc,
                  char **argv)
{
  g_auto(RucSessionOptions) options = { "show" };
  g_autoptr(RucService) service = NULL;
  RucSession *session;
  g_autofree char *text = NULL;
  int exit_status = EXIT_SUCCESS;

  service = ruc_session_options_begin (&options, "json", &options.as_json, argc, argv, print_help,
                                       &exit_status);
  if (service == NULL)
    return exit_status;
  session = ruc_ask_session (service, options.words[0], &exit_status);
  if (session == NULL)
    return exit_status;

  text = options.as_json ? ruc_session_json_dup (session) : dup_lines (session);

  return ruc_text_print (text);
}
