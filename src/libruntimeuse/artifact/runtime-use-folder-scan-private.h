/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-watch-log-private.h"
#include "runtime-use-watch-tree-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint quiet;           /* ms */
  guint max_directories;
  guint max_files;
  guint max_depth;
  guint max_links;
} RuntimeUseFolderLimits;

/* Goes through the directories of a tree that are queued for it, a little at a time. */
typedef struct _RuntimeUseFolderScan RuntimeUseFolderScan;

RuntimeUseFolderScan *_runtime_use_folder_scan_new  (RuntimeUseWatchTree          *tree,
                                                     const RuntimeUseFolderLimits *limits,
                                                     RuntimeUseWatchLog           *log);
void                  _runtime_use_folder_scan_free (RuntimeUseFolderScan         *self);

/* Whether what errno says may pass: too few descriptors, or too little memory. */
gboolean _runtime_use_is_want (int why);

/* How many entries of directories were read so far. */
guint64  _runtime_use_folder_scan_get_n_read (RuntimeUseFolderScan *self);

gboolean _runtime_use_folder_scan_is_done (RuntimeUseFolderScan  *self);
gboolean _runtime_use_folder_scan_step    (RuntimeUseFolderScan  *self,
                                           int                    top,
                                           gint64                 deadline,
                                           GError               **error);

/* What is heard of between scans. */
void _runtime_use_folder_scan_enter_directory (RuntimeUseFolderScan     *self,
                                               RuntimeUseWatchDirectory *parent,
                                               const char               *name,
                                               gboolean                  is_deep);
RuntimeUseWatchFile *
_runtime_use_folder_scan_ensure_file          (RuntimeUseFolderScan     *self,
                                               RuntimeUseWatchDirectory *directory,
                                               const char               *name);

G_END_DECLS
