/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_UPLOAD_TRACKER (runtime_use_upload_tracker_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseUploadTracker,
                      runtime_use_upload_tracker,
                      RUNTIME_USE, UPLOAD_TRACKER,
                      GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseUploadTracker *
runtime_use_upload_tracker_new (void);

RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_upload_tracker_get_max_concurrent (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_upload_tracker_set_max_concurrent (RuntimeUseUploadTracker *self,
                                               guint                    max_concurrent);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_upload_tracker_get_max_queued (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_upload_tracker_set_max_queued (RuntimeUseUploadTracker *self,
                                           guint                    max_queued);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_upload_tracker_get_upload_timeout (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_upload_tracker_set_upload_timeout (RuntimeUseUploadTracker *self,
                                               guint                    upload_timeout);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_upload_tracker_get_n_pending (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_upload_tracker_get_n_running (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_upload_tracker_get_n_uploaded (RuntimeUseUploadTracker *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_upload_tracker_get_n_failed (RuntimeUseUploadTracker *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_upload_tracker_upload_async (RuntimeUseUploadTracker *self,
                                         const char              *path,
                                         const char              *url,
                                         const char              *content_type,
                                         RuntimeUseLogger        *logger,
                                         GCancellable            *cancellable,
                                         GAsyncReadyCallback      callback,
                                         gpointer                 user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_upload_tracker_upload_finish (RuntimeUseUploadTracker  *self,
                                          GAsyncResult             *result,
                                          GError                  **error);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_upload_tracker_wait_async (RuntimeUseUploadTracker *self,
                                       guint                    timeout,
                                       GCancellable            *cancellable,
                                       GAsyncReadyCallback      callback,
                                       gpointer                 user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
int
runtime_use_upload_tracker_wait_finish (RuntimeUseUploadTracker  *self,
                                        GAsyncResult             *result,
                                        GError                  **error);

G_END_DECLS
