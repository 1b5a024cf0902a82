/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notice-text.h"

#include <glib/gi18n.h>

/* What a notice says of a request: its kind and name, how long it took, and how it went. Nothing
 * else: notices are shown on locked screens.
 */

/* In characters; the name comes from a client. */
#define MAX_NAME 60

/* On one line, and nothing in it that changes how the rest is shown. */
static char *
dup_name (RuntimeUseSession *session)
{
  g_autofree char *source_id = NULL;
  g_autofree char *valid = NULL;
  GString *name;
  glong length = 0;

  g_object_get (session, "source-id", &source_id, NULL);
  if (source_id == NULL || source_id[0] == '\0')
    return NULL;

  valid = g_utf8_make_valid (source_id, -1);
  name = g_string_new (NULL);
  for (const char *p = valid; *p != '\0' && length < MAX_NAME; p = g_utf8_next_char (p), length++)
    {
      gunichar character = g_utf8_get_char (p);

      g_string_append_unichar (name, g_unichar_isgraph (character) ? character : ' ');
    }
  if (length == MAX_NAME)
    g_string_append (name, "…");

  return g_string_free (name, FALSE);
}

static char *
dup_duration (RuntimeUseSession *session)
{
  gint64 duration = 0;
  guint seconds;

  g_object_get (session, "last-duration", &duration, NULL);
  seconds = (guint) MIN (MAX (duration, 0) / G_TIME_SPAN_SECOND, G_MAXUINT);
  if (seconds < 60)
    return g_strdup_printf (_("%u s"), seconds);

  /* Translators: minutes and seconds, such as "5 min 12 s". */
  if (seconds < 3600)
    return g_strdup_printf (_("%u min %u s"), seconds / 60, seconds % 60);

  /* Translators: hours and minutes, such as "1 h 20 min". */
  return g_strdup_printf (_("%u h %u min"), seconds / 3600, seconds / 60 % 60);
}

static char *
dup_start (RuntimeUseSession *session)
{
  g_autoptr(GDateTime) start = NULL;
  g_autoptr(GDateTime) local = NULL;
  gint64 started_at = 0;

  g_object_get (session, "request-started-at", &started_at, NULL);
  start = g_date_time_new_from_unix_utc (started_at / G_TIME_SPAN_SECOND);
  local = start != NULL ? g_date_time_to_local (start) : NULL;

  return local != NULL ? g_date_time_format (local, "%R") : g_strdup ("?");
}

static gboolean
is_invocation (RuntimeUseSession *session)
{
  g_autofree char *kind = NULL;

  g_object_get (session, "request-kind", &kind, NULL);

  return g_strcmp0 (kind, "invocation") == 0;
}

/* Of a request that runs, or whose end the session tells just now. */
char *
rud_notice_text_make_title (RudNoticeKind      kind,
                            RuntimeUseSession *session)
{
  g_autofree char *name = dup_name (session);

  switch (kind)
    {
    case RUD_NOTICE_RUNNING:
      return name != NULL ? g_strdup_printf (_("“%s” is still running"), name)
                          : g_strdup (_("A request is still running"));

    case RUD_NOTICE_OVER:
      return name != NULL ? g_strdup_printf (_("“%s” is done"), name)
                          : g_strdup (_("A request is done"));

    case RUD_NOTICE_FAILED:
      return name != NULL ? g_strdup_printf (_("“%s” failed"), name)
                          : g_strdup (_("A request failed"));

    default:
      g_return_val_if_reached (NULL);
    }
}

char *
rud_notice_text_make_body (RudNoticeKind      kind,
                           RuntimeUseSession *session)
{
  const gboolean invocation = is_invocation (session);
  g_autofree char *time = kind == RUD_NOTICE_RUNNING ? dup_start (session)
                                                     : dup_duration (session);

  switch (kind)
    {
    case RUD_NOTICE_RUNNING:
      return g_strdup_printf (invocation ? _("An agent has been at work since %s.")
                                         : _("Commands have been running since %s."), time);

    case RUD_NOTICE_OVER:
      return g_strdup_printf (invocation ? _("The agent took %s.")
                                         : _("The commands took %s."), time);

    case RUD_NOTICE_FAILED:
      return g_strdup_printf (invocation ? _("The agent stopped after %s.")
                                         : _("The commands stopped after %s."), time);

    default:
      g_return_val_if_reached (NULL);
    }
}
