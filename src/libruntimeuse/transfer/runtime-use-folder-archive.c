/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-archive-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-libarchive-private.h"
#include "runtime-use-transfer-file-private.h"

/*
 * Packs a folder so that whoever unpacks it gets the same: names, contents, times, modes and links.
 * Nothing is compressed: it is for a reader on the same machine.
 */

#define BLOCK (256 * 1024)

/* Each level keeps a descriptor open. */
#define MAX_DEPTH 200

/* As many as a runtime unpacks. */
#define MAX_ENTRIES 500000

#define MAX_LEFT_OUT_LINES 20

typedef struct
{
  struct archive       *archive;
  struct archive_entry *entry;
  RuntimeUseLeftOut    *left_out;
  GCancellable         *cancellable;
  GString              *path;        /* of the member */
  guint                 depth;
  guint                 n_entries;
  char                 *block;
} Pack;

#define LA _runtime_use_libarchive

void
_runtime_use_left_out_init (RuntimeUseLeftOut *self)
{
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->count = 0;
}

void
_runtime_use_left_out_clear (RuntimeUseLeftOut *self)
{
  g_clear_pointer (&self->lines, g_ptr_array_unref);
}

static void
leave_out (Pack       *self,
           const char *reason)
{
  g_autofree char *shown = NULL;

  if (self->left_out->count++ >= MAX_LEFT_OUT_LINES)
    return;

  shown = _runtime_use_show_name (self->path->str);
  g_ptr_array_add (self->left_out->lines, g_strdup_printf ("%s: %s", shown, reason));
}

static gboolean
fail_errno (Pack        *self,
            const char  *what,
            GError     **error)
{
  int saved_errno = errno;
  g_autofree char *shown = _runtime_use_show_name (self->path->str);

  _runtime_use_set_system_error (error, saved_errno, AT_FDCWD, 0, "Cannot %s %s", what, shown);

  return FALSE;
}

static gboolean
fail_archive (Pack    *self,
              GError **error)
{
  const char *text = LA.archive_error_string (self->archive);
  g_autofree char *shown = _runtime_use_show_name (self->path->str);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "Cannot pack %s: %s", shown,
               text != NULL ? text : "unknown error");

  return FALSE;
}

static gboolean
write_header (Pack              *self,
              const struct stat *info,
              const char        *target,
              GError           **error)
{
  if (++self->n_entries > MAX_ENTRIES)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "The folder has more than %d files and folders", MAX_ENTRIES);
      return FALSE;
    }

  LA.archive_entry_clear (self->entry);
  LA.archive_entry_set_pathname (self->entry, self->path->str);
  LA.archive_entry_set_filetype (self->entry, info->st_mode & S_IFMT);
  LA.archive_entry_set_perm (self->entry, info->st_mode & 0777);
  LA.archive_entry_set_mtime (self->entry, info->st_mtim.tv_sec, info->st_mtim.tv_nsec);
  LA.archive_entry_set_size (self->entry, S_ISREG (info->st_mode) ? info->st_size : 0);
  if (target != NULL)
    LA.archive_entry_set_symlink (self->entry, target);

  return LA.archive_write_header (self->archive, self->entry) == ARCHIVE_OK ||
         fail_archive (self, error);
}

static gboolean
write_content (Pack    *self,
               int      fd,
               guint64  size,
               GError **error)
{
  ssize_t n = 1;

  while (size > 0 && n > 0)
    {
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;

      do
        n = read (fd, self->block, MIN (size, BLOCK));
      while (n < 0 && errno == EINTR);
      if (n < 0)
        return fail_errno (self, "read", error);
      if (n > 0 && LA.archive_write_data (self->archive, self->block, (gsize) n) != n)
        return fail_archive (self, error);
      size -= (guint64) n;
    }

  if (size == 0)
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
               "%s became smaller while it was packed", self->path->str);

  return FALSE;
}

static gboolean
pack_file (Pack        *self,
           int          folder,
           const char  *name,
           GError     **error)
{
  struct stat info;
  gboolean done;
  int fd;

  /* Should it have become a FIFO just now, then nobody waits for its other end. */
  fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return fail_errno (self, "read", error);

  if (fstat (fd, &info) != 0)
    done = fail_errno (self, "read", error);
  else if (!S_ISREG (info.st_mode))
    {
      leave_out (self, "it is no file any more");
      done = TRUE;
    }
  else
    {
      done = write_header (self, &info, NULL, error) &&
             write_content (self, fd, (guint64) info.st_size, error);
    }
  close (fd);

  return done;
}

/* Whoever unpacks an archive refuses all of it for a link that leads out of it, or may do so by way
 * of another one. Returns why it cannot be carried over, or NULL. */
static const char *
find_fault (Pack       *self,
            const char *target)
{
  g_auto(GStrv) parts = g_strsplit (target, "/", -1);
  guint up = 0;

  while (parts[up] != NULL && g_str_equal (parts[up], ".."))
    up++;
  if (target[0] == '/' || up >= self->depth)
    return "it is a link that leads out of the folder";

  for (guint i = up; parts[i] != NULL; i++)
    if (g_str_equal (parts[i], ".."))
      return "it is a link with “..” behind a name";

  return NULL;
}

static gboolean
pack_link (Pack              *self,
           int                folder,
           const char        *name,
           const struct stat *info,
           GError           **error)
{
  char target[4096];
  ssize_t length = readlinkat (folder, name, target, sizeof target - 1);
  const char *fault;

  if (length < 0)
    return fail_errno (self, "read the link", error);

  target[length] = '\0';
  fault = find_fault (self, target);
  if (fault == NULL)
    return write_header (self, info, target, error);

  leave_out (self, fault);

  return TRUE;
}

