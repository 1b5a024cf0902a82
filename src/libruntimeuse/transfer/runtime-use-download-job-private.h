/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-download-fetch-private.h"
#include "runtime-use-enums.h"

G_BEGIN_DECLS

/* All that is to be done for one download, in a thread. */
typedef struct
{
  RuntimeUseDownloadUrl      *url;
  char                       *working_dir;
  RuntimeUseExtract           extract;
  RuntimeUseDownloadSettings  settings;
  RuntimeUseDownloadWatch     watch;
  GCancellable               *cancellable;
  gboolean                    unnamed_file;   /* FALSE only in tests */
} RuntimeUseDownloadJob;

RuntimeUseDownloadJob *_runtime_use_download_job_new  (RuntimeUseDownloadUrl  *url,
                                                       const char             *working_dir,
                                                       RuntimeUseExtract       extract);
void                   _runtime_use_download_job_free (RuntimeUseDownloadJob  *self);

/* Blocks. Sets @path to the file that is stored, or NULL if it was unpacked. */
gboolean               _runtime_use_download_job_run  (RuntimeUseDownloadJob  *self,
                                                       char                  **path,
                                                       GError                **error);

G_END_DECLS
