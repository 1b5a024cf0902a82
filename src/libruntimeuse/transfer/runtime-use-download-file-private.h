/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "runtime-use-transfer-file-private.h"

G_BEGIN_DECLS

/* A file that has no name, or a temporary one, until all of it is there. */
typedef struct
{
  int  folder;   /* borrowed */
  int  fd;
  char name[RUNTIME_USE_SCRATCH_NAME_SIZE];   /* "" if it has none */
} RuntimeUseDownloadFile;

RuntimeUseDownloadFile *_runtime_use_download_file_new   (int                      folder,
                                                          gboolean                 unnamed,
                                                          GError                 **error);
gboolean                _runtime_use_download_file_place (RuntimeUseDownloadFile  *self,
                                                          const char              *name,
                                                          GError                 **error);

/* Removes the file if it was not placed. */
void                    _runtime_use_download_file_free  (RuntimeUseDownloadFile  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseDownloadFile, _runtime_use_download_file_free)

G_END_DECLS
