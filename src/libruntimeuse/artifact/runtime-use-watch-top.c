/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-watch-top-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"

void
_runtime_use_watch_top_clear (RuntimeUseWatchTop *self)
{
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->real_path, free);
}

int
_runtime_use_watch_top_make (RuntimeUseWatchTop *self)
{
  struct stat status;
  int fd;

  if (g_mkdir_with_parents (self->folder, 0777) < 0)
    {
      int saved_errno = errno;

      /* It is there, but is something else. */
      return saved_errno == ENOTDIR && lstat (self->folder, &status) == 0 ? EEXIST : saved_errno;
    }

  self->real_path = realpath (self->folder, NULL);
  if (self->real_path == NULL)
    return errno;

  fd = _runtime_use_watch_top_open (self);
  if (fd < 0)
    return errno;

  _runtime_use_watch_top_take (self, fd);
  close (fd);

  return 0;
}

/* Not through a link that has taken the place of a folder. */
int
_runtime_use_watch_top_open (RuntimeUseWatchTop *self)
{
  int root = TEMP_FAILURE_RETRY (open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int saved_errno;
  int fd;

  if (root < 0)
    return -1;

  fd = _runtime_use_beneath_open (root, self->real_path + 1, O_PATH | O_DIRECTORY, 0);
  saved_errno = errno;
  close (root);
  errno = saved_errno;

  return fd;
}

gboolean
_runtime_use_watch_top_is_known (RuntimeUseWatchTop *self,
                                 int                 fd)
{
  struct stat status;

  return fd >= 0 && fstat (fd, &status) == 0 &&
         status.st_dev == self->device && status.st_ino == self->inode;
}

void
_runtime_use_watch_top_take (RuntimeUseWatchTop *self,
                             int                 fd)
{
  struct stat status;

  if (fstat (fd, &status) == 0)
    {
      self->device = status.st_dev;
      self->inode = status.st_ino;
    }
}

char *
_runtime_use_watch_top_dup_path (RuntimeUseWatchTop *self,
                                 const char         *relative)
{
  const char *slash = g_str_has_suffix (self->folder, "/") ? "" : "/";

  return g_strconcat (self->folder, slash, relative, NULL);
}

const char *
_runtime_use_watch_top_get_relative (RuntimeUseWatchTop *self,
                                     const char         *path)
{
  g_assert (g_str_has_prefix (path, self->folder));

  path += strlen (self->folder);
  while (path[0] == '/')
    path++;

  return path;
}

char *
_runtime_use_watch_top_dup_real_path (RuntimeUseWatchTop *self,
                                      const char         *relative)
{
  return g_build_filename (self->real_path, relative, NULL);
}

gboolean
_runtime_use_watch_top_holds (RuntimeUseWatchTop *self,
                              const char         *real_path)
{
  gsize length;

  if (self->real_path == NULL || !g_str_has_prefix (real_path, self->real_path))
    return FALSE;

  length = strlen (self->real_path);

  return real_path[length] == '/' || strcmp (self->real_path, "/") == 0;
}

static int
open_regular (int         top,
              const char *top_path,
              const char *path)
{
  g_autofree char *target = _runtime_use_beneath_resolve (top, top_path, path);
  struct stat status;
  int saved_errno = ENODEV;
  int handle;
  int fd = -1;

  if (target == NULL)
    return -1;

  handle = _runtime_use_beneath_open (top, target, O_PATH, 0);
  if (handle < 0)
    return -1;

  if (fstat (handle, &status) == 0 && S_ISREG (status.st_mode))
    {
      fd = _runtime_use_watch_top_open_handle (handle);
      saved_errno = errno;
    }
  close (handle);
  errno = saved_errno;

  return fd;
}

int
_runtime_use_watch_top_open_file (RuntimeUseWatchTop *self,
                                  const char         *relative)
{
  int top = _runtime_use_watch_top_open (self);
  int saved_errno;
  int fd;

  if (top < 0)
    return -1;

  fd = open_regular (top, self->real_path, relative);
  saved_errno = errno;
  close (top);
  errno = saved_errno;

  return fd;
}

/* By now it is known to be a regular file: to open a pipe or a device may block, and may do
 * things. */
int
_runtime_use_watch_top_open_handle (int handle)
{
  char itself[sizeof "/proc/self/fd/" + 10];

  g_snprintf (itself, sizeof itself, "/proc/self/fd/%d", handle);

  return TEMP_FAILURE_RETRY (open (itself, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}
