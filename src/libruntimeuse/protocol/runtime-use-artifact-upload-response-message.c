/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-upload-response-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseArtifactUploadResponseMessage:
 *
 * A client says where a file is to be sent.
 *
 * Since: 0.1
 */

struct _RuntimeUseArtifactUploadResponseMessage
{
  RuntimeUseMessage parent_instance;

  char *filename;
  char *filepath;
  char *presigned_url;
  char *content_type;
};

G_DEFINE_FINAL_TYPE (RuntimeUseArtifactUploadResponseMessage,
                     runtime_use_artifact_upload_response_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("filename"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResponseMessage, filename),
  },
  {
    RUNTIME_USE_FIELD_NAME ("filepath"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResponseMessage, filepath),
  },
  {
    RUNTIME_USE_FIELD_NAME ("presigned_url"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResponseMessage, presigned_url),
  },
  {
    RUNTIME_USE_FIELD_NAME ("content_type"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResponseMessage, content_type),
  },
};

const RuntimeUseCodec _runtime_use_artifact_upload_response_message_codec = {
  .get_type = runtime_use_artifact_upload_response_message_get_type,
  .message_type = "artifact_upload_response_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_artifact_upload_response_message_class_init
  (RuntimeUseArtifactUploadResponseMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_artifact_upload_response_message_codec);
}

static void
runtime_use_artifact_upload_response_message_init (RuntimeUseArtifactUploadResponseMessage *self)
{
}

/**
 * runtime_use_artifact_upload_response_message_new:
 * @filename: the name of the file without its folder
 * @filepath: the path of the file in a watched folder
 * @presigned_url: where the file is to be sent
 * @content_type: the media type to send it as
 *
 * Says where a file is to be sent.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_artifact_upload_response_message_new (const char *filename,
                                                  const char *filepath,
                                                  const char *presigned_url,
                                                  const char *content_type)
{
  RuntimeUseArtifactUploadResponseMessage *self;

  g_return_val_if_fail (filename != NULL, NULL);
  g_return_val_if_fail (filepath != NULL, NULL);
  g_return_val_if_fail (presigned_url != NULL, NULL);
  g_return_val_if_fail (content_type != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE, NULL);
  self->filename = _runtime_use_dup_utf8 (filename);
  self->filepath = _runtime_use_dup_utf8 (filepath);
  self->presigned_url = _runtime_use_dup_utf8 (presigned_url);
  self->content_type = _runtime_use_dup_utf8 (content_type);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_artifact_upload_response_message_get_filename:
 * @self: a message
 *
 * Gets the name of the file without its folder.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_response_message_get_filename
  (RuntimeUseArtifactUploadResponseMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (self), NULL);

  return self->filename;
}

/**
 * runtime_use_artifact_upload_response_message_get_filepath:
 * @self: a message
 *
 * Gets the path of the file, as the runtime watches it.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_response_message_get_filepath
  (RuntimeUseArtifactUploadResponseMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (self), NULL);

  return self->filepath;
}

/**
 * runtime_use_artifact_upload_response_message_get_presigned_url:
 * @self: a message
 *
 * Gets where the file is to be sent.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_response_message_get_presigned_url
  (RuntimeUseArtifactUploadResponseMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (self), NULL);

  return self->presigned_url;
}

/**
 * runtime_use_artifact_upload_response_message_get_content_type:
 * @self: a message
 *
 * Gets the media type that the file is to be sent as.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_response_message_get_content_type
  (RuntimeUseArtifactUploadResponseMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (self), NULL);

  return self->content_type;
}
