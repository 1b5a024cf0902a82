/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-execution-result-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-command-result.h"
#include "runtime-use-message-private.h"
#include "runtime-use-protocol-limits-private.h"

/**
 * RuntimeUseCommandExecutionResultMessage:
 *
 * The end of a request that only ran commands, also of one whose last command failed.
 *
 * Since: 0.1
 */

struct _RuntimeUseCommandExecutionResultMessage
{
  RuntimeUseMessage parent_instance;

  GPtrArray *results;  /* (element-type RuntimeUseCommandResult) */
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandExecutionResultMessage,
                     runtime_use_command_execution_result_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("results"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS |
              RUNTIME_USE_FIELD_REDACT),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandExecutionResultMessage, results),
    .max_items = RUNTIME_USE_LIMIT_RESULTS,
    .codec = &_runtime_use_command_result_codec,
  },
};

const RuntimeUseCodec _runtime_use_command_execution_result_message_codec = {
  .get_type = runtime_use_command_execution_result_message_get_type,
  .message_type = "command_execution_result_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_command_execution_result_message_class_init
  (RuntimeUseCommandExecutionResultMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_command_execution_result_message_codec);
}

static void
runtime_use_command_execution_result_message_init (RuntimeUseCommandExecutionResultMessage *self)
{
}

/**
 * runtime_use_command_execution_result_message_new:
 * @results: (element-type RuntimeUseCommandResult): results in the order in which the commands
 *   ran
 *
 * Says how commands ended.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_command_execution_result_message_new (GPtrArray *results)
{
  RuntimeUseCommandExecutionResultMessage *self;

  g_return_val_if_fail (results != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_RESULT_MESSAGE, NULL);
  self->results = _runtime_use_dup_list (results);

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_command_execution_result_message_get_results:
 * @self: a message
 *
 * Gets how the commands ended, in the order in which they ran.
 *
 * Returns: (transfer none) (element-type RuntimeUseCommandResult): results
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_command_execution_result_message_get_results
  (RuntimeUseCommandExecutionResultMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_EXECUTION_RESULT_MESSAGE (self), NULL);

  return self->results;
}
