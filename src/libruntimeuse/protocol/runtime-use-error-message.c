/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-error-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseErrorMessage:
 *
 * The end of a request that failed.
 *
 * Since: 0.1
 */

struct _RuntimeUseErrorMessage
{
  RuntimeUseMessage parent_instance;

  char *error;
  char *metadata;  /* (nullable): nothing */
};

G_DEFINE_FINAL_TYPE (RuntimeUseErrorMessage, runtime_use_error_message, RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("error"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseErrorMessage, error),
  },
  {
    RUNTIME_USE_FIELD_NAME ("metadata"),
    .kind = RUNTIME_USE_FIELD_JSON,
    .flags = (RUNTIME_USE_FIELD_ALWAYS |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseErrorMessage, metadata),
  },
};

const RuntimeUseCodec _runtime_use_error_message_codec = {
  .get_type = runtime_use_error_message_get_type,
  .message_type = "error_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_error_message_class_init (RuntimeUseErrorMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_error_message_codec);
}

static void
runtime_use_error_message_init (RuntimeUseErrorMessage *self)
{
}

/**
 * runtime_use_error_message_new:
 * @error: what went wrong
 * @metadata_json: (nullable): the text of a JSON object, or `NULL` for an empty one
 *
 * Says that a request failed.
 *
 * It is a programming error to pass something else than one strict JSON object.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_error_message_new (const char *error,
                               const char *metadata_json)
{
  RuntimeUseErrorMessage *self;
  g_autofree char *metadata = _runtime_use_dup_json_object (metadata_json);

  g_return_val_if_fail (error != NULL, NULL);
  g_return_val_if_fail (metadata_json == NULL || metadata != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ERROR_MESSAGE, NULL);
  self->error = _runtime_use_dup_utf8 (error);
  self->metadata = g_steal_pointer (&metadata);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_error_message_get_error:
 * @self: a message
 *
 * Gets what went wrong.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_error_message_get_error (RuntimeUseErrorMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ERROR_MESSAGE (self), NULL);

  return self->error;
}

/**
 * runtime_use_error_message_get_metadata_json:
 * @self: a message
 *
 * Gets what else there is to say, which only passes through.
 *
 * Returns: (transfer none): the compact text of a JSON object
 *
 * Since: 0.1
 */
const char *
runtime_use_error_message_get_metadata_json (RuntimeUseErrorMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ERROR_MESSAGE (self), NULL);

  return self->metadata != NULL ? self->metadata : "{}";
}
