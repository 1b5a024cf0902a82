/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-jail-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Deeper trees are not ours. */
#define MAX_DEPTH 512

/* A file whose name changes while it is looked up makes openat2() say EAGAIN. */
#define MAX_TRIES 100

static int walk_only; /* atomic */

void
_runtime_use_jail_set_walk (gboolean walk)
{
  g_atomic_int_set (&walk_only, walk);
}

static int
open_at_once (int         folder,
              const char *path,
              int         flags,
              mode_t      mode)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_CLOEXEC),
    .mode = (flags & O_CREAT) != 0 ? mode : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int fd = -1;

  for (guint i = 0; fd < 0 && i < MAX_TRIES; i++)
    {
      fd = (int) syscall (SYS_openat2, folder, path, &how, sizeof how);
      if (fd < 0 && errno != EAGAIN && errno != EINTR)
        break;
    }

  return fd;
}

/* Whether the kernel has openat2() and the sandbox, if there is one, lets us use it. */
static gboolean
has_open_at_once (void)
{
  static gsize known = 0;

  if (g_once_init_enter (&known))
    {
      int fd = open_at_once (AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);

      g_once_init_leave (&known, fd < 0 && (errno == ENOSYS || errno == EPERM) ? 1 : 2);
      if (fd >= 0)
        close (fd);
    }

  return known == 2 && !g_atomic_int_get (&walk_only);
}

static void
close_unless (int fd,
              int kept)
{
  int saved = errno;

  if (fd >= 0 && fd != kept)
    close (fd);
  errno = saved;
}

/* Goes down to the folder of @path one name after the other; may return @folder itself. */
static int
walk (int          folder,
      const char  *path,
      const char **leaf)
{
  const char *slash;
  int current = folder;

  for (; current >= 0 && (slash = strchr (path, '/')) != NULL; path = slash + 1)
    {
      g_autofree char *name = g_strndup (path, (gsize) (slash - path));
      int next = openat (current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      close_unless (current, folder);
      current = next;
    }
  *leaf = path;

  return current;
}

static int
open_walking (int         folder,
              const char *path,
              int         flags,
              mode_t      mode)
{
  const char *leaf;
  int parent = walk (folder, path, &leaf);
  int fd;

  if (parent < 0)
    return -1;

  fd = openat (parent, leaf, flags | O_NOFOLLOW | O_CLOEXEC, mode);
  close_unless (parent, folder);

  return fd;
}

int
_runtime_use_jail_open (int         folder,
                           const char *path,
                           int         flags,
                           mode_t      mode)
{
  if (has_open_at_once ())
    return open_at_once (folder, path, flags, mode);

  return open_walking (folder, path, flags, mode);
}

/* Opens the folder that @path lies in; @leaf becomes the last name of it. */
int
_runtime_use_jail_open_parent (int          folder,
                                  const char  *path,
                                  const char **leaf)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent = NULL;

  *leaf = slash != NULL ? slash + 1 : path;
  if (slash == NULL)
    return fcntl (folder, F_DUPFD_CLOEXEC, 0);

  parent = g_strndup (path, (gsize) (slash - path));

  return _runtime_use_jail_open (folder, parent, O_PATH | O_DIRECTORY, 0);
}

/* Makes @path and what is missing above it. It may be there already, as a folder. */
int
_runtime_use_jail_make_folder (int         folder,
                                  const char *path,
                                  mode_t      mode)
{
  g_autofree char *copy = g_strconcat (path, "/", NULL);
  int current = folder;
  char *name = copy;
  char *slash;

  while (current >= 0 && (slash = strchr (name, '/')) != NULL)
    {
      gboolean is_last = slash[1] == '\0';
      int next = -1;

      *slash = '\0';
      if (mkdirat (current, name, is_last ? mode : 0777) == 0 || errno == EEXIST)
        next = openat (current, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      close_unless (current, folder);
      current = next;
      name = slash + 1;
    }

  if (current < 0)
    return -1;
  close_unless (current, folder);

  return 0;
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
_runtime_use_jail_remove (int         parent,
                             const char *name)
{
  return remove_entry (parent, name, 0);
}
