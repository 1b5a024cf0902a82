/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/stat.h>

#include "runtime-use-ignore-rules-private.h"
#include "runtime-use-watch-backend-private.h"

G_BEGIN_DECLS

#define RUNTIME_USE_IGNORE_FILE ".artifactignore"

/* What downloads are called until they are complete. */
#define RUNTIME_USE_OWN_FILE_PREFIX ".runtimeuse-"

/* What is known of the directories and files in a watched folder; does no I/O. */
typedef struct _RuntimeUseWatchTree RuntimeUseWatchTree;
typedef struct _RuntimeUseWatchDirectory RuntimeUseWatchDirectory;
typedef struct _RuntimeUseWatchFile RuntimeUseWatchFile;

/* Tells one content of a file from another. */
typedef struct
{
  gint64  mtime; /* ns */
  gint64  size;
  guint64 inode;
  guint64 device;
} RuntimeUseWatchStamp;

struct _RuntimeUseWatchDirectory
{
  RuntimeUseWatchDirectory *parent;      /* NULL for the top */
  GHashTable               *directories; /* name → RuntimeUseWatchDirectory; may be NULL */
  GHashTable               *files;       /* name → RuntimeUseWatchFile; may be NULL */
  RuntimeUseIgnoreRules    *rules;       /* (nullable): of the file in this directory */
  gpointer                  mark;        /* of the backend */
  GList                    *scan_link;   /* in the queue of those to be scanned */
  guint                     depth;
  guint                     n_scans;
  guint                     seen;        /* the scan of the parent that saw it last */
  gboolean                  is_deep;     /* the scan goes on below */
  gboolean                  is_left;     /* ignored, but was not before */
  char                      name[];
};

struct _RuntimeUseWatchFile
{
  RuntimeUseWatchDirectory *directory;
  GSequenceIter            *pending;     /* NULL when there is nothing to do about it */
  gint64                    due;
  guint64                   serial;      /* of the tree when it became pending */
  RuntimeUseWatchStamp      told;        /* if it is */
  guint64                   inode;       /* when it was last looked at; 0 for never */
  RuntimeUseWatchFile      *next_twin;   /* another name of the same inode */
  RuntimeUseWatchStamp      met;         /* when it was last looked at in vain, */
  gint64                    met_at;      /* which was then; 0 for never */
  char                     *target;      /* of a link, relative to the folder */
  guint                     backoff;     /* ms */
  guint                     seen;
  gboolean                  is_told;
  gboolean                  is_held;     /* somebody has it open for writing */
  char                      name[];
};

struct _RuntimeUseWatchTree
{
  RuntimeUseWatchBackend   *backend;
  gpointer                  watcher;     /* (nullable): who hears from the backend */
  RuntimeUseIgnoreRules    *pinned;      /* (nullable): instead of those on disk */
  RuntimeUseWatchDirectory *top;
  RuntimeUseWatchDirectory *scanned;     /* the one being scanned, or NULL */
  GQueue                    to_scan;     /* of RuntimeUseWatchDirectory */
  GQueue                    left;        /* the same, of what is taken apart */
  GSequence                *pending;     /* of RuntimeUseWatchFile, the next one first */
  GHashTable               *links;       /* set of RuntimeUseWatchFile with a target */
  GHashTable               *inodes;      /* inode → the first RuntimeUseWatchFile */
  guint64                   serial;
  guint                     n_directories;
  guint                     n_files;
};

RuntimeUseWatchTree *_runtime_use_watch_tree_new (RuntimeUseIgnoreRules *pinned);
void _runtime_use_watch_tree_free (RuntimeUseWatchTree *self);
gboolean _runtime_use_watch_tree_take_apart (RuntimeUseWatchTree *self,
                                             gint64               deadline);
void _runtime_use_watch_tree_clear (RuntimeUseWatchTree *self);
void _runtime_use_watch_tree_take_backend (RuntimeUseWatchTree    *self,
                                           RuntimeUseWatchBackend *backend);

RuntimeUseWatchDirectory *
_runtime_use_watch_tree_find_directory (RuntimeUseWatchDirectory *parent,
                                        const char               *name);
RuntimeUseWatchDirectory *
_runtime_use_watch_tree_add_directory (RuntimeUseWatchTree      *self,
                                       RuntimeUseWatchDirectory *parent,
                                       const char               *name);
void _runtime_use_watch_tree_remove_directory (RuntimeUseWatchTree      *self,
                                               RuntimeUseWatchDirectory *directory);
void _runtime_use_watch_tree_leave_directory (RuntimeUseWatchTree      *self,
                                              RuntimeUseWatchDirectory *directory);
void _runtime_use_watch_tree_take_mark (RuntimeUseWatchTree      *self,
                                        RuntimeUseWatchDirectory *directory,
                                        gpointer                  mark);
void _runtime_use_watch_tree_remove_unseen (RuntimeUseWatchTree      *self,
                                            RuntimeUseWatchDirectory *directory);
void _runtime_use_watch_tree_queue_scan (RuntimeUseWatchTree      *self,
                                         RuntimeUseWatchDirectory *directory,
                                         gboolean                  is_deep);
RuntimeUseWatchDirectory *_runtime_use_watch_tree_next_scan (RuntimeUseWatchTree *self);

RuntimeUseWatchFile *_runtime_use_watch_tree_find_file (RuntimeUseWatchDirectory *directory,
                                                        const char               *name);
RuntimeUseWatchFile *_runtime_use_watch_tree_find_path (RuntimeUseWatchTree *self,
                                                        const char          *path);
RuntimeUseWatchFile *_runtime_use_watch_tree_add_file (RuntimeUseWatchTree      *self,
                                                       RuntimeUseWatchDirectory *directory,
                                                       const char               *name);
void _runtime_use_watch_tree_remove_file (RuntimeUseWatchTree *self,
                                          RuntimeUseWatchFile *file);
void _runtime_use_watch_tree_set_inode (RuntimeUseWatchTree *self,
                                        RuntimeUseWatchFile *file,
                                        guint64              inode);
void _runtime_use_watch_tree_set_target (RuntimeUseWatchTree *self,
                                         RuntimeUseWatchFile *file,
                                         const char          *target);

void _runtime_use_watch_tree_set_pending (RuntimeUseWatchTree *self,
                                          RuntimeUseWatchFile *file,
                                          gint64               due);
void _runtime_use_watch_tree_put_off (RuntimeUseWatchTree *self,
                                      RuntimeUseWatchFile *file,
                                      gint64               due);
void _runtime_use_watch_tree_clear_pending (RuntimeUseWatchFile *file);
RuntimeUseWatchFile *_runtime_use_watch_tree_peek_pending (RuntimeUseWatchTree *self);
gboolean _runtime_use_watch_tree_has_unsettled (RuntimeUseWatchTree *self,
                                                guint64              serial);

char *_runtime_use_watch_tree_dup_path (RuntimeUseWatchDirectory *directory,
                                        const char               *name);
gboolean _runtime_use_watch_tree_is_ignored (RuntimeUseWatchTree      *self,
                                             RuntimeUseWatchDirectory *directory,
                                             const char               *name,
                                             gboolean                  is_directory);

void _runtime_use_watch_stamp_init (RuntimeUseWatchStamp *self,
                                    const struct stat    *status);
gboolean _runtime_use_watch_stamp_equal (const RuntimeUseWatchStamp *one,
                                         const RuntimeUseWatchStamp *other);

G_END_DECLS
