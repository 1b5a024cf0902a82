/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-scan-private.h"
#include "runtime-use-watch-top-private.h"

G_BEGIN_DECLS

/* Looks at the files of a tree that are due, a little at a time, and tells of each content that is
 * complete and was not told of before. One that is not complete becomes due again later; what turns
 * out to be nothing to tell of is forgotten. */
typedef struct _RuntimeUseFolderLook RuntimeUseFolderLook;

/* @path is relative to the folder; @fd and @status are as in RuntimeUseFolderWatchEvents. May end
 * the look, but not free it. */
typedef void (* RuntimeUseFolderLookComplete) (const char        *path,
                                               int                fd,
                                               const struct stat *status,
                                               gpointer           user_data);

RuntimeUseFolderLook *
_runtime_use_folder_look_new         (RuntimeUseWatchTree           *tree,
                                      RuntimeUseWatchTop            *top,
                                      const RuntimeUseFolderLimits  *limits,
                                      RuntimeUseWatchLog            *log,
                                      RuntimeUseFolderLookComplete   complete,
                                      gpointer                       user_data);
void
_runtime_use_folder_look_free        (RuntimeUseFolderLook          *self);

/* How often it has looked at a file so far. */
guint64
_runtime_use_folder_look_get_n_looks (RuntimeUseFolderLook          *self);

void
_runtime_use_folder_look_step        (RuntimeUseFolderLook          *self,
                                      int                            top,
                                      gint64                         deadline);

/* The tree is about to go; a step that is under way is the last one. */
void
_runtime_use_folder_look_end         (RuntimeUseFolderLook          *self);

G_END_DECLS
