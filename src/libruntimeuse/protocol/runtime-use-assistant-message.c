/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-assistant-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseAssistantMessage:
 *
 * Something that an agent said while it works.
 *
 * Since: 0.1
 */

struct _RuntimeUseAssistantMessage
{
  RuntimeUseMessage parent_instance;

  char **text_blocks;
};

G_DEFINE_FINAL_TYPE (RuntimeUseAssistantMessage,
                     runtime_use_assistant_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("text_blocks"),
    .kind = RUNTIME_USE_FIELD_STRV,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseAssistantMessage, text_blocks),
  },
};

const RuntimeUseCodec _runtime_use_assistant_message_codec = {
  .get_type = runtime_use_assistant_message_get_type,
  .message_type = "assistant_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_assistant_message_class_init (RuntimeUseAssistantMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_assistant_message_codec);
}

static void
runtime_use_assistant_message_init (RuntimeUseAssistantMessage *self)
{
}

/**
 * runtime_use_assistant_message_new:
 * @text_blocks: (array zero-terminated=1): blocks of text, maybe none
 *
 * Says what an agent said.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_assistant_message_new (const char * const *text_blocks)
{
  RuntimeUseAssistantMessage *self;

  g_return_val_if_fail (text_blocks != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_ASSISTANT_MESSAGE, NULL);
  self->text_blocks = _runtime_use_dup_utf8_strv (text_blocks);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_assistant_message_get_text_blocks:
 * @self: a message
 *
 * Gets what the agent said.
 *
 * Returns: (transfer none) (array zero-terminated=1): blocks of text, maybe none
 *
 * Since: 0.1
 */
const char * const *
runtime_use_assistant_message_get_text_blocks (RuntimeUseAssistantMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_ASSISTANT_MESSAGE (self), NULL);

  return _runtime_use_strv_or_empty (self->text_blocks);
}
