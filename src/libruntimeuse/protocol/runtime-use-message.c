/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-message-private.h"

#include <string.h>

#include "runtime-use-codecs-private.h"
#include "runtime-use-error.h"
#include "runtime-use-limits-private.h"

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

/* That of the class which has the property, be it a parent of the object's. */
static const RuntimeUseCodec *
get_owner_codec (GParamSpec *pspec)
{
  return RUNTIME_USE_MESSAGE_CLASS (g_type_class_peek (pspec->owner_type))->codec;
}

static void
runtime_use_message_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  _runtime_use_codec_get_property (get_owner_codec (pspec), object, prop_id, value);
}

static void
runtime_use_message_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  _runtime_use_codec_set_property (get_owner_codec (pspec), object, prop_id, value);
}

void
_runtime_use_message_class_set_codec (RuntimeUseMessageClass *klass,
                                      const RuntimeUseCodec  *codec)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  /* GObject does not let classes inherit these. */
  object_class->get_property = runtime_use_message_get_property;
  object_class->set_property = runtime_use_message_set_property;

  klass->codec = codec;
  _runtime_use_codec_install_properties (codec, object_class);
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

/**
 * runtime_use_message_parse_json:
 * @json: the text of one message
 * @error: return location for an error, or `NULL`
 *
 * Reads a message of any type, as [ctor@RuntimeUse.Message.new_from_bytes] does.
 *
 * This is how languages that cannot set properties that are arrays, such as
 * [property@RuntimeUse.InvocationMessage:pre-commands], make messages that have some.
 *
 * Returns: (transfer full): a message, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_message_parse_json (const char  *json,
                                   GError     **error)
{
  g_autoptr(GBytes) bytes = NULL;

  g_return_val_if_fail (json != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = g_bytes_new (json, strlen (json));

  return runtime_use_message_new_from_bytes (bytes, error);
}

/* What is needed most often comes first. */
static const RuntimeUseCodec * const codecs[] = {
  &_runtime_use_invocation_message_codec,
  &_runtime_use_command_execution_message_codec,
  &_runtime_use_cancel_message_codec,
  &_runtime_use_end_session_message_codec,
  &_runtime_use_artifact_upload_response_message_codec,
  &_runtime_use_command_output_message_codec,
  &_runtime_use_assistant_message_codec,
  &_runtime_use_assistant_delta_message_codec,
  &_runtime_use_result_message_codec,
  &_runtime_use_command_execution_result_message_codec,
  &_runtime_use_error_message_codec,
  &_runtime_use_heartbeat_message_codec,
  &_runtime_use_artifact_upload_request_message_codec,
  &_runtime_use_artifact_upload_result_message_codec,
  &_runtime_use_download_progress_message_codec,
  &_runtime_use_end_session_confirm_message_codec,
};

static const RuntimeUseCodec no_codec = { .message_type = NULL };

static const RuntimeUseCodec *
find_codec (const RuntimeUseJsonValue *type)
{
  if (type->token != RUNTIME_USE_JSON_STRING)
    return &no_codec;

  for (gsize i = 0; i < G_N_ELEMENTS (codecs); i++)
    {
      const char *word = codecs[i]->message_type;

      if (_runtime_use_json_value_equals (type, word, strlen (word)))
        return codecs[i];
    }

  return &no_codec;
}

/* The codec that the first member promises, so that one pass is enough for usual messages. */
static const RuntimeUseCodec *
guess_codec (const RuntimeUseJsonReader *start)
{
  RuntimeUseJsonReader reader = *start;
  RuntimeUseJsonValue type;

  if (_runtime_use_json_reader_next (&reader) != RUNTIME_USE_JSON_NAME ||
      !_runtime_use_json_value_equals (&reader.current, "message_type", 12) ||
      !_runtime_use_json_reader_read_value (&reader, &type))
    return &no_codec;

  return find_codec (&type);
}

/* Goes through all of the text. Returns NULL when it is broken, and no_codec when it is no message
 * that we know. */
