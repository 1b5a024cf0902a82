/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-receipt-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-download-file-private.h"
#include "runtime-use-error.h"

#define BLOCK (64 * 1024)

struct _RuntimeUseFileReceipt
{
  char                   *name;      /* in its folder */
  int                     folder;    /* the one it lies in; -1 with an error */
  RuntimeUseDownloadFile *file;      /* (nullable): with an error */
  guint64                 size;
  guint64                 max_size;
  GError                 *error;     /* (nullable) */
};

RuntimeUseReceiptFolder *
_runtime_use_receipt_folder_open (const char *path)
{
  int fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  RuntimeUseReceiptFolder *self;

  if (fd < 0)
    return NULL;

  self = g_atomic_rc_box_new0 (RuntimeUseReceiptFolder);
  self->fd = fd;

  return self;
}

RuntimeUseReceiptFolder *
_runtime_use_receipt_folder_ref (RuntimeUseReceiptFolder *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_folder (gpointer data)
{
  RuntimeUseReceiptFolder *self = data;

  close (self->fd);
}

void
_runtime_use_receipt_folder_unref (RuntimeUseReceiptFolder *self)
{
  g_atomic_rc_box_release_full (self, clear_folder);
}

/* No link is followed on the way, so that nothing is stored elsewhere. */
static int
open_parent (int          folder,
             const char  *path,
             GError     **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *shown = NULL;
  int fd = -1;

  if (g_str_equal (parent, "."))
    fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  else if (_runtime_use_beneath_make_folder (folder, parent) == 0)
    fd = _runtime_use_beneath_open (folder, parent, O_RDONLY | O_DIRECTORY, 0);
  if (fd >= 0)
    return fd;

  shown = _runtime_use_show_name (parent);
  _runtime_use_set_system_error (error, errno, folder, 0, "Cannot use the folder “%s”", shown);

  return -1;
}

RuntimeUseFileReceipt *
_runtime_use_file_receipt_new (RuntimeUseReceiptFolder *folder,
                               const char              *path,
                               guint64                  max_size)
{
  RuntimeUseFileReceipt *self = g_new0 (RuntimeUseFileReceipt, 1);

  self->max_size = max_size;
  self->name = g_path_get_basename (path);
  self->folder = open_parent (folder->fd, path, &self->error);
  if (self->folder >= 0)
    self->file = _runtime_use_download_file_new (self->folder, TRUE, &self->error);

  return self;
}

void
_runtime_use_file_receipt_free (RuntimeUseFileReceipt *self)
{
  g_clear_pointer (&self->file, _runtime_use_download_file_free);
  if (self->folder >= 0)
    close (self->folder);
  g_clear_error (&self->error);
  g_free (self->name);
  g_free (self);
}

void
_runtime_use_file_receipt_write (RuntimeUseFileReceipt *self,
                                 const void            *data,
                                 gsize                  length)
{
  g_autofree char *shown = NULL;

  if (self->error != NULL)
    return;

  shown = _runtime_use_show_name (self->name);
  if (length > self->max_size - self->size)
    g_set_error (&self->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                 "“%s” has more than %" G_GUINT64_FORMAT " bytes", shown, self->max_size);
  else if (!_runtime_use_write_at (self->file->fd, data, length, self->size))
    _runtime_use_set_system_error (&self->error, errno, self->folder, 0, "Cannot write “%s”",
                                   shown);
  else
    self->size += length;
}

static gboolean
read_block (int     fd,
            char   *block,
            gsize   size,
            guint64 offset)
{
  gsize done = 0;
  ssize_t n = 1;

  while (done < size && n > 0)
    {
      n = pread (fd, block + done, size - done, (off_t) (offset + done));
      if (n > 0)
        done += (gsize) n;
    }

  return done == size;
}

static gboolean
has_same_content (RuntimeUseFileReceipt *self,
                  int                    fd)
{
  g_autofree char *ours = g_malloc (BLOCK);
  g_autofree char *theirs = g_malloc (BLOCK);

  for (guint64 at = 0; at < self->size; at += BLOCK)
    {
      gsize size = (gsize) MIN (BLOCK, self->size - at);

      if (!read_block (self->file->fd, ours, size, at) || !read_block (fd, theirs, size, at) ||
          memcmp (ours, theirs, size) != 0)
        return FALSE;
    }

  return TRUE;
}

/* Whoever works on a folder and gets it back wants to find what was not changed as it was, and what
 * was changed with the mode that it had. Returns whether there is nothing to do.
 */
static gboolean
is_there_already (RuntimeUseFileReceipt *self)
{
  int fd = openat (self->folder, self->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat info;
  gboolean same = FALSE;

  if (fd < 0)
    return FALSE;

  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    {
      same = (guint64) info.st_size == self->size && has_same_content (self, fd);
      if (!same && fchmod (self->file->fd, info.st_mode & 0777) != 0)
        g_info ("Cannot give a file the mode that it had: %s", g_strerror (errno));
    }
  close (fd);

  return same;
}

gboolean
_runtime_use_file_receipt_complete (RuntimeUseFileReceipt  *self,
                                    GError                **error)
{
  if (self->error == NULL)
    return is_there_already (self) ||
           _runtime_use_download_file_place (self->file, self->name, error);

  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}

guint64
_runtime_use_file_receipt_get_size (RuntimeUseFileReceipt *self)
{
  return self->size;
}
