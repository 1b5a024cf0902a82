/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-file-receipt-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-download-file-private.h"
#include "runtime-use-error.h"

struct _RuntimeUseFileReceipt
{
  char                   *name;      /* in its folder */
  int                     folder;    /* the one it lies in; -1 with an error */
  RuntimeUseDownloadFile *file;      /* (nullable): with an error */
  guint64                 size;
  guint64                 max_size;
  GError                 *error;     /* (nullable) */
};

/* No link is followed on the way, so that nothing is stored elsewhere. */
static int
open_parent (int          folder,
             const char  *path,
             GError     **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *shown = NULL;
  int fd;

  if (g_str_equal (parent, "."))
    return fcntl (folder, F_DUPFD_CLOEXEC, 0);

  if (_runtime_use_beneath_make_folder (folder, parent) == 0)
    {
      fd = _runtime_use_beneath_open (folder, parent, O_RDONLY | O_DIRECTORY, 0);
      if (fd >= 0)
        return fd;
    }

  shown = _runtime_use_show_name (parent);
  _runtime_use_set_system_error (error, errno, folder, 0, "Cannot use the folder “%s”", shown);

  return -1;
}

RuntimeUseFileReceipt *
_runtime_use_file_receipt_new (int         folder,
                               const char *path,
                               guint64     max_size)
{
  RuntimeUseFileReceipt *self = g_new0 (RuntimeUseFileReceipt, 1);

  self->max_size = max_size;
  self->name = g_path_get_basename (path);
  self->folder = open_parent (folder, path, &self->error);
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

gboolean
_runtime_use_file_receipt_complete (RuntimeUseFileReceipt  *self,
                                    GError                **error)
{
  if (self->error == NULL)
    return _runtime_use_download_file_place (self->file, self->name, error);

  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}

guint64
_runtime_use_file_receipt_get_size (RuntimeUseFileReceipt *self)
{
  return self->size;
}
