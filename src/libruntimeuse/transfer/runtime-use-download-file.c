/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_TRIES 100

/* As the kernel shows a descriptor to whoever wants to give the file behind it a name. */
#define DESCRIPTOR_PATH_SIZE 32

static void
get_descriptor_path (int  fd,
                     char path[DESCRIPTOR_PATH_SIZE])
{
  g_snprintf (path, DESCRIPTOR_PATH_SIZE, "/proc/self/fd/%d", fd);
}

/* Not every file system can, and without /proc the file never gets a name. */
static int
open_unnamed (int folder)
{
  int fd = openat (folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  char path[DESCRIPTOR_PATH_SIZE];

  get_descriptor_path (fd, path);
  if (fd >= 0 && access (path, F_OK) != 0)
    {
      close (fd);
      fd = -1;
    }

  return fd;
}

static int
open_named (RuntimeUseDownloadFile *self)
{
  int fd = -1;

  for (guint i = 0; fd < 0 && i < MAX_TRIES; i++)
    {
      _runtime_use_scratch_name (self->name);
      fd = openat (self->folder, self->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   0666);
      if (fd < 0 && errno != EEXIST)
        break;
    }
  if (fd < 0)
    self->name[0] = '\0';

  return fd;
}

RuntimeUseDownloadFile *
_runtime_use_download_file_new (int       folder,
                                gboolean  unnamed,
                                GError  **error)
{
  RuntimeUseDownloadFile *self = g_new0 (RuntimeUseDownloadFile, 1);

  self->folder = folder;
  self->fd = unnamed ? open_unnamed (folder) : -1;
  if (self->fd < 0)
    self->fd = open_named (self);
  if (self->fd < 0)
    {
      _runtime_use_set_system_error (error, errno, folder, 0, "cannot make a file to download to");
      g_clear_pointer (&self, _runtime_use_download_file_free);
    }

  return self;
}

/* Gives the file a name that is not taken, temporary if it has to be. */
static gboolean
name_file (RuntimeUseDownloadFile *self)
{
  char path[DESCRIPTOR_PATH_SIZE];

  get_descriptor_path (self->fd, path);
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      _runtime_use_scratch_name (self->name);
      if (linkat (AT_FDCWD, path, self->folder, self->name, AT_SYMLINK_FOLLOW) == 0)
        return TRUE;
      if (errno != EEXIST)
        break;
    }
  self->name[0] = '\0';

  return FALSE;
}

/* Gives the file its name, and takes that from whoever had it. */
gboolean
_runtime_use_download_file_place (RuntimeUseDownloadFile  *self,
                                  const char              *name,
                                  GError                 **error)
{
  g_autofree char *shown = NULL;

  if ((self->name[0] != '\0' || name_file (self)) &&
      renameat (self->folder, self->name, self->folder, name) == 0)
    {
      self->name[0] = '\0';
      return TRUE;
    }

  shown = _runtime_use_show_name (name);
  _runtime_use_set_system_error (error, errno, self->folder, 0, "Cannot store “%s”", shown);

  return FALSE;
}

void
_runtime_use_download_file_free (RuntimeUseDownloadFile *self)
{
  if (self->name[0] != '\0' && unlinkat (self->folder, self->name, 0) != 0)
    g_info ("Cannot remove the file %s: %s", self->name, g_strerror (errno));
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
