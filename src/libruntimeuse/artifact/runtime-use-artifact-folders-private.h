/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-watch-private.h"

G_BEGIN_DECLS

/* The folders of one conversation. They may lie in each other: of several that hold a file the one
 * that was added first decides about it, by whatever names they go. */
typedef struct _RuntimeUseArtifactFolders RuntimeUseArtifactFolders;

/* A file of @watch is complete; @path and @status are as in RuntimeUseFolderWatchEvents. May remove
 * or free the folders. */
typedef void (* RuntimeUseArtifactFoldersSettled) (RuntimeUseFolderWatch *watch,
                                                   const char            *path,
                                                   const struct stat     *status,
                                                   gpointer               user_data);

RuntimeUseArtifactFolders *
_runtime_use_artifact_folders_new         (RuntimeUseArtifactFoldersSettled    settled,
                                           gpointer                            user_data);
void
_runtime_use_artifact_folders_free        (RuntimeUseArtifactFolders          *self);

gboolean
_runtime_use_artifact_folders_has         (RuntimeUseArtifactFolders          *self,
                                           const char                         *name);
RuntimeUseFolderWatch *
_runtime_use_artifact_folders_add         (RuntimeUseArtifactFolders          *self,
                                           const char                         *name,
                                           const char                         *ignore_content,
                                           const RuntimeUseFolderWatchOptions *options);
void
_runtime_use_artifact_folders_remove      (RuntimeUseArtifactFolders          *self,
                                           RuntimeUseFolderWatch              *watch);
void
_runtime_use_artifact_folders_clear       (RuntimeUseArtifactFolders          *self);

guint
_runtime_use_artifact_folders_get_length  (RuntimeUseArtifactFolders          *self);
RuntimeUseFolderWatch *
_runtime_use_artifact_folders_get         (RuntimeUseArtifactFolders          *self,
                                           guint                               index);

gboolean
_runtime_use_artifact_folders_are_settled (RuntimeUseArtifactFolders          *self);
void
_runtime_use_artifact_folders_stop        (RuntimeUseArtifactFolders          *self);

G_END_DECLS
