/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-look-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-file-rest-private.h"

/* The longest time between two looks at a file that is open for writing, in milliseconds: who has
 * it open by another name closes it without an event here. */
#define MAX_BACKOFF 1000

/* Time stamps of files may be so coarse: a second change right after one that was seen would not
 * show. */
#define STAMP_GRAIN (20 * G_TIME_SPAN_MILLISECOND)

struct _RuntimeUseFolderLook
{
  RuntimeUseWatchTree          *tree;       /* NULL once ended */
  RuntimeUseWatchTop           *top;
  const RuntimeUseFolderLimits *limits;
  RuntimeUseWatchLog           *log;
  RuntimeUseFolderLookComplete  complete;
  gpointer                      user_data;
  guint64                       n_looks;
};

RuntimeUseFolderLook *
_runtime_use_folder_look_new (RuntimeUseWatchTree          *tree,
                              RuntimeUseWatchTop           *top,
                              const RuntimeUseFolderLimits *limits,
                              RuntimeUseWatchLog           *log,
                              RuntimeUseFolderLookComplete  complete,
                              gpointer                      user_data)
{
  RuntimeUseFolderLook *self = g_new0 (RuntimeUseFolderLook, 1);

  self->tree = tree;
  self->top = top;
  self->limits = limits;
  self->log = log;
  self->complete = complete;
  self->user_data = user_data;

  return self;
}

void
_runtime_use_folder_look_free (RuntimeUseFolderLook *self)
{
  g_free (self);
}

void
_runtime_use_folder_look_end (RuntimeUseFolderLook *self)
{
  self->tree = NULL;
}

guint64
_runtime_use_folder_look_get_n_looks (RuntimeUseFolderLook *self)
{
  return self->n_looks;
}

/* What depends on a file that is told of is looked at next. Who waits for the one waits for the
 * other. */
static void
look_soon (RuntimeUseFolderLook *self,
           RuntimeUseWatchFile  *file,
           RuntimeUseWatchFile  *cause)
{
  file->serial = cause->serial;
  file->is_held = FALSE;
  _runtime_use_watch_tree_put_off (self->tree, file, g_get_monotonic_time ());
}

/* Of a change by one name nothing is heard about the others. */
static void
look_at_other_names (RuntimeUseFolderLook *self,
                     RuntimeUseWatchFile  *file,
                     const char           *path)
{
  RuntimeUseWatchFile *twin = g_hash_table_lookup (self->tree->inodes, &file->inode);
  GHashTableIter iter;
  gpointer link;

  for (; twin != NULL; twin = twin->next_twin)
    {
      if ((twin->pending == NULL || twin->is_held) &&
          !(twin->is_told && _runtime_use_watch_stamp_equal (&twin->told, &file->told)))
        look_soon (self, twin, file);
    }

  g_hash_table_iter_init (&iter, self->tree->links);
  while (file->target == NULL && g_hash_table_iter_next (&iter, &link, NULL))
    {
      if (strcmp (((RuntimeUseWatchFile *) link)->target, path) == 0)
        look_soon (self, link, file);
    }
}

static void
tell (RuntimeUseFolderLook *self,
      RuntimeUseWatchFile  *file,
      const char           *path,
      int                   fd,
      const struct stat    *status)
{
  _runtime_use_watch_stamp_init (&file->told, status);
  file->is_told = TRUE;
  look_at_other_names (self, file, path);

  self->complete (path, fd, status, self->user_data);
}

/* Looks at the file again in a while, which is longer each time. */
static void
put_off (RuntimeUseFolderLook *self,
         RuntimeUseWatchFile  *file,
         guint                 first)
{
  file->backoff = file->backoff == 0 ? first : MIN (file->backoff * 2, MAX (MAX_BACKOFF, first));
  _runtime_use_watch_tree_put_off (self->tree, file, g_get_monotonic_time () +
                                   file->backoff * G_TIME_SPAN_MILLISECOND);
}

/* Where nobody can say whether a file is open for writing: whether it has stood still for twice the
 * quiet time. */
