/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-invocation-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-command.h"
#include "runtime-use-message-private.h"
#include "runtime-use-protocol-limits-private.h"
#include "runtime-use-request-message-private.h"

/**
 * RuntimeUseInvocationMessage:
 *
 * A client asks for an agent to be invoked, with commands before and after it.
 *
 * Since: 0.1
 */

struct _RuntimeUseInvocationMessage
{
  RuntimeUseRequestMessage parent_instance;

  char       *system_prompt;
  char       *user_prompt;
  char       *model;
  char      **agent_env;                      /* (nullable) */
  char       *output_format_json_schema_str;  /* (nullable) */
  GPtrArray  *pre_commands;                   /* (nullable): none */
  GPtrArray  *post_commands;                  /* (nullable): none */
  gboolean    stream_deltas;
};

G_DEFINE_FINAL_TYPE (RuntimeUseInvocationMessage,
                     runtime_use_invocation_message,
                     RUNTIME_USE_TYPE_REQUEST_MESSAGE)

static const RuntimeUseField fields[] = {
  { RUNTIME_USE_REQUEST_SOURCE_ID },

  /**
   * RuntimeUseInvocationMessage:system-prompt:
   *
   * What the agent is told about its task in general.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("system_prompt"),
    .property = "system-prompt",
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, system_prompt),
  },

  /**
   * RuntimeUseInvocationMessage:user-prompt:
   *
   * What the agent is asked.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("user_prompt"),
    .property = "user-prompt",
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, user_prompt),
  },

  /**
   * RuntimeUseInvocationMessage:agent-env:
   *
   * Variables for the agent as `NAME=VALUE`, or `NULL`. Commands do not see them.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("agent_env"),
    .property = "agent-env",
    .kind = RUNTIME_USE_FIELD_ENV,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, agent_env),
    .max_items = RUNTIME_USE_LIMIT_ENV_ITEMS,
  },

  /**
   * RuntimeUseInvocationMessage:output-format-json-schema-str:
   *
   * The text of a JSON document that says what the result must look like, or `NULL`.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("output_format_json_schema_str"),
    .property = "output-format-json-schema-str",
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_EMPTY_IS_NULL,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, output_format_json_schema_str),
  },

  { RUNTIME_USE_REQUEST_SECRETS_TO_REDACT },
  { RUNTIME_USE_REQUEST_ARTIFACTS_DIR },
  { RUNTIME_USE_REQUEST_ARTIFACTS_DIRS },
  { RUNTIME_USE_REQUEST_ARTIFACTS_IGNORE_CONTENT },

  /**
   * RuntimeUseInvocationMessage:pre-commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run before the agent.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("pre_agent_invocation_commands"),
    .property = "pre-commands",
    .kind = RUNTIME_USE_FIELD_LIST,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, pre_commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
  },

  /**
   * RuntimeUseInvocationMessage:post-commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run after the agent.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("post_agent_invocation_commands"),
    .property = "post-commands",
    .kind = RUNTIME_USE_FIELD_LIST,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, post_commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
  },

  /**
   * RuntimeUseInvocationMessage:model:
   *
   * The model that the agent is to use.
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("model"),
    .property = "model",
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, model),
  },

  { RUNTIME_USE_FIELD_NAME ("pre_agent_downloadables"), RUNTIME_USE_REQUEST_DOWNLOADABLES },

  /**
   * RuntimeUseInvocationMessage:stream-deltas:
   *
   * Whether the client wants to know what the agent says before a message of it is complete, see
   * [class@RuntimeUse.AssistantDeltaMessage].
   *
   * Since: 0.1
   */
  {
    RUNTIME_USE_FIELD_NAME ("stream_deltas"),
    .property = "stream-deltas",
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, stream_deltas),
  },

  { RUNTIME_USE_REQUEST_REPORT_PROGRESS },
};

const RuntimeUseCodec _runtime_use_invocation_message_codec = {
  .get_type = runtime_use_invocation_message_get_type,
  .message_type = "invocation_message",
  RUNTIME_USE_FIELDS (fields),
  .check = _runtime_use_request_message_check,
};

static void
runtime_use_invocation_message_class_init (RuntimeUseInvocationMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_invocation_message_codec);
}

static void
runtime_use_invocation_message_init (RuntimeUseInvocationMessage *self)
{
}

/**
 * runtime_use_invocation_message_get_system_prompt:
 * @self: a message
 *
 * Gets what the agent is told about its task in general.
 *
 * Returns: (transfer none): a text
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_message_get_system_prompt (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return self->system_prompt != NULL ? self->system_prompt : "";
}

/**
 * runtime_use_invocation_message_get_user_prompt:
 * @self: a message
 *
 * Gets what the agent is asked.
 *
 * Returns: (transfer none): a text
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_message_get_user_prompt (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return self->user_prompt != NULL ? self->user_prompt : "";
}

/**
 * runtime_use_invocation_message_get_model:
 * @self: a message
 *
 * Gets the model that the agent is to use.
 *
 * Returns: (transfer none): a name
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_message_get_model (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return self->model != NULL ? self->model : "";
}

/**
 * runtime_use_invocation_message_get_agent_env:
 * @self: a message
 *
 * Gets the variables for the agent. Commands do not see them.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): items of the form
 *   `NAME=VALUE`, or `NULL`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_invocation_message_get_agent_env (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return (const char * const *) self->agent_env;
}

/**
 * runtime_use_invocation_message_get_output_format_json_schema_str:
 * @self: a message
 *
 * Gets the text of a JSON document that says what the result must look like.
 *
 * It is passed on as the client wrote it and may be no JSON at all.
 *
 * Returns: (transfer none) (nullable): a text that is not empty, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_message_get_output_format_json_schema_str (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return self->output_format_json_schema_str;
}

/**
 * runtime_use_invocation_message_get_pre_commands:
 * @self: a message
 *
 * Gets what is to be run before the agent.
 *
 * Returns: (transfer none) (element-type RuntimeUseCommand): commands in order, maybe none
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_invocation_message_get_pre_commands (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return _runtime_use_list_or_empty (self->pre_commands);
}

/**
 * runtime_use_invocation_message_get_post_commands:
 * @self: a message
 *
 * Gets what is to be run after the agent.
 *
 * Returns: (transfer none) (element-type RuntimeUseCommand): commands in order, maybe none
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_invocation_message_get_post_commands (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), NULL);

  return _runtime_use_list_or_empty (self->post_commands);
}

/**
 * runtime_use_invocation_message_get_stream_deltas:
 * @self: a message
 *
 * Gets whether the client wants pieces of what the agent says.
 *
 * Returns: `TRUE` if they are to be sent
 *
 * Since: 0.1
 */
gboolean
runtime_use_invocation_message_get_stream_deltas (RuntimeUseInvocationMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (self), FALSE);

  return self->stream_deltas;
}
