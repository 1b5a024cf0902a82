/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-staging-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-archive-path-private.h"
#include "runtime-use-beneath-private.h"
#include "runtime-use-error.h"
#include "runtime-use-transfer-file-private.h"

#define MAX_TRIES 100
#define MAX_REMOVE_TRIES 5

/* As many as the kernel follows. */
#define MAX_LINKS 40

struct _RuntimeUseArchiveStaging
{
  int         folder;      /* where everything goes in the end; borrowed */
  int         fd;          /* the staging folder; -1 when there is none */
  char        name[RUNTIME_USE_SCRATCH_NAME_SIZE];
  mode_t      umask;
  GHashTable *links;       /* path -> where it leads to, both from the folder */
};

static gboolean
set_error (RuntimeUseArchiveStaging  *self,
           GError                   **error)
{
  int saved = errno;

  if (saved == ELOOP || saved == ENOTDIR)
    g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                         "a part of its path is a link or a file");
  else
    _runtime_use_set_system_error (error, saved, self->folder, 0, "it cannot be written");

  return FALSE;
}

RuntimeUseArchiveStaging *
_runtime_use_archive_staging_new (int      folder,
                                  GError **error)
{
  g_autoptr(RuntimeUseArchiveStaging) self = g_new0 (RuntimeUseArchiveStaging, 1);
  struct stat status;
  int result = -1;

  self->folder = folder;
  self->fd = -1;
  self->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; result != 0 && i < MAX_TRIES; i++)
    {
      _runtime_use_scratch_name (self->name);
      result = mkdirat (folder, self->name, 0777);
      if (result != 0 && errno != EEXIST)
        break;
    }

  if (result == 0)
    self->fd = openat (folder, self->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (self->fd < 0 || fstat (self->fd, &status) != 0)
    {
      _runtime_use_set_system_error (error, errno, folder, 0,
                                     "Cannot make a folder to unpack to");
      return NULL;
    }
  /* The only way to ask for it that changes nothing for other threads. */
  self->umask = ~status.st_mode & 0777;

  return g_steal_pointer (&self);
}

void
_runtime_use_archive_staging_free (RuntimeUseArchiveStaging *self)
{
  if (self->fd >= 0)
    {
      gboolean removed = FALSE;

      close (self->fd);
      /* Somebody may move about what is in it. */
      for (guint i = 0; !removed && i < MAX_REMOVE_TRIES; i++)
        removed = _runtime_use_beneath_remove (self->folder, self->name);
      if (!removed)
        g_info ("Cannot remove the folder %s: %s", self->name, g_strerror (errno));
    }
  g_hash_table_unref (self->links);
  g_free (self);
}

static gboolean
make_parent (RuntimeUseArchiveStaging *self,
             const char               *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return _runtime_use_beneath_make_folder (self->fd, parent) == 0;
}

/* Of members with one name the last one counts, except that a folder stays one. */
static gboolean
remove_earlier (RuntimeUseArchiveStaging *self,
                const char               *path)
{
  const char *leaf;
  int parent = _runtime_use_beneath_open_parent (self->fd, path, &leaf);
  int result;

  if (parent < 0)
    return FALSE;

  result = unlinkat (parent, leaf, 0);
  close (parent);
  g_hash_table_remove (self->links, path);

  return result == 0;
}

/* Makes room at @path after something could not be made there, and says whether to try again. */
static gboolean
make_room (RuntimeUseArchiveStaging *self,
           const char               *path,
           guint                     tries)
{
  if (errno == ENOENT && tries < MAX_TRIES)
    return make_parent (self, path);
  if (errno == EEXIST && tries < MAX_TRIES)
    return remove_earlier (self, path);

  return FALSE;
}

/* Returns a new file to write to. */
int
_runtime_use_archive_staging_create (RuntimeUseArchiveStaging  *self,
                                     const char                *path,
                                     guint                      mode,
                                     GError                   **error)
{
  guint tries = 0;
  int fd;

  do
    fd = _runtime_use_beneath_open (self->fd, path, O_WRONLY | O_CREAT | O_EXCL, mode);
  while (fd < 0 && make_room (self, path, tries++));

  if (fd < 0)
    set_error (self, error);

  return fd;
}

/* Opens a file that was written before. */
int
_runtime_use_archive_staging_open (RuntimeUseArchiveStaging  *self,
                                   const char                *path,
                                   guint                     *mode,
                                   GError                   **error)
{
  int fd = _runtime_use_beneath_open (self->fd, path, O_RDONLY | O_NONBLOCK, 0);
  struct stat status;

  if (fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    {
      *mode = status.st_mode & 0777;
      return fd;
    }

  if (fd >= 0)
    close (fd);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                       "it is a hard link to something that is no file of this archive");

  return -1;
}

