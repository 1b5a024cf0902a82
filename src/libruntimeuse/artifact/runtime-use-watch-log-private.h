/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"

G_BEGIN_DECLS

/* What goes wrong in a folder may do so for each of its files, so each kind of trouble is logged
 * once, with the first path that it was about; names and files that cannot be read, which are
 * missing then, for the first ones of them. */
typedef enum
{
  RUNTIME_USE_WATCH_TROUBLE_UNREADABLE,
  RUNTIME_USE_WATCH_TROUBLE_NAME,
  RUNTIME_USE_WATCH_TROUBLE_RULES,
  RUNTIME_USE_WATCH_TROUBLE_DEPTH,
  RUNTIME_USE_WATCH_TROUBLE_DIRECTORIES,
  RUNTIME_USE_WATCH_TROUBLE_FILES,
  RUNTIME_USE_WATCH_TROUBLE_LINKS,
  RUNTIME_USE_WATCH_TROUBLE_RESOURCES,
  RUNTIME_USE_WATCH_TROUBLE_BLIND,
  RUNTIME_USE_WATCH_TROUBLE_LOST,
  RUNTIME_USE_N_WATCH_TROUBLES,
} RuntimeUseWatchTrouble;

typedef struct
{
  RuntimeUseLogger *logger; /* (nullable) */
  const char       *folder;
  guint             logged; /* bits of RuntimeUseWatchTrouble: there is no more to say */
  GHashTable       *named;  /* (nullable): of what was told already */
  guint             n_named[RUNTIME_USE_N_WATCH_TROUBLES];
} RuntimeUseWatchLog;

void _runtime_use_watch_log_warn (RuntimeUseWatchLog     *self,
                                  RuntimeUseWatchTrouble  trouble,
                                  const char             *path,
                                  const char             *format,
                                  ...) G_GNUC_PRINTF (4, 5);
void _runtime_use_watch_log_info (RuntimeUseWatchLog     *self,
                                  const char             *text);
void _runtime_use_watch_log_clear (RuntimeUseWatchLog *self);

G_END_DECLS
