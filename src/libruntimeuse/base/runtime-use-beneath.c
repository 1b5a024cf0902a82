/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-beneath-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Deeper trees are not ours. */
#define MAX_DEPTH 512

/* As many as the kernel follows. */
#define MAX_LINKS 40

static int walk_only; /* atomic */

static int
open_at_once (int         folder,
              const char *path,
              int         flags,
              mode_t      mode)
{
  struct open_how how = {
    .flags = (guint64) flags,
    .mode = (flags & O_CREAT) != 0 ? mode : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int fd = (int) TEMP_FAILURE_RETRY (syscall (SYS_openat2, folder, path, &how, sizeof how));

  /* The path does not lead out, so it was moved out while it was looked up. */
  if (fd < 0 && errno == EXDEV)
    errno = ENOENT;

  return fd;
}

/* Whether the kernel has openat2() and the sandbox, if there is one, lets us use it. */
static gboolean
has_open_at_once (void)
{
  static gsize known = 0;

  if (g_once_init_enter (&known))
    {
      int fd = open_at_once (AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

      g_once_init_leave (&known, fd < 0 && (errno == ENOSYS || errno == EPERM) ? 1 : 2);
      if (fd >= 0)
        close (fd);
    }

  return known == 2;
}

gboolean
_runtime_use_beneath_set_walk (gboolean walk)
{
  g_atomic_int_set (&walk_only, walk);

  return has_open_at_once ();
}

static void
close_unless (int fd,
              int kept)
{
  int saved_errno = errno;

  if (fd >= 0 && fd != kept)
    close (fd);
  errno = saved_errno;
}

static int
enter (int         folder,
       const char *name)
{
  const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = TEMP_FAILURE_RETRY (openat (folder, name, flags));
  struct stat status;

  /* As openat2() tells them apart. */
  if (fd < 0 && errno == ENOTDIR)
    {
      gboolean is_link = fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISLNK (status.st_mode);

      errno = is_link ? ELOOP : ENOTDIR;
    }

  return fd;
}

/* Enters one folder of @path after the other; may return @folder itself. */
static int
descend (int       folder,
         char     *path,
         gboolean  make)
{
  int current = folder;
  char *name;

  while (current >= 0 && (name = strsep (&path, "/")) != NULL)
    {
      int next = -1;

      if (!make || mkdirat (current, name, 0777) == 0 || errno == EEXIST)
        next = enter (current, name);
      close_unless (current, folder);
      current = next;
    }

  return current;
}

static int
open_walking (int     folder,
              char   *path,
              int     flags,
              mode_t  mode)
{
  char *slash = strrchr (path, '/');
  char *leaf = slash != NULL ? slash + 1 : path;
  int parent = folder;
  int fd;

  if (slash != NULL)
    {
      *slash = '\0';
      parent = descend (folder, path, FALSE);
    }
  if (parent < 0)
    return -1;

  fd = TEMP_FAILURE_RETRY (openat (parent, leaf, flags, mode));
  close_unless (parent, folder);

  return fd;
}

/* Returns the names in @path with a slash between each two, or NULL if it leads out. A path that
 * ends in a slash or `.` is one of a folder. */
static char *
clean_path (const char *path,
            gboolean   *is_folder)
{
  g_autofree char *clean = g_malloc (strlen (path) + sizeof ".");
  const char *name = path;
  char *end = clean;

  errno = EXDEV;
  if (path[0] == '/')
    return NULL;

  *is_folder = TRUE;
  while (name[0] != '\0')
    {
      gsize length = strcspn (name, "/");
      gboolean is_dot = length == 1 && name[0] == '.';

      if (length == 2 && strncmp (name, "..", 2) == 0)
        return NULL;
      if (!is_dot && end != clean)
        *end++ = '/';
      if (!is_dot)
        end = mempcpy (end, name, length);

      *is_folder = is_dot || name[length] == '/';
      name += length;
      name += strspn (name, "/");
    }
  if (end == clean)
    *end++ = '.';
  *end = '\0';

  return g_steal_pointer (&clean);
}

int
_runtime_use_beneath_open (int         folder,
                           const char *path,
                           int         flags,
                           mode_t      mode)
{
  gboolean is_folder;
  g_autofree char *clean = clean_path (path, &is_folder);

  if (clean == NULL)
    return -1;
  if (is_folder && (flags & O_CREAT) != 0)
    {
      errno = EISDIR;
      return -1;
    }

  flags |= O_NOFOLLOW | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0);
  if (has_open_at_once () && !g_atomic_int_get (&walk_only) && strlen (clean) < PATH_MAX)
    return open_at_once (folder, clean, flags, mode);

  return open_walking (folder, clean, flags, mode);
}

int
_runtime_use_beneath_open_parent (int          folder,
                                  const char  *path,
                                  const char **leaf)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent = NULL;

  *leaf = slash != NULL ? slash + 1 : path;
  if ((*leaf)[0] == '\0' || strcmp (*leaf, ".") == 0 || strcmp (*leaf, "..") == 0)
    {
      errno = strcmp (*leaf, "..") == 0 ? EXDEV : EISDIR;
      return -1;
    }

  parent = g_strndup (path, (gsize) (*leaf - path));

  return _runtime_use_beneath_open (folder, parent, O_PATH | O_DIRECTORY, 0);
}

