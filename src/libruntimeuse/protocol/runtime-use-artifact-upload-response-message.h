/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE \
  (runtime_use_artifact_upload_response_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseArtifactUploadResponseMessage,
                      runtime_use_artifact_upload_response_message,
                      RUNTIME_USE, ARTIFACT_UPLOAD_RESPONSE_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_artifact_upload_response_message_new (const char *filename,
                                                  const char *filepath,
                                                  const char *presigned_url,
                                                  const char *content_type);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_response_message_get_filename
  (RuntimeUseArtifactUploadResponseMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_response_message_get_filepath
  (RuntimeUseArtifactUploadResponseMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_response_message_get_presigned_url
  (RuntimeUseArtifactUploadResponseMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_artifact_upload_response_message_get_content_type
  (RuntimeUseArtifactUploadResponseMessage *self);

G_END_DECLS
