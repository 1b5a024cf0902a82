/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-watch-backend-private.h"

G_BEGIN_DECLS

/* The inotify instance of a main context, shared by all who watch from there: a user may have only
 * 128 of them, and a context pays for each of its sources in every iteration. */
typedef struct _RuntimeUseInotify RuntimeUseInotify;

/* One directory on behalf of one watcher. */
typedef struct _RuntimeUseInotifyMark RuntimeUseInotifyMark;

/* Who watches. */
typedef struct
{
  const RuntimeUseWatchBackendEvents *events;
  gpointer                            user_data;
} RuntimeUseInotifyClient;

RuntimeUseInotify     *_runtime_use_inotify_join        (RuntimeUseInotifyClient  *client,
                                                         GError                  **error);
void                   _runtime_use_inotify_leave       (RuntimeUseInotify        *self,
                                                         RuntimeUseInotifyClient  *client);

RuntimeUseInotifyMark *_runtime_use_inotify_add_mark    (RuntimeUseInotify        *self,
                                                         RuntimeUseInotifyClient  *client,
                                                         int                       fd,
                                                         gpointer                  directory,
                                                         GError                  **error);
void                   _runtime_use_inotify_remove_mark (RuntimeUseInotify        *self,
                                                         RuntimeUseInotifyMark    *mark);

guint64                _runtime_use_inotify_get_end     (RuntimeUseInotify        *self);
gboolean               _runtime_use_inotify_has_reached (RuntimeUseInotify        *self,
                                                         guint64                   position);

G_END_DECLS
