/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-message-private.h"

#include "runtime-use-error.h"

/**
 * RuntimeUseMessage:
 *
 * One message of the protocol, in either direction.
 *
 * Messages are immutable values. Their types are a closed set: only this library can add one.
 *
 * Since: 0.1
 */

G_DEFINE_ABSTRACT_TYPE (RuntimeUseMessage, runtime_use_message, G_TYPE_OBJECT)

static const RuntimeUseCodec *
get_codec (RuntimeUseMessage *self)
{
  return RUNTIME_USE_MESSAGE_GET_CLASS (self)->codec;
}

static void
runtime_use_message_finalize (GObject *object)
{
  _runtime_use_codec_clear (get_codec (RUNTIME_USE_MESSAGE (object)), object);

  G_OBJECT_CLASS (runtime_use_message_parent_class)->finalize (object);
}

static void
runtime_use_message_class_init (RuntimeUseMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_message_finalize;
}

static void
runtime_use_message_init (RuntimeUseMessage *self)
{
}

void
_runtime_use_message_class_set_codec (RuntimeUseMessageClass *klass,
                                      const RuntimeUseCodec  *codec)
{
  klass->codec = codec;
}

/**
 * runtime_use_message_new_from_bytes:
 * @bytes: the text of one message
 * @error: return location for an error, or `NULL`
 *
 * Reads a message of any type, of either direction.
 *
 * The text must be exactly one JSON document as RFC 8259 has it: UTF-8 without a byte order mark,
 * at most 64 levels deep, no lone surrogates. Members that are not known are ignored, of members
 * with the same name the last one counts, and `null` stands for an optional member that is not
 * there.
 *
 * Fails with `RUNTIME_USE_ERROR_MALFORMED` when the text is something else or `null`, with
 * `RUNTIME_USE_ERROR_NOT_A_MESSAGE` when it is not an object or has no `message_type` that we know,
 * with `RUNTIME_USE_ERROR_INVALID_FIELD` when a member cannot be used, which the error names, and
 * with `RUNTIME_USE_ERROR_TOO_LARGE` when a limit is exceeded.
 *
 * Returns: (transfer full): a message, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_message_new_from_bytes (GBytes  *bytes,
                                    GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return _runtime_use_message_parse (bytes, NULL, error);
}

RuntimeUseMessage *
_runtime_use_message_parse (GBytes  *bytes,
                            char   **message_type,
                            GError **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED, "Not implemented yet");
  return NULL;
}

gboolean
_runtime_use_message_type_is_request (const char *message_type)
{
  return g_strcmp0 (message_type, "invocation_message") == 0 ||
         g_strcmp0 (message_type, "command_execution_message") == 0;
}

/**
 * runtime_use_message_get_message_type:
 * @self: a message
 *
 * Gets the word that names the type of a message on the wire, such as `result_message`.
 *
 * Returns: (transfer none): a word
 *
 * Since: 0.1
 */
const char *
runtime_use_message_get_message_type (RuntimeUseMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_MESSAGE (self), NULL);

  return get_codec (self)->message_type;
}

/**
 * runtime_use_message_to_bytes:
 * @self: a message
 *
 * Writes a message as the wire has it: one JSON object in valid UTF-8, without white space, and
 * with characters outside ASCII as they are.
 *
 * Returns: (transfer full): the text, which is not `NUL`-terminated
 *
 * Since: 0.1
 */
GBytes *
runtime_use_message_to_bytes (RuntimeUseMessage *self)
{
  GString *json;

  g_return_val_if_fail (RUNTIME_USE_IS_MESSAGE (self), NULL);

  json = g_string_sized_new (256);
  _runtime_use_codec_append (get_codec (self), self, json);

  return g_string_free_to_bytes (json);
}

RuntimeUseMessage *
_runtime_use_message_redact (RuntimeUseMessage  *self,
                             RuntimeUseRedactor *redactor)
{
  return g_object_ref (self);
}
