/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-folders-private.h"

typedef struct
{
  RuntimeUseArtifactFolders *folders;
  char                      *name;    /* as the client gave it */
  RuntimeUseFolderWatch     *watch;
} Folder;

struct _RuntimeUseArtifactFolders
{
  GPtrArray                        *folders;   /* Folder, in the order in which they were added */
  RuntimeUseArtifactFoldersSettled  settled;
  gpointer                          user_data;
};

static void
folder_free (Folder *folder)
{
  _runtime_use_folder_watch_stop (folder->watch);
  g_object_unref (folder->watch);
  g_free (folder->name);
  g_free (folder);
}

RuntimeUseArtifactFolders *
_runtime_use_artifact_folders_new (RuntimeUseArtifactFoldersSettled settled,
                                   gpointer                         user_data)
{
  RuntimeUseArtifactFolders *self = g_new0 (RuntimeUseArtifactFolders, 1);

  self->folders = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_free);
  self->settled = settled;
  self->user_data = user_data;

  return self;
}

void
_runtime_use_artifact_folders_free (RuntimeUseArtifactFolders *self)
{
  g_ptr_array_unref (self->folders);
  g_free (self);
}

static gboolean
belongs_to_another (const Folder *folder,
                    const char   *path)
{
  g_autofree char *real_path = _runtime_use_folder_watch_dup_real_path (folder->watch, path);
  GPtrArray *folders = folder->folders->folders;

  for (guint i = 0; i < folders->len; i++)
    {
      const Folder *other = g_ptr_array_index (folders, i);

      if (other == folder)
        return FALSE;
      if (_runtime_use_folder_watch_holds (other->watch, real_path))
        return TRUE;
    }

  return FALSE;
}

static void
settled_cb (RuntimeUseFolderWatch *watch,
            const char            *path,
            int                    fd,
            const struct stat     *status,
            gpointer               user_data)
{
  const Folder *folder = user_data;
  RuntimeUseArtifactFolders *self = folder->folders;

  if (!belongs_to_another (folder, path))
    self->settled (watch, path, status, self->user_data);
}

static const RuntimeUseFolderWatchEvents watch_events = {
  .settled = settled_cb,
};

gboolean
_runtime_use_artifact_folders_has (RuntimeUseArtifactFolders *self,
                                   const char                *name)
{
  for (guint i = 0; i < self->folders->len; i++)
    if (g_str_equal (((Folder *) g_ptr_array_index (self->folders, i))->name, name))
      return TRUE;

  return FALSE;
}

/* Gives the watch, which is not started yet and remains theirs. */
RuntimeUseFolderWatch *
_runtime_use_artifact_folders_add (RuntimeUseArtifactFolders          *self,
                                   const char                         *name,
                                   const char                         *ignore_content,
                                   const RuntimeUseFolderWatchOptions *options)
{
  Folder *folder = g_new0 (Folder, 1);

  folder->folders = self;
  folder->name = g_strdup (name);
  folder->watch = _runtime_use_folder_watch_new (name, ignore_content, options, &watch_events,
                                                 folder);
  g_ptr_array_add (self->folders, folder);

  return folder->watch;
}

/* A folder of that name may be added again. */
void
_runtime_use_artifact_folders_remove (RuntimeUseArtifactFolders *self,
                                      RuntimeUseFolderWatch     *watch)
{
  for (guint i = 0; i < self->folders->len; i++)
    if (_runtime_use_artifact_folders_get (self, i) == watch)
      {
        g_ptr_array_remove_index (self->folders, i);
        break;
      }
}

void
_runtime_use_artifact_folders_clear (RuntimeUseArtifactFolders *self)
{
  g_ptr_array_set_size (self->folders, 0);
}

guint
_runtime_use_artifact_folders_get_length (RuntimeUseArtifactFolders *self)
{
  return self->folders->len;
}

RuntimeUseFolderWatch *
_runtime_use_artifact_folders_get (RuntimeUseArtifactFolders *self,
                                   guint                      index)
{
  const Folder *folder = g_ptr_array_index (self->folders, index);

  return folder->watch;
}

gboolean
_runtime_use_artifact_folders_are_settled (RuntimeUseArtifactFolders *self)
{
  for (guint i = 0; i < self->folders->len; i++)
    if (!_runtime_use_folder_watch_is_settled (_runtime_use_artifact_folders_get (self, i)))
      return FALSE;

  return TRUE;
}

/* Nothing is told of after this; they remain known. */
void
_runtime_use_artifact_folders_stop (RuntimeUseArtifactFolders *self)
{
  for (guint i = 0; i < self->folders->len; i++)
    _runtime_use_folder_watch_stop (_runtime_use_artifact_folders_get (self, i));
}
