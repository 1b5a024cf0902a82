/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-log-private.h"

/* @path, relative to the folder, may be NULL; like the folder it may hold anything. */
void
_runtime_use_watch_log_warn (RuntimeUseWatchLog     *self,
                             RuntimeUseWatchTrouble  trouble,
                             const char             *path,
                             const char             *format,
                             ...)
{
  g_autofree char *what = NULL;
  g_autofree char *folder = g_strescape (self->folder, NULL);
  g_autofree char *name = path != NULL ? g_strescape (path, NULL) : NULL;
  g_autofree char *line = NULL;
  va_list args;

  if (self->logger == NULL || (self->logged & (1u << trouble)) != 0)
    return;

  self->logged |= 1u << trouble;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("Artifacts in %s%s%s: %s (said once for this folder)", folder,
                          name != NULL ? ", " : "", name != NULL ? name : "", what);
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