static int
make_link (RuntimeUseArchiveStaging *self,
           const char               *path,
           const char               *target)
{
  const char *leaf;
  int parent = _runtime_use_beneath_open_parent (self->fd, path, &leaf);
  int result;
  int saved;

  if (parent < 0)
    return -1;

  result = symlinkat (target, parent, leaf);
  saved = errno;
  close (parent);
  errno = saved;

  return result;
}

gboolean
_runtime_use_archive_staging_add_link (RuntimeUseArchiveStaging  *self,
                                       const char                *path,
                                       const char                *target,
                                       GError                   **error)
{
  g_autofree char *leads_to = _runtime_use_archive_link_clean (path, target, error);
  guint tries = 0;
  int result;

  if (leads_to == NULL)
    return FALSE;

  do
    result = make_link (self, path, target);
  while (result != 0 && make_room (self, path, tries++));

  if (result != 0)
    return set_error (self, error);

  g_hash_table_replace (self->links, g_strdup (path), g_steal_pointer (&leads_to));

  return TRUE;
}

/* Whoever unpacks has to be able to fill the folder, to move and to remove it. */
static gboolean
set_folder_mode (RuntimeUseArchiveStaging *self,
                 const char               *path,
                 guint                     mode)
{
  int fd = _runtime_use_beneath_open (self->fd, path, O_RDONLY | O_DIRECTORY, 0);
  struct stat status;
  int result;

  if (fd < 0)
    return FALSE;

  /* A set-group-ID bit is never that of the archive, but may come from the folder above. */
  result = fstat (fd, &status);
  if (result == 0)
    result = fchmod (fd, (status.st_mode & S_ISGID) | ((mode | 0700) & ~self->umask) | 0700);
  close (fd);

  return result == 0;
}

gboolean
_runtime_use_archive_staging_add_folder (RuntimeUseArchiveStaging  *self,
                                         const char                *path,
                                         guint                      mode,
                                         GError                   **error)
{
  if (_runtime_use_beneath_make_folder (self->fd, path) != 0 ||
      !set_folder_mode (self, path, mode))
    return set_error (self, error);

  return TRUE;
}

/* --- where links lead to when everything is in place --- */

static gboolean
is_staged (RuntimeUseArchiveStaging *self,
           const char               *path)
{
  int fd = _runtime_use_beneath_open (self->fd, path, O_PATH, 0);

  if (fd >= 0)
    close (fd);

  return fd >= 0;
}

/* Puts the names of @path before those that are still to be looked at. */
static void
push_names (GQueue     *names,
            const char *path)
{
  g_auto(GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = g_strv_length (parts); i > 0; i--)
    g_queue_push_head (names, g_strdup (parts[i - 1]));
}

static void
drop_name (GString *path)
{
  char *slash = strrchr (path->str, '/');

  g_string_truncate (path, slash != NULL ? (gsize) (slash - path->str) : 0);
}

/* Goes on at the end of the link at @path, if there is one. Returns FALSE when that is outside. */
static gboolean
follow (RuntimeUseArchiveStaging *self,
        GString                  *path,
        GQueue                   *names,
        guint                    *n_links)
{
  const char *leads_to = g_hash_table_lookup (self->links, path->str);
  char text[PATH_MAX];
  ssize_t length;

  if (leads_to != NULL)
    {
      push_names (names, leads_to);
      g_string_truncate (path, 0);
      (*n_links)++;
      return TRUE;
    }

  if (is_staged (self, path->str))
    return TRUE;

  /* Of what was there before. */
  length = readlinkat (self->folder, path->str, text, sizeof text - 1);
  if (length < 0)
    return TRUE;
  text[length] = '\0';
  if (text[0] == '/')
    return FALSE;

  push_names (names, text);
  drop_name (path);
  (*n_links)++;

  return TRUE;
}

static gboolean
stays_inside (RuntimeUseArchiveStaging *self,
              const char               *leads_to)
{
  g_autoptr(GString) path = g_string_new (NULL);
  g_autoptr(GQueue) names = g_queue_new ();
  gboolean inside = TRUE;
  guint n_links = 0;

  push_names (names, leads_to);
  /* A loop leads nowhere. */
  while (inside && n_links <= MAX_LINKS && !g_queue_is_empty (names))
    {
      g_autofree char *name = g_queue_pop_head (names);

      if (name[0] == '\0' || strcmp (name, ".") == 0)
        continue;

      if (strcmp (name, "..") == 0)
        {
          inside = path->len > 0;
          drop_name (path);
          continue;
        }

      g_string_append_printf (path, "%s%s", path->len > 0 ? "/" : "", name);
      inside = follow (self, path, names, &n_links);
    }
  g_queue_clear_full (names, g_free);

  return inside;
}