int
_runtime_use_beneath_make_folder (int         folder,
                                  const char *path)
{
  gboolean is_folder;
  g_autofree char *clean = clean_path (path, &is_folder);
  int fd = clean != NULL ? descend (folder, clean, TRUE) : -1;

  close_unless (fd, folder);

  return fd < 0 ? -1 : 0;
}

/* What a link says; NULL if there is none at @path. */
static char *
read_link (int         folder,
           const char *path)
{
  char target[PATH_MAX];
  int fd = _runtime_use_beneath_open (folder, path, O_PATH, 0);
  ssize_t length;

  if (fd < 0)
    return NULL;

  length = readlinkat (fd, "", target, sizeof target);
  close (fd);

  return length > 0 ? g_strndup (target, (gsize) length) : NULL;
}

static void
drop_last_part (GString *path)
{
  const char *slash = strrchr (path->str, '/');

  g_string_truncate (path, slash != NULL ? (gsize) (slash - path->str) : 0);
}

/* Goes on at the target of the link that @done has led to. */
static gboolean
follow (GString    *done,
        GString    *rest,
        const char *target,
        const char *folder_path)
{
  g_string_prepend_c (rest, '/');
  if (target[0] == '/')
    {
      gsize length = strcmp (folder_path, "/") == 0 ? 0 : strlen (folder_path);

      if (strncmp (target, folder_path, length) != 0 ||
          (target[length] != '/' && target[length] != '\0'))
        return FALSE;
      g_string_truncate (done, 0);
      target += length;
    }
  else
    {
      drop_last_part (done);
    }
  g_string_prepend (rest, target);

  return TRUE;
}

char *
_runtime_use_beneath_resolve (int         folder,
                              const char *folder_path,
                              const char *path)
{
  g_autoptr(GString) done = g_string_new (NULL);
  g_autoptr(GString) rest = g_string_new (path);
  guint n_links = 0;

  while (rest->len > 0)
    {
      gsize length = strcspn (rest->str, "/");
      g_autofree char *part = g_strndup (rest->str, length);
      g_autofree char *target = NULL;

      g_string_erase (rest, 0, (gssize) MIN (length + 1, rest->len));
      if (part[0] == '\0' || strcmp (part, ".") == 0)
        continue;
      if (strcmp (part, "..") == 0)
        {
          if (done->len == 0)
            {
              errno = EXDEV;
              return NULL;
            }
          drop_last_part (done);
          continue;
        }

      g_string_append_printf (done, "%s%s", done->len > 0 ? "/" : "", part);
      target = read_link (folder, done->str);
      if (target != NULL && (++n_links > MAX_LINKS || !follow (done, rest, target, folder_path)))
        {
          errno = n_links > MAX_LINKS ? ELOOP : EXDEV;
          return NULL;
        }
    }

  return g_string_free (g_steal_pointer (&done), FALSE);
}

static gboolean remove_entry (int         parent,
                              const char *name,
                              guint       depth);

static gboolean
remove_content (int   fd,
                guint depth)
{
  DIR *stream = fdopendir (fd);
  gboolean removed = TRUE;
  struct dirent *entry;

  if (stream == NULL)
    {
      close (fd);
      return FALSE;
    }

  while ((entry = readdir (stream)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      removed &= remove_entry (dirfd (stream), entry->d_name, depth + 1);
  closedir (stream);

  return removed;
}

static gboolean
remove_entry (int         parent,
              const char *name,
              guint       depth)
{
  int fd;

  if (unlinkat (parent, name, 0) == 0)
    return TRUE;
  if ((errno != EISDIR && errno != EPERM) || depth > MAX_DEPTH)
    return errno == ENOENT;

  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return FALSE;

  return remove_content (fd, depth) && unlinkat (parent, name, AT_REMOVEDIR) == 0;
}

gboolean
_runtime_use_beneath_remove (int         folder,
                             const char *name)
{
  return remove_entry (folder, name, 0);
}