static const RuntimeUseCodec *
sweep (RuntimeUseJsonReader *reader,
       RuntimeUseJsonValue  *values,
       RuntimeUseJsonValue  *type)
{
  RuntimeUseJsonReader start = *reader;
  const RuntimeUseCodec *guess = guess_codec (reader);
  const RuntimeUseCodec *codec;

  if (!_runtime_use_codec_sweep (guess, reader, values, type) ||
      _runtime_use_json_reader_next (reader) != RUNTIME_USE_JSON_END)
    return NULL;

  codec = find_codec (type);
  if (codec != guess)
    _runtime_use_codec_sweep (codec, &start, values, type);

  return codec;
}

static void
set_not_a_message (const RuntimeUseJsonValue  *type,
                   GError                    **error)
{
  g_autofree char *word = NULL;

  if (type->token != RUNTIME_USE_JSON_STRING)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_NOT_A_MESSAGE,
                   "Not a message: message_type is not there or not a word");
      return;
    }

  word = _runtime_use_json_value_show (type);
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_NOT_A_MESSAGE,
               "Not a message that is known: message_type is “%s”", word);
}

/* The text is no object. It is still told apart whether it is JSON. */
static RuntimeUseMessage *
refuse (RuntimeUseJsonReader  *reader,
        GError               **error)
{
  RuntimeUseJsonToken first = reader->current.token;
  RuntimeUseJsonToken token = first;

  while (token != RUNTIME_USE_JSON_ERROR && token != RUNTIME_USE_JSON_END)
    token = _runtime_use_json_reader_next (reader);

  if (token == RUNTIME_USE_JSON_ERROR)
    _runtime_use_json_reader_set_error (reader, error);
  else if (first == RUNTIME_USE_JSON_NULL)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED,
                 "Not a message: the text is null");
  else
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_NOT_A_MESSAGE,
                 "Not a message: the text is not an object");

  return NULL;
}

RuntimeUseMessage *
_runtime_use_message_parse (GBytes  *bytes,
                            char   **message_type,
                            GError **error)
{
  RuntimeUseJsonValue values[RUNTIME_USE_CODEC_MAX_FIELDS];
  RuntimeUseJsonValue type = { RUNTIME_USE_JSON_ERROR };
  RuntimeUseJsonReader reader;
  const RuntimeUseCodec *codec;
  const char *text;
  gsize length;

  if (message_type != NULL)
    *message_type = NULL;

  text = g_bytes_get_data (bytes, &length);
  if (length > RUNTIME_USE_LIMIT_INCOMING_MESSAGE)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "The message has more than %" G_GSIZE_FORMAT " bytes",
                   RUNTIME_USE_LIMIT_INCOMING_MESSAGE);
      return NULL;
    }

  _runtime_use_json_reader_init (&reader, length > 0 ? text : "", length);
  if (_runtime_use_json_reader_next (&reader) != RUNTIME_USE_JSON_OBJECT)
    return refuse (&reader, error);

  codec = sweep (&reader, values, &type);
  if (codec == NULL)
    {
      _runtime_use_json_reader_set_error (&reader, error);
      return NULL;
    }
  if (codec == &no_codec)
    {
      set_not_a_message (&type, error);
      return NULL;
    }

  if (message_type != NULL)
    *message_type = g_strdup (codec->message_type);

  return _runtime_use_codec_build (codec, values, error);
}

/* Whether a message of this type, which may be NULL, asks for something to be run. */
gboolean
_runtime_use_message_type_is_request (const char *message_type)
{
  return (g_strcmp0 (message_type, _runtime_use_invocation_message_codec.message_type) == 0 ||
          g_strcmp0 (message_type, _runtime_use_command_execution_message_codec.message_type) == 0);
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
  if (runtime_use_redactor_is_empty (redactor))
    return g_object_ref (self);

  return _runtime_use_codec_redact (get_codec (self), self, redactor);
}