static gboolean
check_links (RuntimeUseArchiveStaging  *self,
             GCancellable              *cancellable,
             GError                   **error)
{
  GHashTableIter iter;
  gpointer path;
  gpointer leads_to;

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, &path, &leads_to))
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!stays_inside (self, leads_to))
        {
          g_autofree char *shown = _runtime_use_show_name (path);

          g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                       "member “%s”: it links out of the folder, through a link that was there "
                       "before", shown);
          return FALSE;
        }
    }

  return TRUE;
}

/* --- moving into place --- */

typedef struct
{
  RuntimeUseArchiveStaging *staging;
  gboolean                  move;   /* else only look whether it can be moved */
  GString                  *path;   /* of what is looked at */
} Placing;

static gboolean place_folder (Placing  *self,
                              int       from,
                              int       to,
                              GError  **error);

static gboolean
fail_place (Placing  *self,
            GError  **error)
{
  g_autofree char *shown = _runtime_use_show_name (self->path->str);

  _runtime_use_set_system_error (error, errno, self->staging->folder, 0,
                                 "member “%s”: it cannot be moved into place", shown);

  return FALSE;
}

/* Both there and here it is a folder: that is kept, and filled. */
static gboolean
place_into (Placing     *self,
            int          from,
            int          to,
            const char  *name,
            GError     **error)
{
  int inner_from = openat (from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int inner_to = openat (to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  gboolean placed;

  if (inner_from >= 0 && inner_to >= 0)
    {
      placed = place_folder (self, inner_from, inner_to, error);
    }
  else
    {
      placed = fail_place (self, error);
      if (inner_from >= 0)
        close (inner_from);
    }
  if (inner_to >= 0)
    close (inner_to);

  return placed;
}

static gboolean
place_entry (Placing     *self,
             int          from,
             int          to,
             const char  *name,
             GError     **error)
{
  struct stat here;
  struct stat there;
  gboolean exists = fstatat (to, name, &there, AT_SYMLINK_NOFOLLOW) == 0;

  if (fstatat (from, name, &here, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_place (self, error);

  if (exists && S_ISDIR (there.st_mode))
    {
      if (S_ISDIR (here.st_mode))
        return place_into (self, from, to, name, error);
      errno = EISDIR;
      return fail_place (self, error);
    }

  if (!self->move)
    return TRUE;

  /* Files and links are replaced in one step, but a folder can only take an empty place. */
  if (exists && S_ISDIR (here.st_mode) && unlinkat (to, name, 0) != 0)
    return fail_place (self, error);
  if (renameat (from, name, to, name) != 0)
    return fail_place (self, error);

  return TRUE;
}

/* Takes @from. */
static gboolean
place_folder (Placing  *self,
              int       from,
              int       to,
              GError  **error)
{
  gsize length = self->path->len;
  DIR *stream = fdopendir (from);
  gboolean placed = TRUE;
  struct dirent *entry;

  if (stream == NULL)
    {
      fail_place (self, error);
      close (from);
      return FALSE;
    }

  while (placed && (entry = readdir (stream)) != NULL)
    {
      if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
        continue;

      g_string_append_printf (self->path, "%s%s", length > 0 ? "/" : "", entry->d_name);
      placed = place_entry (self, dirfd (stream), to, entry->d_name, error);
      g_string_truncate (self->path, length);
    }
  closedir (stream);

  return placed;
}

static gboolean
place (RuntimeUseArchiveStaging  *self,
       gboolean                   move,
       GError                   **error)
{
  g_autoptr(GString) path = g_string_new (NULL);
  Placing placing = { self, move, path };
  int fd = openat (self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return fail_place (&placing, error);

  return place_folder (&placing, fd, self->folder, error);
}

/* Moves everything into place. When it can be seen that this does not work, nothing is moved. */
gboolean
_runtime_use_archive_staging_place (RuntimeUseArchiveStaging  *self,
                                    GCancellable              *cancellable,
                                    GError                   **error)
{
  return check_links (self, cancellable, error) &&
         place (self, FALSE, error) &&
         !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         place (self, TRUE, error);
}
