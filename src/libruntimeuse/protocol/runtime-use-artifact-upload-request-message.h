/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_REQUEST_MESSAGE \
  (runtime_use_artifact_upload_request_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseArtifactUploadRequestMessage,
                      runtime_use_artifact_upload_request_message,
                      RUNTIME_USE, ARTIFACT_UPLOAD_REQUEST_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_artifact_upload_request_message_new (const char *filename,
                                                 const char *filepath);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_request_message_get_filename
  (RuntimeUseArtifactUploadRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_request_message_get_filepath
  (RuntimeUseArtifactUploadRequestMessage *self);

G_END_DECLS