static gboolean
stands_still (RuntimeUseFolderLook *self,
              RuntimeUseWatchFile  *file,
              const struct stat    *status)
{
  gint64 now = g_get_monotonic_time ();
  gint64 still = self->limits->quiet * (2 * G_TIME_SPAN_MILLISECOND);
  RuntimeUseWatchStamp stamp;

  _runtime_use_watch_stamp_init (&stamp, status);
  if (file->met_at == 0 || !_runtime_use_watch_stamp_equal (&stamp, &file->met))
    {
      file->met = stamp;
      file->met_at = now;
    }
  if (now - file->met_at >= still)
    return TRUE;

  _runtime_use_watch_tree_put_off (self->tree, file, file->met_at + still);

  return FALSE;
}

/* There is nothing to tell of. */
static void
forget (RuntimeUseFolderLook *self,
        RuntimeUseWatchFile  *file)
{
  _runtime_use_watch_tree_remove_file (self->tree, file);
}

static gboolean
was_told (RuntimeUseWatchFile *file,
          const struct stat   *status)
{
  RuntimeUseWatchStamp stamp;

  _runtime_use_watch_stamp_init (&stamp, status);

  return file->is_told && _runtime_use_watch_stamp_equal (&stamp, &file->told);
}

static gboolean
has_just_changed (const struct stat *status)
{
  gint64 mtime = status->st_mtim.tv_sec * G_TIME_SPAN_SECOND + status->st_mtim.tv_nsec / 1000;
  gint64 age = g_get_real_time () - mtime;

  return age >= 0 && age < STAMP_GRAIN;
}

static void
look_at_content (RuntimeUseFolderLook *self,
                 RuntimeUseWatchFile  *file,
                 const char           *path,
                 int                   fd)
{
  struct stat status = { 0 };
  RuntimeUseFileRest rest = _runtime_use_file_rest_ask (fd, &status);

  file->is_held = rest == RUNTIME_USE_FILE_REST_NO;
  if (file->is_held)
    {
      put_off (self, file, self->limits->quiet);
      return;
    }
  if (status.st_size == 0)
    {
      /* It may yet be filled by another name. */
      file->is_told = FALSE;
      return;
    }
  if (rest == RUNTIME_USE_FILE_REST_UNKNOWN && !stands_still (self, file, &status))
    return;

  if (has_just_changed (&status))
    {
      _runtime_use_watch_tree_put_off (self->tree, file, g_get_monotonic_time () + STAMP_GRAIN);
      return;
    }

  file->backoff = 0;
  file->met_at = 0;
  if (!was_told (file, &status))
    tell (self, file, path, fd, &status);
}

static void
look_failed (RuntimeUseFolderLook *self,
             RuntimeUseWatchFile  *file,
             const char           *path,
             int                   why)
{
  if (_runtime_use_is_want (why))
    {
      _runtime_use_watch_log_warn (self->log, RUNTIME_USE_WATCH_TROUBLE_RESOURCES, path, "%s",
                                   g_strerror (why));
      put_off (self, file, MAX_BACKOFF);
    }
  else if (why == EWOULDBLOCK)
    {
      /* Somebody has a lease for writing, and is being asked to give it up. */
      put_off (self, file, self->limits->quiet);
    }
  else
    {
      if (why != ENOENT && why != ENOTDIR && why != ELOOP)
        _runtime_use_watch_log_warn (self->log, RUNTIME_USE_WATCH_TROUBLE_UNREADABLE, path, "%s",
                                     g_strerror (why));
      forget (self, file);
    }
}

/* @handle is what @path led to. */
static void
look_at_regular (RuntimeUseFolderLook *self,
                 RuntimeUseWatchFile  *file,
                 const char           *path,
                 int                   handle)
{
  struct stat status;
  int fd;

  if (fstat (handle, &status) < 0 || !S_ISREG (status.st_mode))
    {
      forget (self, file);
      return;
    }
  if (file->target == NULL)
    _runtime_use_watch_tree_set_inode (self->tree, file, status.st_ino);
  if (was_told (file, &status))
    {
      file->is_held = FALSE;
      return;
    }

  fd = _runtime_use_watch_top_open_handle (handle);
  if (fd < 0)
    {
      look_failed (self, file, path, errno);
      return;
    }

  look_at_content (self, file, path, fd);
  close (fd);
}

