/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-beneath-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* As many as the kernel follows. */
#define MAX_LINKS 40

static int
open_part (int         directory,
           const char *name,
           gsize       length,
           int         flags)
{
  char part[NAME_MAX + 1];

  if (length == 0 || length >= sizeof part)
    {
      errno = length == 0 ? ENOENT : ENAMETOOLONG;
      return -1;
    }

  memcpy (part, name, length);
  part[length] = '\0';

  return TEMP_FAILURE_RETRY (openat (directory, part, flags | O_NOFOLLOW | O_CLOEXEC));
}

/* Opens what @path, relative and without `..`, names beneath @top; an empty one names @top. */
int
_runtime_use_beneath_open (int         top,
                           const char *path,
                           int         flags)
{
  int directory = top;

  if (path[0] == '\0')
    path = ".";

  while (TRUE)
    {
      const char *slash = strchrnul (path, '/');
      int fd = open_part (directory, path, (gsize) (slash - path),
                          *slash == '/' ? O_PATH | O_DIRECTORY : flags);
      int saved_errno = errno;

      if (directory != top)
        close (directory);
      errno = saved_errno;
      if (fd < 0 || *slash == '\0')
        return fd;
      directory = fd;
      path = slash + 1;
    }
}

/* Opens a directory by the path that realpath() once gave. */
int
_runtime_use_beneath_open_folder (const char *absolute_path)
{
  int root = TEMP_FAILURE_RETRY (open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int saved_errno;
  int fd;

  if (root < 0)
    return -1;

  fd = _runtime_use_beneath_open (root, absolute_path + 1, O_PATH | O_DIRECTORY);
  saved_errno = errno;
  close (root);
  errno = saved_errno;

  return fd;
}

/* What a link says; NULL if there is none at @path. */
static char *
read_link (int         top,
           const char *path)
{
  char target[PATH_MAX];
  int fd = _runtime_use_beneath_open (top, path, O_PATH);
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
        const char *top_path)
{
  g_string_prepend_c (rest, '/');
  if (target[0] == '/')
    {
      gsize length = strcmp (top_path, "/") == 0 ? 0 : strlen (top_path);

      if (strncmp (target, top_path, length) != 0 ||
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

/* Follows all links in @path. Returns the path of what they lead to, relative to @top and free of
 * links, or NULL if they lead out of @top or nowhere. It need not exist. */
char *
_runtime_use_beneath_resolve (int         top,
                              const char *top_path,
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
            return NULL;
          drop_last_part (done);
          continue;
        }

      g_string_append_printf (done, "%s%s", done->len > 0 ? "/" : "", part);
      target = read_link (top, done->str);
      if (target != NULL && (++n_links > MAX_LINKS || !follow (done, rest, target, top_path)))
        return NULL;
    }

  return g_string_free (g_steal_pointer (&done), FALSE);
}
