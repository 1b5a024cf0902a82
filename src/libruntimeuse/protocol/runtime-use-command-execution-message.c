/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-execution-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-command.h"
#include "runtime-use-message-private.h"
#include "runtime-use-protocol-limits-private.h"
#include "runtime-use-request-message-private.h"

/**
 * RuntimeUseCommandExecutionMessage:
 *
 * A client asks for commands to be run, without an agent.
 *
 * Since: 0.1
 */

struct _RuntimeUseCommandExecutionMessage
{
  RuntimeUseRequestMessage parent_instance;

  GPtrArray *commands;  /* (element-type RuntimeUseCommand) */
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandExecutionMessage,
                     runtime_use_command_execution_message,
                     RUNTIME_USE_TYPE_REQUEST_MESSAGE)

static const RuntimeUseField fields[] = {
  { RUNTIME_USE_REQUEST_SOURCE_ID },
  { RUNTIME_USE_REQUEST_SECRETS_TO_REDACT },

  /**
   * RuntimeUseCommandExecutionMessage:commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run, one after the other.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("commands"),
    .property = "commands",
    .kind = RUNTIME_USE_FIELD_LIST,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandExecutionMessage, commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
  },

  { RUNTIME_USE_REQUEST_ARTIFACTS_DIR },
  { RUNTIME_USE_REQUEST_ARTIFACTS_DIRS },
  { RUNTIME_USE_REQUEST_ARTIFACTS_IGNORE_CONTENT },
  { RUNTIME_USE_FIELD_NAME ("pre_execution_downloadables"), RUNTIME_USE_REQUEST_DOWNLOADABLES },
  { RUNTIME_USE_REQUEST_REPORT_PROGRESS },
};

const RuntimeUseCodec _runtime_use_command_execution_message_codec = {
  .get_type = runtime_use_command_execution_message_get_type,
  .message_type = "command_execution_message",
  RUNTIME_USE_FIELDS (fields),
  .check = _runtime_use_request_message_check,
};

static void
runtime_use_command_execution_message_class_init (RuntimeUseCommandExecutionMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_command_execution_message_codec);
}

static void
runtime_use_command_execution_message_init (RuntimeUseCommandExecutionMessage *self)
{
}

/**
 * runtime_use_command_execution_message_get_commands:
 * @self: a message
 *
 * Gets what is to be run, one after the other, until one fails.
 *
 * Returns: (transfer none) (element-type RuntimeUseCommand): commands in order, maybe none
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_command_execution_message_get_commands (RuntimeUseCommandExecutionMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_EXECUTION_MESSAGE (self), NULL);

  return _runtime_use_list_or_empty (self->commands);
}
