/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-watch-private.h"

G_BEGIN_DECLS

typedef struct _WatchFixture WatchFixture;

/* A folder below a fresh directory, and what a watch tells of it. */
struct _WatchFixture
{
  char                         *root;    /* for what lies outside of the folder */
  char                         *folder;
  RuntimeUseFolderWatchOptions  options;
  RuntimeUseFolderWatch        *watch;
  GHashTable                   *told;    /* path below the folder → its last content */
  guint                         n_told;
  gint64                        told_at; /* of the last one */
  void                       (* on_told) (WatchFixture *self);
};

void     watch_fixture_init             (WatchFixture *self);
void     watch_fixture_clear            (WatchFixture *self);
void     watch_fixture_start            (WatchFixture *self,
                                         const char   *rules);
GError  *watch_fixture_try              (WatchFixture *self,
                                         const char   *rules);
void     watch_fixture_stop             (WatchFixture *self);
void     watch_fixture_settle           (WatchFixture *self);
void     watch_fixture_run              (guint         milliseconds);
void     watch_fixture_until            (WatchFixture *self,
                                         const char   *path,
                                         const char   *content);
void     watch_fixture_until_told       (WatchFixture *self,
                                         guint         n_told);

char    *watch_fixture_path             (WatchFixture *self,
                                         const char   *path);
int      watch_fixture_open             (WatchFixture *self,
                                         const char   *path,
                                         int           flags);
void     watch_fixture_write            (WatchFixture *self,
                                         const char   *path,
                                         const char   *content);
void     watch_fixture_append           (WatchFixture *self,
                                         const char   *path,
                                         const char   *content);
void     watch_fixture_mkdir            (WatchFixture *self,
                                         const char   *path);
void     watch_fixture_make_directories (WatchFixture *self,
                                         guint         n,
                                         guint         n_files);
void     watch_fixture_rename           (WatchFixture *self,
                                         const char   *from,
                                         const char   *to);
void     watch_fixture_remove           (WatchFixture *self,
                                         const char   *path);
void     watch_fixture_link             (WatchFixture *self,
                                         const char   *target,
                                         const char   *path);

#define watch_fixture_assert(self, path, content) \
  g_assert_cmpstr (g_hash_table_lookup ((self)->told, (path)), ==, (content))

void     watch_fixture_delete           (const char   *path);
void     watch_put                      (int           fd,
                                         const char   *text);

G_END_DECLS
