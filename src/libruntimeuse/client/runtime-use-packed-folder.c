/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-packed-folder-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime-use-error.h"

static int
open_unnamed (const char *folder)
{
  int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  g_autofree char *path = NULL;

  if (fd >= 0)
    return fd;

  path = g_build_filename (folder, "runtimeuse-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    g_unlink (path);

  return fd;
}

/* /tmp may be memory, which is a bad place for what is large. */
static int
open_temporary (GError **error)
{
  const char *chosen = g_getenv ("TMPDIR");
  int fd = -1;

  if (chosen == NULL || *chosen == '\0')
    fd = open_unnamed ("/var/tmp");
  if (fd < 0)
    fd = open_unnamed (g_get_tmp_dir ());
  if (fd < 0)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                 "Cannot make a temporary file in %s: %s", g_get_tmp_dir (), g_strerror (errno));

  return fd;
}

GBytes *
_runtime_use_pack_folder (const char         *path,
                          RuntimeUseLeftOut  *left_out,
                          GCancellable       *cancellable,
                          GError            **error)
{
  g_autoptr(GMappedFile) mapped = NULL;
  int fd = open_temporary (error);

  if (fd < 0)
    return NULL;

  if (_runtime_use_folder_archive_write (path, fd, left_out, cancellable, error))
    mapped = g_mapped_file_new_from_fd (fd, FALSE, error);
  close (fd);

  return mapped != NULL ? g_mapped_file_get_bytes (mapped) : NULL;
}
