/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

#include "runtime-use-logger.h"

G_BEGIN_DECLS

/* Watches a folder and all that is below it, and tells of each file once its content is there, and
 * again after each later change of it. It belongs to the main context that was the thread-default
 * one when it was made.
 *
 * Told of are regular files that are not empty and not ignored, also those that exist at the start.
 * Nobody has them open for writing at that moment, and nothing has happened to them for the quiet
 * time. A content is known by path, time of modification, size and inode. A file that is deleted
 * before it is told of is not told of.
 *
 * A symbolic link to a file in the folder is told of by its own name when its target has been told
 * of, and again whenever the link or the target changes. Links that lead out of the folder or to
 * what is ignored are not followed, nor are links to directories: what is in those has a name of
 * its own if it is in the folder. Each name of a file with hard links is told of; a change that is
 * made by a name outside of the folder, or by one that is gone before it has settled, is not
 * noticed. Names that are not UTF-8 are left out and logged.
 *
 * The rules are those that are pinned, else those in the files `.artifactignore` in the folder and
 * below, which are read again when they change; where the folder itself has none, the default ones
 * take its place. Ignored directories are not watched.
 *
 * A folder that is deleted or moved away is waited for; so is what takes its place if that is not a
 * symbolic link. Where inotify cannot be used the folder is scanned time and again instead. */
#define RUNTIME_USE_TYPE_FOLDER_WATCH (_runtime_use_folder_watch_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseFolderWatch, _runtime_use_folder_watch,
                      RUNTIME_USE, FOLDER_WATCH, GObject)

/* What 0 in the options stands for. */
#define RUNTIME_USE_FOLDER_WATCH_QUIET           40    /* ms */
#define RUNTIME_USE_FOLDER_WATCH_SCAN_INTERVAL   1000  /* ms */
#define RUNTIME_USE_FOLDER_WATCH_MAX_DIRECTORIES 50000
#define RUNTIME_USE_FOLDER_WATCH_MAX_FILES       500000
#define RUNTIME_USE_FOLDER_WATCH_MAX_DEPTH       64
#define RUNTIME_USE_FOLDER_WATCH_MAX_LINKS       1000

/*
 * RuntimeUseFolderWatchOptions:
 * @quiet: milliseconds without a change until a file is told of
 * @scan_interval: milliseconds between scans where inotify cannot be used, and between looks for a
 *   folder that is gone
 * @max_directories: below the folder; further ones are left out
 * @max_files: that are remembered; further ones are left out
 * @max_depth: of directories below the folder; deeper ones are left out
 * @max_links: symbolic links; further ones are left out
 * @without_inotify: to scan as if there were no inotify
 * @logger: (nullable): who hears of trouble
 */
typedef struct
{
  guint             quiet;
  guint             scan_interval;
  guint             max_directories;
  guint             max_files;
  guint             max_depth;
  guint             max_links;
  gboolean          without_inotify;
  RuntimeUseLogger *logger;
} RuntimeUseFolderWatchOptions;

typedef struct
{
  /* @path is the folder as given, a slash, and what is below it. @fd is open for reading at its
   * start; dup() it to keep it. @status is that of the moment in which nobody had the file open for
   * writing, or of the last look where that cannot be known. May stop or let go of the watch. */
  void (* settled) (RuntimeUseFolderWatch *self,
                    const char            *path,
                    int                    fd,
                    const struct stat     *status,
                    gpointer               user_data);
} RuntimeUseFolderWatchEvents;

RuntimeUseFolderWatch *
_runtime_use_folder_watch_new (const char                         *folder,
                               const char                         *ignore_content,
                               const RuntimeUseFolderWatchOptions *options,
                               const RuntimeUseFolderWatchEvents  *events,
                               gpointer                            user_data);

/* Makes the folder if there is none, and completes when all of it is watched. Files that are there
 * are told of from then on. The text of an error begins with its name, as in "EEXIST: …". */
void _runtime_use_folder_watch_start_async (RuntimeUseFolderWatch *self,
                                            GCancellable          *cancellable,
                                            GAsyncReadyCallback    callback,
                                            gpointer               user_data);
gboolean _runtime_use_folder_watch_start_finish (RuntimeUseFolderWatch  *self,
                                                 GAsyncResult           *result,
                                                 GError                **error);

/* Whether nothing has changed that was not told of. Files that are open for writing do not count.
 * Without inotify nobody knows, so it is FALSE. */
gboolean _runtime_use_folder_watch_is_settled (RuntimeUseFolderWatch *self);

/* Completes when all that was closed before the call has been told of. There is no deadline: that
 * is for the caller. */
void _runtime_use_folder_watch_settle_async (RuntimeUseFolderWatch *self,
                                             GCancellable          *cancellable,
                                             GAsyncReadyCallback    callback,
                                             gpointer               user_data);
gboolean _runtime_use_folder_watch_settle_finish (RuntimeUseFolderWatch  *self,
                                                  GAsyncResult           *result,
                                                  GError                **error);

/* Where a file that was told of lies, without a link in the path of the folder. */
char *_runtime_use_folder_watch_dup_real_path (RuntimeUseFolderWatch *self,
                                               const char            *path);

/* Whether a file lies there that is in the folder; FALSE before the start. */
gboolean _runtime_use_folder_watch_holds (RuntimeUseFolderWatch *self,
                                          const char            *real_path);

/* Tells of a file once more, even if its content is the one that was told of before. */
void _runtime_use_folder_watch_tell_again (RuntimeUseFolderWatch *self,
                                           const char            *path);

/* Opens a file that was told of, as it is now, without being led out of the folder. Returns -1 and
 * says why, also in errno, if that cannot be done any more. */
int _runtime_use_folder_watch_open (RuntimeUseFolderWatch  *self,
                                    const char             *path,
                                    GError                **error);

/* For tests: how many entries of directories were read and files looked at. */
guint64 _runtime_use_folder_watch_get_work (RuntimeUseFolderWatch *self);

/* Nothing is told of after this; what is waited for ends as cancelled. */
void _runtime_use_folder_watch_stop (RuntimeUseFolderWatch *self);

G_END_DECLS
