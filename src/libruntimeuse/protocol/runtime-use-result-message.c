/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-result-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-error.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseResultMessage:
 *
 * The end of an invocation that succeeded: a text or an object, and what else there is to say.
 *
 * Since: 0.1
 */

struct _RuntimeUseResultMessage
{
  RuntimeUseMessage parent_instance;

  char  *metadata;           /* (nullable): nothing */
  guint  type;               /* a ResultType */
  char  *text;               /* (nullable): an object instead */
  char  *structured_output;  /* (nullable): a text instead */
};

G_DEFINE_FINAL_TYPE (RuntimeUseResultMessage, runtime_use_result_message, RUNTIME_USE_TYPE_MESSAGE)

typedef enum
{
  RESULT_TEXT,
  RESULT_STRUCTURED_OUTPUT,
} ResultType;

/* In the order of ResultType. */
static const char * const types[] = { "text", "structured_output", NULL };

static const RuntimeUseField data_fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("type"),
    .kind = RUNTIME_USE_FIELD_WORD,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseResultMessage, type),
    .words = types,
  },
  {
    RUNTIME_USE_FIELD_NAME ("text"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REDACT,
    .offset = G_STRUCT_OFFSET (RuntimeUseResultMessage, text),
  },
  {
    RUNTIME_USE_FIELD_NAME ("structured_output"),
    .kind = RUNTIME_USE_FIELD_JSON,
    .flags = RUNTIME_USE_FIELD_REDACT,
    .offset = G_STRUCT_OFFSET (RuntimeUseResultMessage, structured_output),
  },
};

static const RuntimeUseCodec data_codec = {
  RUNTIME_USE_FIELDS (data_fields),
};

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("metadata"),
    .kind = RUNTIME_USE_FIELD_JSON,
    .flags = (RUNTIME_USE_FIELD_ALWAYS |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseResultMessage, metadata),
  },
  {
    RUNTIME_USE_FIELD_NAME ("data"),
    .kind = RUNTIME_USE_FIELD_INLINE,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .codec = &data_codec,
  },
};

/* The member that goes with the type must be there, and only that one is kept. */
static gboolean
check_data (gpointer   object,
            GError   **error)
{
  RuntimeUseResultMessage *self = object;
  gboolean is_text = self->type == RESULT_TEXT;

  if ((is_text ? self->text : self->structured_output) == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                   "data.%s is missing", types[self->type]);
      return FALSE;
    }

  g_clear_pointer (is_text ? &self->structured_output : &self->text, g_free);

  return TRUE;
}

const RuntimeUseCodec _runtime_use_result_message_codec = {
  .get_type = runtime_use_result_message_get_type,
  .message_type = "result_message",
  RUNTIME_USE_FIELDS (fields),
  .check = check_data,
};

static void
runtime_use_result_message_class_init (RuntimeUseResultMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_result_message_codec);
}

static void
runtime_use_result_message_init (RuntimeUseResultMessage *self)
{
}

/**
 * runtime_use_result_message_new_text:
 * @text: the result
 * @metadata_json: (nullable): the text of a JSON object, or `NULL` for an empty one
 *
 * Says that an invocation ended with a text.
 *
 * It is a programming error to pass something else than one strict JSON object as @metadata_json.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_result_message_new_text (const char *text,
                                     const char *metadata_json)
{
  RuntimeUseResultMessage *self;
  g_autofree char *metadata = _runtime_use_dup_json_object (metadata_json);

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (metadata_json == NULL || metadata != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_RESULT_MESSAGE, NULL);
  self->metadata = g_steal_pointer (&metadata);
  self->type = RESULT_TEXT;
  self->text = _runtime_use_dup_utf8 (text);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_result_message_new_structured_output:
 * @object_json: the text of a JSON object
 * @metadata_json: (nullable): the text of a JSON object, or `NULL` for an empty one
 *
 * Says that an invocation ended with an object.
 *
 * It is a programming error to pass something else than one strict JSON object.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_result_message_new_structured_output (const char *object_json,
                                                  const char *metadata_json)
{
  RuntimeUseResultMessage *self;
  g_autofree char *object = _runtime_use_dup_json_object (object_json);
  g_autofree char *metadata = _runtime_use_dup_json_object (metadata_json);

  g_return_val_if_fail (object != NULL, NULL);
  g_return_val_if_fail (metadata_json == NULL || metadata != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_RESULT_MESSAGE, NULL);
  self->metadata = g_steal_pointer (&metadata);
  self->type = RESULT_STRUCTURED_OUTPUT;
  self->structured_output = g_steal_pointer (&object);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_result_message_get_metadata_json:
 * @self: a message
 *
 * Gets what else there is to say, which only passes through.
 *
 * Returns: (transfer none): the compact text of a JSON object
 *
 * Since: 0.1
 */
const char *
runtime_use_result_message_get_metadata_json (RuntimeUseResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_RESULT_MESSAGE (self), NULL);

  return self->metadata != NULL ? self->metadata : "{}";
}

/**
 * runtime_use_result_message_get_text:
 * @self: a message
 *
 * Gets the result when it is a text.
 *
 * Returns: (transfer none) (nullable): a string, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_result_message_get_text (RuntimeUseResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_RESULT_MESSAGE (self), NULL);

  return self->text;
}

/**
 * runtime_use_result_message_get_structured_output_json:
 * @self: a message
 *
 * Gets the result when it is an object.
 *
 * Returns: (transfer none) (nullable): the compact text of a JSON object, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_result_message_get_structured_output_json (RuntimeUseResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_RESULT_MESSAGE (self), NULL);

  return self->structured_output;
}
