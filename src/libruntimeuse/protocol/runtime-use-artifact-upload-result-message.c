/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-artifact-upload-result-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

#define MAX_STATUS 999

/**
 * RuntimeUseArtifactUploadResultMessage:
 *
 * The runtime has sent a file, or could not send it.
 *
 * Since: 0.1
 */

struct _RuntimeUseArtifactUploadResultMessage
{
  RuntimeUseMessage parent_instance;

  char     *filepath;
  gboolean  ok;
  gint64    status;
  gint64    n_bytes;
  char     *error_text;   /* (nullable) */
  gboolean  gone;
};

G_DEFINE_FINAL_TYPE (RuntimeUseArtifactUploadResultMessage,
                     runtime_use_artifact_upload_result_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("filepath"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, filepath),
  },
  {
    RUNTIME_USE_FIELD_NAME ("ok"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, ok),
  },
  {
    RUNTIME_USE_FIELD_NAME ("status"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, status),
    .min_integer = 0,
    .max_integer = MAX_STATUS,
  },
  {
    RUNTIME_USE_FIELD_NAME ("bytes"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, n_bytes),
    .min_integer = 0,
    .max_integer = G_MAXINT64,
  },
  {
    RUNTIME_USE_FIELD_NAME ("error"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REDACT,
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, error_text),
  },
  {
    RUNTIME_USE_FIELD_NAME ("gone"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .offset = G_STRUCT_OFFSET (RuntimeUseArtifactUploadResultMessage, gone),
  },
};

const RuntimeUseCodec _runtime_use_artifact_upload_result_message_codec = {
  .get_type = runtime_use_artifact_upload_result_message_get_type,
  .message_type = "artifact_upload_result_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_artifact_upload_result_message_class_init
  (RuntimeUseArtifactUploadResultMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_artifact_upload_result_message_codec);
}

static void
runtime_use_artifact_upload_result_message_init (RuntimeUseArtifactUploadResultMessage *self)
{
}

/**
 * runtime_use_artifact_upload_result_message_new:
 * @filepath: the path of the file in a watched folder
 * @ok: whether the file has arrived
 * @status: the status of the last HTTP answer, at most 999, or 0 if there was none
 * @n_bytes: how many bytes of the file were sent, at most `G_MAXINT64`
 * @error_text: (nullable): what went wrong
 *
 * Tells what became of a file.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_artifact_upload_result_message_new (const char *filepath,
                                                gboolean    ok,
                                                guint       status,
                                                guint64     n_bytes,
                                                const char *error_text)
{
  RuntimeUseArtifactUploadResultMessage *self;

  g_return_val_if_fail (filepath != NULL, NULL);
  g_return_val_if_fail (status <= MAX_STATUS, NULL);
  g_return_val_if_fail (n_bytes <= G_MAXINT64, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ARTIFACT_UPLOAD_RESULT_MESSAGE, NULL);
  self->filepath = _runtime_use_dup_utf8 (filepath);
  self->ok = !!ok;
  self->status = status;
  self->n_bytes = (gint64) n_bytes;
  self->error_text = _runtime_use_dup_utf8 (error_text);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_artifact_upload_result_message_new_gone:
 * @filepath: the path of the file in a watched folder
 * @error_text: (nullable): what the system says about it
 *
 * Tells that a file was deleted or moved away after it was offered, as files
 * are that programs keep for a while only. It did not arrive, and nothing is
 * wrong.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_artifact_upload_result_message_new_gone (const char *filepath,
                                                     const char *error_text)
{
  RuntimeUseMessage *self;

  g_return_val_if_fail (filepath != NULL, NULL);

  self = runtime_use_artifact_upload_result_message_new (filepath, FALSE, 0, 0, error_text);
  ((RuntimeUseArtifactUploadResultMessage *) self)->gone = TRUE;

  return self;
}

/**
 * runtime_use_artifact_upload_result_message_get_filepath:
 * @self: a message
 *
 * Gets the path of the file, as the runtime watches it.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_result_message_get_filepath
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), NULL);

  return self->filepath;
}

/**
 * runtime_use_artifact_upload_result_message_get_ok:
 * @self: a message
 *
 * Gets whether the file has arrived.
 *
 * Returns: `TRUE` if the answer was a success
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_upload_result_message_get_ok
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), FALSE);

  return self->ok;
}

/**
 * runtime_use_artifact_upload_result_message_get_status:
 * @self: a message
 *
 * Gets the status of the last HTTP answer.
 *
 * Returns: a status, or 0 if there was no answer
 *
 * Since: 0.1
 */
guint
runtime_use_artifact_upload_result_message_get_status
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), 0);

  return (guint) self->status;
}

/**
 * runtime_use_artifact_upload_result_message_get_n_bytes:
 * @self: a message
 *
 * Gets how much of the file was sent the last time it was tried.
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_artifact_upload_result_message_get_n_bytes
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), 0);

  return (guint64) self->n_bytes;
}

/**
 * runtime_use_artifact_upload_result_message_get_error_text:
 * @self: a message
 *
 * Gets what went wrong.
 *
 * Returns: (transfer none) (nullable): a text, or `NULL` if nothing did
 *
 * Since: 0.1
 */
const char *
runtime_use_artifact_upload_result_message_get_error_text
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), NULL);

  return self->error_text;
}

/**
 * runtime_use_artifact_upload_result_message_get_gone:
 * @self: a message
 *
 * Gets whether the file was not sent because it was no longer there.
 *
 * Returns: `TRUE` if it was deleted or moved away after it was offered
 *
 * Since: 0.1
 */
gboolean
runtime_use_artifact_upload_result_message_get_gone
  (RuntimeUseArtifactUploadResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (self), FALSE);

  return self->gone;
}
