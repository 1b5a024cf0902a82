/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-log.h"

#include "runtimeuse.h"

#include <glib/gi18n.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A pipe that has room at all takes so much without blocking. */
#define SAFE_WRITE 4096

static const struct
{
  const char     *name;
  GLogLevelFlags  lowest;
} log_levels[] = {
  { "error", G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "message", G_LOG_LEVEL_MESSAGE },
  { "info", G_LOG_LEVEL_INFO },
  { "debug", G_LOG_LEVEL_DEBUG },
};

static GLogLevelFlags lowest_level = G_LOG_LEVEL_INFO;
static gboolean to_journal;

static const char *
find_field (const GLogField *fields,
            gsize            n_fields,
            const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key) && fields[i].length < 0)
      return fields[i].value;

  return NULL;
}

/* The library says with the field PRIORITY that a line is an error, since at
 * GLib's own level for that some programs abort.
 */
static GLogLevelFlags
effective_level (GLogLevelFlags   level,
                 const GLogField *fields,
                 gsize            n_fields)
{
  const char *priority = find_field (fields, n_fields, "PRIORITY");

  if ((level & G_LOG_LEVEL_WARNING) != 0 && g_strcmp0 (priority, "3") == 0)
    return G_LOG_LEVEL_CRITICAL;

  return level;
}

static const char *
level_name (GLogLevelFlags level)
{
  for (size_t i = 0; i < G_N_ELEMENTS (log_levels); i++)
    if ((level & G_LOG_LEVEL_MASK) <= log_levels[i].lowest)
      return log_levels[i].name;

  return "debug";
}

/* Whoever started us may never read what we log. Rather than wait for that,
 * the line is lost.
 */
static void
write_line (const char *line,
            gsize       length)
{
  while (length > 0)
    {
      struct pollfd ready = { STDERR_FILENO, POLLOUT, 0 };
      gssize written;

      if (poll (&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
        return;

      written = write (STDERR_FILENO, line, MIN (length, SAFE_WRITE));
      if (written <= 0)
        return;
      line += written;
      length -= written;
    }
}

static gboolean
is_plain (const char *text)
{
  while (g_ascii_isprint (*text))
    text++;

  return *text == '\0';
}

/* Anybody's text may be in a message. Nothing of it is for the terminal to obey, and its further
 * lines do not look like lines of ours.
 */
static char *
dup_shown (const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  GString *shown = g_string_sized_new (strlen (valid));

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      const gunichar character = g_utf8_get_char (c);

      if (character == '\n')
        g_string_append (shown, "\n    ");
      else if (character == '\t' || g_unichar_isprint (character))
        g_string_append_unichar (shown, character);
      else
        g_string_append_c (shown, '?');
    }

  return g_string_free (shown, FALSE);
}

static GLogWriterOutput
log_writer (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n_fields,
            gpointer         user_data)
{
  const char *message = find_field (fields, n_fields, "MESSAGE");
  const GLogLevelFlags shown_level = effective_level (level, fields, n_fields);
  g_autoptr(GDateTime) now = NULL;
  g_autofree char *time = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *line = NULL;

  if ((shown_level & G_LOG_LEVEL_MASK) > lowest_level || message == NULL)
    return G_LOG_WRITER_HANDLED;

  if (to_journal)
    return g_log_writer_journald (level, fields, n_fields, user_data);

  now = g_date_time_new_now_local ();
  time = g_date_time_format (now, "%H:%M:%S");
  shown = is_plain (message) ? NULL : dup_shown (message);
  line = g_strdup_printf ("%s %s: %s\n", time, level_name (shown_level),
                          shown != NULL ? shown : message);
  write_line (line, strlen (line));

  return G_LOG_WRITER_HANDLED;
}

static void
drop_line (const char     *domain,
           GLogLevelFlags  level,
           const char     *message,
           gpointer        user_data)
{
}

/* Sends what this program and its libraries log to standard error, or to the
 * journal if that is where standard error goes.
 */
gboolean
rud_log_install (const char  *level,
                 GError     **error)
{
  for (size_t i = 0; level != NULL && i < G_N_ELEMENTS (log_levels); i++)
    {
      if (!g_str_equal (log_levels[i].name, level))
        continue;

      lowest_level = log_levels[i].lowest;
      level = NULL;
    }

  if (level != NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("--log-level: there is no level \"%s\". "
                     "Choose one of: error, warning, message, info, debug"),
                   level);
      return FALSE;
    }

  /* libsoup has several such lines for each message; they cost a tenth of it
   * even when the writer drops them.
   */
  if (lowest_level < G_LOG_LEVEL_DEBUG)
    g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, drop_line, NULL);

  to_journal = g_log_writer_is_journald (STDERR_FILENO);
  g_log_set_writer_func (log_writer, NULL, NULL);

  return TRUE;
}