static gboolean pack_folder (Pack *self, int fd, GError **error);

static gboolean
pack_subfolder (Pack              *self,
                int                folder,
                const char        *name,
                const struct stat *info,
                GError           **error)
{
  int fd;

  if (self->depth >= MAX_DEPTH)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "The folder has more than %d levels", MAX_DEPTH);
      return FALSE;
    }

  fd = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return fail_errno (self, "read", error);

  g_string_append_c (self->path, '/');
  if (write_header (self, info, NULL, error))
    return pack_folder (self, fd, error);
  close (fd);

  return FALSE;
}

/* Those who unpack take a backslash for a slash, and some a letter with a colon for a drive. */
static gboolean
can_be_unpacked (Pack       *self,
                 const char *name)
{
  if (!g_utf8_validate (name, -1, NULL))
    leave_out (self, "its name is not UTF-8");
  else if (strchr (name, '\\') != NULL)
    leave_out (self, "its name has a backslash");
  else if (self->depth == 1 && g_ascii_isalpha (name[0]) && name[1] == ':')
    leave_out (self, "its name begins like that of a drive");
  else
    return TRUE;

  return FALSE;
}

static gboolean
pack_member (Pack        *self,
             int          folder,
             const char  *name,
             GError     **error)
{
  struct stat info;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  if (!can_be_unpacked (self, name))
    return TRUE;
  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || fail_errno (self, "read", error);

  switch (info.st_mode & S_IFMT)
    {
    case S_IFREG:
      return pack_file (self, folder, name, error);

    case S_IFDIR:
      return pack_subfolder (self, folder, name, &info, error);

    case S_IFLNK:
      return pack_link (self, folder, name, &info, error);

    default:
      leave_out (self, "it is neither a file nor a folder nor a link");
      return TRUE;
    }
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char **) a, *(const char **) b);
}

/* Takes @fd. */
static GPtrArray *
list_names (Pack    *self,
            int      fd,
            DIR    **folder,
            GError **error)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *member;

  *folder = fdopendir (fd);
  if (*folder == NULL)
    {
      fail_errno (self, "read", error);
      close (fd);
      g_ptr_array_unref (names);
      return NULL;
    }

  while ((member = readdir (*folder)) != NULL && names->len <= MAX_ENTRIES)
    if (!g_str_equal (member->d_name, ".") && !g_str_equal (member->d_name, ".."))
      g_ptr_array_add (names, g_strdup (member->d_name));
  g_ptr_array_sort (names, compare_names);

  return names;
}

/* Takes @fd. */
static gboolean
pack_folder (Pack    *self,
             int      fd,
             GError **error)
{
  g_autoptr(GPtrArray) names = NULL;
  gsize length = self->path->len;
  gboolean done = TRUE;
  DIR *folder = NULL;

  names = list_names (self, fd, &folder, error);
  if (names == NULL)
    return FALSE;

  self->depth++;
  for (guint i = 0; done && i < names->len; i++)
    {
      g_string_append (self->path, g_ptr_array_index (names, i));
      done = pack_member (self, dirfd (folder), g_ptr_array_index (names, i), error);
      if (done)
        g_string_truncate (self->path, length);
    }
  self->depth--;
  closedir (folder);

  return done;
}

static gboolean
open_archive (Pack    *self,
              int      fd,
              GError **error)
{
  return (LA.archive_write_set_format_zip (self->archive) == ARCHIVE_OK &&
          LA.archive_write_zip_set_compression_store (self->archive) == ARCHIVE_OK &&
          LA.archive_write_set_bytes_per_block (self->archive, BLOCK) == ARCHIVE_OK &&
          LA.archive_write_set_bytes_in_last_block (self->archive, 1) == ARCHIVE_OK &&
          LA.archive_write_open_fd (self->archive, fd) == ARCHIVE_OK) ||
         fail_archive (self, error);
}

/* So that an archive of an empty folder is one. Closes @folder if that fails. */
static gboolean
pack_itself (Pack    *self,
             int      folder,
             GError **error)
{
  struct stat info;
  gboolean done;

  g_string_assign (self->path, "./");
  done = fstat (folder, &info) == 0 ? write_header (self, &info, NULL, error)
                                    : fail_errno (self, "read", error);
  g_string_truncate (self->path, 0);
  if (!done)
    close (folder);

  return done;
}

static gboolean
pack_all (Pack        *self,
          const char  *path,
          int          fd,
          GError     **error)
{
  int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (folder < 0)
    {
      g_autofree char *shown = _runtime_use_show_name (path);

      _runtime_use_set_system_error (error, errno, AT_FDCWD, 0, "Cannot read the folder %s", shown);
      return FALSE;
    }
  if (!open_archive (self, fd, error))
    {
      close (folder);
      return FALSE;
    }

  return pack_itself (self, folder, error) && pack_folder (self, folder, error) &&
         (LA.archive_write_close (self->archive) == ARCHIVE_OK || fail_archive (self, error));
}

gboolean
_runtime_use_folder_archive_write (const char         *path,
                                   int                 fd,
                                   RuntimeUseLeftOut  *left_out,
                                   GCancellable       *cancellable,
                                   GError            **error)
{
  Pack self = { .left_out = left_out, .cancellable = cancellable };
  gboolean done;

  if (!_runtime_use_libarchive_load (error))
    return FALSE;

  self.archive = LA.archive_write_new ();
  self.entry = LA.archive_entry_new ();
  self.path = g_string_new (NULL);
  self.block = g_malloc (BLOCK);
  done = pack_all (&self, path, fd, error);
  LA.archive_write_free (self.archive);
  LA.archive_entry_free (self.entry);
  g_string_free (self.path, TRUE);
  g_free (self.block);

  return done;
}
