/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESULT_MESSAGE \
  (runtime_use_artifact_upload_result_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseArtifactUploadResultMessage,
                      runtime_use_artifact_upload_result_message,
                      RUNTIME_USE, ARTIFACT_UPLOAD_RESULT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_artifact_upload_result_message_new (const char *filepath,
                                                gboolean    ok,
                                                guint       status,
                                                guint64     n_bytes,
                                                const char *error_text);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_artifact_upload_result_message_new_gone (const char *filepath,
                                                     const char *error_text);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_result_message_get_filepath
  (RuntimeUseArtifactUploadResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_upload_result_message_get_ok
  (RuntimeUseArtifactUploadResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_artifact_upload_result_message_get_status
  (RuntimeUseArtifactUploadResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_artifact_upload_result_message_get_n_bytes
  (RuntimeUseArtifactUploadResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_result_message_get_error_text
  (RuntimeUseArtifactUploadResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_artifact_upload_result_message_get_gone
  (RuntimeUseArtifactUploadResultMessage *self);

G_END_DECLS
