/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-upload-request-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseArtifactUploadRequestMessage:
 *
 * The runtime found a file and asks the client where to send it.
 *
 * Since: 0.1
 */

struct _RuntimeUseArtifactUploadRequestMessage
{
  RuntimeUseMessage parent_instance;

  char *filename;
  char *filepath;
};

G_DEFINE_FINAL_TYPE (RuntimeUseArtifactUploadRequestMessage,
                     runtime_use_artifact_upload_request_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("filename"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadRequestMessage, filename),
  },
  {
    RUNTIME_USE_FIELD_NAME ("filepath"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadRequestMessage, filepath),
  },
};

const RuntimeUseCodec _runtime_use_artifact_upload_request_message_codec = {
  .get_type = runtime_use_artifact_upload_request_message_get_type,
  .message_type = "artifact_upload_request_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_artifact_upload_request_message_class_init
  (RuntimeUseArtifactUploadRequestMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_artifact_upload_request_message_codec);
}

static void
runtime_use_artifact_upload_request_message_init (RuntimeUseArtifactUploadRequestMessage *self)
{
}

/**
 * runtime_use_artifact_upload_request_message_new:
 * @filename: the name of the file without its folder
 * @filepath: the path of the file in a watched folder
 *
 * Asks where a file is to be sent.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_artifact_upload_request_message_new (const char *filename,
                                                 const char *filepath)
{
  RuntimeUseArtifactUploadRequestMessage *self;

  g_return_val_if_fail (filename != NULL, NULL);
  g_return_val_if_fail (filepath != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_REQUEST_MESSAGE, NULL);
  self->filename = _runtime_use_dup_utf8 (filename);
  self->filepath = _runtime_use_dup_utf8 (filepath);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_artifact_upload_request_message_get_filename:
 * @self: a message
 *
 * Gets the name of the file without its folder.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_request_message_get_filename
  (RuntimeUseArtifactUploadRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_REQUEST_MESSAGE (self), NULL);

  return self->filename;
}

/**
 * runtime_use_artifact_upload_request_message_get_filepath:
 * @self: a message
 *
 * Gets the path of the file, as the runtime watches it.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_request_message_get_filepath
  (RuntimeUseArtifactUploadRequestMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_REQUEST_MESSAGE (self), NULL);

  return self->filepath;
}
