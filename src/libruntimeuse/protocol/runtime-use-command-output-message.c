/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-output-message-private.h"

#include <string.h>

#include "runtime-use-codecs-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseCommandOutputMessage:
 *
 * Something that a command printed.
 *
 * Since: 0.1
 */

struct _RuntimeUseCommandOutputMessage
{
  RuntimeUseMessage parent_instance;

  guint   stream;   /* a RuntimeUseOutputStream */
  GBytes *text;
  char   *command;
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandOutputMessage,
                     runtime_use_command_output_message,
                     RUNTIME_USE_TYPE_MESSAGE)

/* In the order of RuntimeUseOutputStream. */
static const char * const streams[] = { "stdout", "stderr", NULL };

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("stream"),
    .kind = RUNTIME_USE_FIELD_WORD,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandOutputMessage, stream),
    .words = streams,
  },
  {
    RUNTIME_USE_FIELD_NAME ("text"),
    .kind = RUNTIME_USE_FIELD_TEXT,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandOutputMessage, text),
  },
  {
    RUNTIME_USE_FIELD_NAME ("command"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandOutputMessage, command),
  },
};

const RuntimeUseCodec _runtime_use_command_output_message_codec = {
  .get_type = runtime_use_command_output_message_get_type,
  .message_type = "command_output_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_command_output_message_class_init (RuntimeUseCommandOutputMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_command_output_message_codec);
}

static void
runtime_use_command_output_message_init (RuntimeUseCommandOutputMessage *self)
{
}

/**
 * runtime_use_command_output_message_new:
 * @stream: where the command printed it
 * @text: what was printed
 * @command: the command, as it is to be shown
 *
 * Says what a command printed.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_command_output_message_new (RuntimeUseOutputStream  stream,
                                        const char             *text,
                                        const char             *command)
{
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (command != NULL, NULL);

  return _runtime_use_command_output_message_new_counted (stream, text, strlen (text), command);
}

/* The same for text that may hold NUL. */
RuntimeUseMessage *
_runtime_use_command_output_message_new_counted (RuntimeUseOutputStream  stream,
                                                 const char             *text,
                                                 gsize                   length,
                                                 const char             *command)
{
  RuntimeUseCommandOutputMessage *self;

  self = g_object_new (RUNTIME_USE_TYPE_COMMAND_OUTPUT_MESSAGE, NULL);
  self->stream = stream;
  self->text = _runtime_use_dup_text (text, length);
  self->command = _runtime_use_dup_utf8 (command);

  return RUNTIME_USE_MESSAGE (self);
}

GBytes *
_runtime_use_command_output_message_encode (RuntimeUseOutputStream  stream,
                                            const char             *text,
                                            gsize                   length,
                                            const char             *command)
{
  GString *json = g_string_sized_new (length + length / 16 + 256);

  g_string_append (json, "{\"message_type\":\"command_output_message\",\"stream\":\"");
  g_string_append (json, streams[stream]);
  g_string_append (json, "\",\"text\":");
  _runtime_use_json_append_string (json, text, length);
  g_string_append (json, ",\"command\":");
  _runtime_use_json_append_string (json, command, strlen (command));
  g_string_append_c (json, '}');

  return g_string_free_to_bytes (json);
}

/**
 * runtime_use_command_output_message_get_stream:
 * @self: a message
 *
 * Gets where the command printed it.
 *
 * Returns: a stream
 *
 * Since: 0.1
 */
RuntimeUseOutputStream
runtime_use_command_output_message_get_stream (RuntimeUseCommandOutputMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_OUTPUT_MESSAGE (self),
                        RUNTIME_USE_OUTPUT_STREAM_STDOUT);

  return self->stream;
}

/**
 * runtime_use_command_output_message_get_text:
 * @self: a message
 *
 * Gets what was printed up to its first `NUL`.
 *
 * Printed text may hold such characters: `get_text_bytes` has all of it.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_command_output_message_get_text (RuntimeUseCommandOutputMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_OUTPUT_MESSAGE (self), NULL);

  return g_bytes_get_data (self->text, NULL);
}

/**
 * runtime_use_command_output_message_get_text_bytes:
 * @self: a message
 *
 * Gets what was printed.
 *
 * Returns: (transfer none): valid UTF-8 that may hold `NUL`
 *
 * Since: 0.1
 */
GBytes *
runtime_use_command_output_message_get_text_bytes (RuntimeUseCommandOutputMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_OUTPUT_MESSAGE (self), NULL);

  return self->text;
}

/**
 * runtime_use_command_output_message_get_command:
 * @self: a message
 *
 * Gets the command that printed it, as it is shown to the client.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_command_output_message_get_command (RuntimeUseCommandOutputMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_OUTPUT_MESSAGE (self), NULL);

  return self->command;
}
