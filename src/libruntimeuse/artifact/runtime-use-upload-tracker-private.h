/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-upload-private.h"
#include "runtime-use-upload-tracker.h"

G_BEGIN_DECLS

/* The same for a file that is open already; @path is only what it is called. If it is not as
 * @expected (nullable) until all of it was read, no part of it arrives, and the upload fails with
 * RUNTIME_USE_ERROR_CHANGED. */
void     _runtime_use_upload_tracker_upload_fd_async  (RuntimeUseUploadTracker  *self,
                                                       int                       fd,
                                                       const struct stat        *expected,
                                                       const char               *path,
                                                       const char               *url,
                                                       const char               *content_type,
                                                       RuntimeUseLogger         *logger,
                                                       GCancellable             *cancellable,
                                                       GAsyncReadyCallback       callback,
                                                       gpointer                  user_data);

/* Finishes both forms; @upload_result (nullable) is filled in also when there is an error. */
gboolean _runtime_use_upload_tracker_finish           (RuntimeUseUploadTracker  *self,
                                                       GAsyncResult             *result,
                                                       RuntimeUseUploadResult   *upload_result,
                                                       GError                  **error);

G_END_DECLS
