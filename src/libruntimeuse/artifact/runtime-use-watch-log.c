/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-log-private.h"

/* What is wrong with single files is told of so many of them. */
#define MAX_NAMED 10

static gboolean
is_about_files (RuntimeUseWatchTrouble trouble)
{
  return trouble == RUNTIME_USE_WATCH_TROUBLE_NAME ||
         trouble == RUNTIME_USE_WATCH_TROUBLE_UNREADABLE;
}

/* The same file is met again with each scan. */
static gboolean
is_named (RuntimeUseWatchLog     *self,
          RuntimeUseWatchTrouble  trouble,
          const char             *path)
{
  g_autofree char *key = g_strdup_printf ("%d %s", (int) trouble, path);

  if (self->named == NULL)
    self->named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return !g_hash_table_add (self->named, g_steal_pointer (&key));
}

/* Says how the line ends, or NULL if there is to be none. */
static const char *
note (RuntimeUseWatchLog     *self,
      RuntimeUseWatchTrouble  trouble,
      const char             *path)
{
  if ((self->logged & (1u << trouble)) != 0)
    return NULL;

  if (path == NULL || !is_about_files (trouble))
    {
      self->logged |= 1u << trouble;
      return " (said once for this folder)";
    }

  if (is_named (self, trouble, path))
    return NULL;
  if (++self->n_named[trouble] <= MAX_NAMED)
    return "";

  self->logged |= 1u << trouble;

  return " (others like this are not named any more)";
}

/* @path, relative to the folder, may be NULL; like the folder it may hold anything. */
void
_runtime_use_watch_log_warn (RuntimeUseWatchLog     *self,
                             RuntimeUseWatchTrouble  trouble,
                             const char             *path,
                             const char             *format,
                             ...)
{
  const char *end = self->logger != NULL ? note (self, trouble, path) : NULL;
  g_autofree char *what = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;
  g_autofree char *line = NULL;
  va_list args;

  if (end == NULL)
    return;

  folder = g_strescape (self->folder, NULL);
  name = path != NULL ? g_strescape (path, NULL) : NULL;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("Artifacts in %s%s%s: %s%s", folder, name != NULL ? ", " : "",
                          name != NULL ? name : "", what, end);
  runtime_use_logger_warning (self->logger, line);
}

void
_runtime_use_watch_log_info (RuntimeUseWatchLog *self,
                             const char         *text)
{
  g_autofree char *folder = g_strescape (self->folder, NULL);
  g_autofree char *line = g_strdup_printf ("Artifacts in %s: %s", folder, text);

  if (self->logger != NULL)
    runtime_use_logger_info (self->logger, line);
}

void
_runtime_use_watch_log_clear (RuntimeUseWatchLog *self)
{
  g_clear_pointer (&self->named, g_hash_table_unref);
}
