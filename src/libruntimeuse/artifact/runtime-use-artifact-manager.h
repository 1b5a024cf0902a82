/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-upload-request-message.h"
#include "runtime-use-artifact-upload-response-message.h"
#include "runtime-use-artifact-upload-result-message.h"
#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"
#include "runtime-use-types.h"
#include "runtime-use-upload-tracker.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ARTIFACT_MANAGER (runtime_use_artifact_manager_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseArtifactManager, runtime_use_artifact_manager,
                      RUNTIME_USE, ARTIFACT_MANAGER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseArtifactManager *
runtime_use_artifact_manager_new             (RuntimeUseUploadTracker               *tracker);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_set_redactor    (RuntimeUseArtifactManager             *self,
                                              RuntimeUseRedactor                    *redactor);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_artifact_manager_get_n_pending   (RuntimeUseArtifactManager             *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_artifact_manager_get_n_uploaded  (RuntimeUseArtifactManager             *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_artifact_manager_get_n_failed    (RuntimeUseArtifactManager             *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_watch_async     (RuntimeUseArtifactManager             *self,
                                              const char                            *folder,
                                              const char                            *ignore_content,
                                              GCancellable                          *cancellable,
                                              GAsyncReadyCallback                    callback,
                                              gpointer                               user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_manager_watch_finish    (RuntimeUseArtifactManager             *self,
                                              GAsyncResult                          *result,
                                              GError                               **error);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_manager_answer          (RuntimeUseArtifactManager             *self,
                                              RuntimeUseArtifactUploadResponseMessage *response);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_lay_aside       (RuntimeUseArtifactManager             *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_offer_again     (RuntimeUseArtifactManager             *self);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_manager_is_settled      (RuntimeUseArtifactManager             *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_settle_async    (RuntimeUseArtifactManager             *self,
                                              GCancellable                          *cancellable,
                                              GAsyncReadyCallback                    callback,
                                              gpointer                               user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_manager_settle_finish   (RuntimeUseArtifactManager             *self,
                                              GAsyncResult                          *result,
                                              GError                               **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_stop            (RuntimeUseArtifactManager             *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_artifact_manager_cancel          (RuntimeUseArtifactManager             *self);

G_END_DECLS