/* Whether a link to this may be told of: then it has been told of itself. */
static gboolean
is_told_of (RuntimeUseFolderLook *self,
            RuntimeUseWatchFile  *file)
{
  return file != NULL && file->is_told && file->target == NULL && !file->directory->is_left &&
         !_runtime_use_watch_tree_is_ignored (self->tree, file->directory, file->name, FALSE);
}

static void
look_at_link (RuntimeUseFolderLook *self,
              RuntimeUseWatchFile  *file,
              const char           *path,
              int                   top)
{
  g_autofree char *target = _runtime_use_beneath_resolve (top, self->top->real_path, path);
  int handle;

  if (target == NULL)
    {
      forget (self, file);
      return;
    }
  if (file->target == NULL && g_hash_table_size (self->tree->links) >= self->limits->max_links)
    {
      _runtime_use_watch_log_warn (self->log, RUNTIME_USE_WATCH_TROUBLE_LINKS, path,
                                   "there are too many links; this one is left out");
      forget (self, file);
      return;
    }

  _runtime_use_watch_tree_set_target (self->tree, file, target);
  _runtime_use_watch_tree_set_inode (self->tree, file, 0);
  if (!is_told_of (self, _runtime_use_watch_tree_find_path (self->tree, target)))
    return;

  handle = _runtime_use_beneath_open (top, target, O_PATH, 0);
  if (handle < 0)
    return;

  look_at_regular (self, file, path, handle);
  close (handle);
}

/* Files that are looked at one after another often are in the same directory. */
typedef struct
{
  int                       top;
  int                       fd;        /* of the directory, */
  RuntimeUseWatchDirectory *directory; /* NULL for none */
} LastDirectory;

static void
close_directory (LastDirectory *last)
{
  if (last->directory != NULL)
    close (last->fd);
  last->directory = NULL;
}

static int
open_handle (RuntimeUseWatchFile *file,
             LastDirectory       *last)
{
  if (last->directory != file->directory)
    {
      g_autofree char *path = _runtime_use_watch_tree_dup_path (file->directory, NULL);

      close_directory (last);
      last->fd = _runtime_use_beneath_open (last->top, path, O_PATH | O_DIRECTORY, 0);
      if (last->fd < 0)
        return -1;
      last->directory = file->directory;
    }

  return _runtime_use_beneath_open (last->fd, file->name, O_PATH, 0);
}

static void
look_at (RuntimeUseFolderLook *self,
         RuntimeUseWatchFile  *file,
         LastDirectory        *last)
{
  g_autofree char *path = _runtime_use_watch_tree_dup_path (file->directory, file->name);
  struct stat status;
  int handle;

  self->n_looks++;
  _runtime_use_watch_tree_clear_pending (file);
  if (_runtime_use_watch_tree_is_ignored (self->tree, file->directory, file->name, FALSE))
    {
      /* What was told stays in mind, for the rules may change again. */
      if (!file->is_told)
        forget (self, file);
      return;
    }

  handle = open_handle (file, last);
  if (handle < 0)
    {
      look_failed (self, file, path, errno);
      return;
    }

  if (fstat (handle, &status) == 0 && S_ISLNK (status.st_mode))
    {
      look_at_link (self, file, path, last->top);
    }
  else
    {
      _runtime_use_watch_tree_set_target (self->tree, file, NULL);
      look_at_regular (self, file, path, handle);
    }
  close (handle);
}

/* Looks at what is due until @deadline. @top is the folder as it is open. */
void
_runtime_use_folder_look_step (RuntimeUseFolderLook *self,
                               int                   top,
                               gint64                deadline)
{
  gint64 now = g_get_monotonic_time ();
  LastDirectory last = { top, -1, NULL };

  while (self->tree != NULL && now < deadline)
    {
      RuntimeUseWatchFile *file = _runtime_use_watch_tree_peek_pending (self->tree);

      if (file == NULL || file->due > now)
        break;
      look_at (self, file, &last);
      now = g_get_monotonic_time ();
    }
  close_directory (&last);
}
