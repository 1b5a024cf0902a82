/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-assistant-delta-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseAssistantDeltaMessage:
 *
 * A piece of what the agent is saying.
 *
 * A [class@RuntimeUse.AssistantMessage] with all of it follows. The runtime sends
 * pieces only for a request with
 * [property@RuntimeUse.InvocationMessage:stream-deltas].
 *
 * Since: 0.1
 */

struct _RuntimeUseAssistantDeltaMessage
{
  RuntimeUseMessage parent_instance;

  char *text;
};

G_DEFINE_FINAL_TYPE (RuntimeUseAssistantDeltaMessage,
                     runtime_use_assistant_delta_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("text"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseAssistantDeltaMessage, text),
  },
};

const RuntimeUseCodec _runtime_use_assistant_delta_message_codec = {
  .get_type = runtime_use_assistant_delta_message_get_type,
  .message_type = "assistant_delta_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_assistant_delta_message_class_init (RuntimeUseAssistantDeltaMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_assistant_delta_message_codec);
}

static void
runtime_use_assistant_delta_message_init (RuntimeUseAssistantDeltaMessage *self)
{
}

/**
 * runtime_use_assistant_delta_message_new:
 * @text: what was said since the last piece
 *
 * Tells a piece of what the agent is saying.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_assistant_delta_message_new (const char *text)
{
  RuntimeUseAssistantDeltaMessage *self;

  g_return_val_if_fail (text != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ASSISTANT_DELTA_MESSAGE, NULL);
  self->text = _runtime_use_dup_utf8 (text);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_assistant_delta_message_get_text:
 * @self: a message
 *
 * Gets what was said since the last piece.
 *
 * Returns: (transfer none): a text
 *
 * Since: 0.1
 */
const char *
runtime_use_assistant_delta_message_get_text (RuntimeUseAssistantDeltaMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ASSISTANT_DELTA_MESSAGE (self), NULL);

  return self->text;
}
