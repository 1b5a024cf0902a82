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

typedef enum
{
  PROP_SYSTEM_PROMPT = 1,
  PROP_USER_PROMPT,
  PROP_MODEL,
  PROP_AGENT_ENV,
  PROP_OUTPUT_FORMAT_JSON_SCHEMA_STR,
  PROP_PRE_COMMANDS,
  PROP_POST_COMMANDS,
  PROP_STREAM_DELTAS,
} RuntimeUseInvocationMessageProperty;

static GParamSpec *properties[PROP_STREAM_DELTAS + 1];

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("source_id"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, source_id),
  },
  {
    RUNTIME_USE_FIELD_NAME ("system_prompt"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, system_prompt),
  },
  {
    RUNTIME_USE_FIELD_NAME ("user_prompt"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, user_prompt),
  },
  {
    RUNTIME_USE_FIELD_NAME ("agent_env"),
    .kind = RUNTIME_USE_FIELD_ENV,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, agent_env),
    .max_items = RUNTIME_USE_LIMIT_ENV_ITEMS,
  },
  {
    RUNTIME_USE_FIELD_NAME ("output_format_json_schema_str"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_EMPTY_IS_NULL,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, output_format_json_schema_str),
  },
  {
    RUNTIME_USE_FIELD_NAME ("secrets_to_redact"),
    .kind = RUNTIME_USE_FIELD_STRV,
    .flags = (RUNTIME_USE_FIELD_SHARED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, secrets_to_redact),
    .max_items = RUNTIME_USE_LIMIT_SECRETS,
    .max_bytes = RUNTIME_USE_LIMIT_SECRET_BYTES,
  },
  {
    RUNTIME_USE_FIELD_NAME ("artifacts_dir"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_SHARED |
              RUNTIME_USE_FIELD_EMPTY_IS_NULL),
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_dir),
  },
  {
    RUNTIME_USE_FIELD_NAME ("artifacts_dirs"),
    .kind = RUNTIME_USE_FIELD_STRV,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_dirs),
    .max_items = RUNTIME_USE_LIMIT_ARTIFACTS_DIRS,
  },
  {
    RUNTIME_USE_FIELD_NAME ("artifacts_ignore_content"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, artifacts_ignore_content),
  },
  {
    RUNTIME_USE_FIELD_NAME ("pre_agent_invocation_commands"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, pre_commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
  },
  {
    RUNTIME_USE_FIELD_NAME ("post_agent_invocation_commands"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, post_commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
  },
  {
    RUNTIME_USE_FIELD_NAME ("model"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, model),
  },
  {
    RUNTIME_USE_FIELD_NAME ("pre_agent_downloadables"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, downloadables),
    .max_items = RUNTIME_USE_LIMIT_DOWNLOADABLES,
    .codec = &_runtime_use_downloadable_codec,
  },
  {
    RUNTIME_USE_FIELD_NAME ("stream_deltas"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .offset = G_STRUCT_OFFSET (RuntimeUseInvocationMessage, stream_deltas),
  },
  {
    RUNTIME_USE_FIELD_NAME ("report_progress"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, report_progress),
  },
};

const RuntimeUseCodec _runtime_use_invocation_message_codec = {
  .get_type = runtime_use_invocation_message_get_type,
  .message_type = "invocation_message",
  RUNTIME_USE_FIELDS (fields),
  .check = _runtime_use_request_message_check,
};

static void
runtime_use_invocation_message_get_property (GObject    *object,
                                             guint       prop_id,
                                             GValue     *value,
                                             GParamSpec *pspec)
{
  RuntimeUseInvocationMessage *self = RUNTIME_USE_INVOCATION_MESSAGE (object);

  switch ((RuntimeUseInvocationMessageProperty) prop_id)
    {
    case PROP_SYSTEM_PROMPT:
      g_value_set_string (value, self->system_prompt);
      break;

    case PROP_USER_PROMPT:
      g_value_set_string (value, self->user_prompt);
      break;

    case PROP_MODEL:
      g_value_set_string (value, self->model);
      break;

    case PROP_AGENT_ENV:
      g_value_set_boxed (value, self->agent_env);
      break;

    case PROP_OUTPUT_FORMAT_JSON_SCHEMA_STR:
      g_value_set_string (value, self->output_format_json_schema_str);
      break;

    case PROP_PRE_COMMANDS:
      g_value_set_boxed (value, self->pre_commands);
      break;

    case PROP_POST_COMMANDS:
      g_value_set_boxed (value, self->post_commands);
      break;

    case PROP_STREAM_DELTAS:
      g_value_set_boolean (value, self->stream_deltas);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_invocation_message_set_property (GObject      *object,
                                             guint         prop_id,
                                             const GValue *value,
                                             GParamSpec   *pspec)
{
  RuntimeUseInvocationMessage *self = RUNTIME_USE_INVOCATION_MESSAGE (object);

  switch ((RuntimeUseInvocationMessageProperty) prop_id)
    {
    case PROP_SYSTEM_PROMPT:
      self->system_prompt = _runtime_use_dup_utf8 (g_value_get_string (value));
      break;

    case PROP_USER_PROMPT:
      self->user_prompt = _runtime_use_dup_utf8 (g_value_get_string (value));
      break;

    case PROP_MODEL:
      self->model = _runtime_use_dup_utf8 (g_value_get_string (value));
      break;

    case PROP_AGENT_ENV:
      g_return_if_fail (_runtime_use_is_environ (g_value_get_boxed (value)));
      self->agent_env = _runtime_use_dup_utf8_strv (g_value_get_boxed (value));
      break;

    case PROP_OUTPUT_FORMAT_JSON_SCHEMA_STR:
      self->output_format_json_schema_str = _runtime_use_dup_utf8 (g_value_get_string (value));
      break;

    case PROP_PRE_COMMANDS:
      self->pre_commands = _runtime_use_dup_list (g_value_get_boxed (value));
      break;

    case PROP_POST_COMMANDS:
      self->post_commands = _runtime_use_dup_list (g_value_get_boxed (value));
      break;

    case PROP_STREAM_DELTAS:
      self->stream_deltas = g_value_get_boolean (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_invocation_message_class_init (RuntimeUseInvocationMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = runtime_use_invocation_message_get_property;
  object_class->set_property = runtime_use_invocation_message_set_property;

  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_invocation_message_codec);

  /**
   * RuntimeUseInvocationMessage:system-prompt:
   *
   * What the agent is told about its task in general.
   *
   * Since: 0.1
   */
  properties[PROP_SYSTEM_PROMPT] =
    g_param_spec_string ("system-prompt", NULL, NULL,
                         NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:user-prompt:
   *
   * What the agent is asked.
   *
   * Since: 0.1
   */
  properties[PROP_USER_PROMPT] =
    g_param_spec_string ("user-prompt", NULL, NULL,
                         NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:model:
   *
   * The model that the agent is to use.
   *
   * Since: 0.1
   */
  properties[PROP_MODEL] =
    g_param_spec_string ("model", NULL, NULL,
                         NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:agent-env:
   *
   * Variables for the agent as `NAME=VALUE`, or `NULL`. Commands do not see them.
   *
   * Since: 0.1
   */
  properties[PROP_AGENT_ENV] =
    g_param_spec_boxed ("agent-env", NULL, NULL,
                        G_TYPE_STRV,
                        (G_PARAM_READWRITE |
                         G_PARAM_CONSTRUCT_ONLY |
                         G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:output-format-json-schema-str:
   *
   * The text of a JSON document that says what the result must look like, or `NULL`.
   *
   * Since: 0.1
   */
  properties[PROP_OUTPUT_FORMAT_JSON_SCHEMA_STR] =
    g_param_spec_string ("output-format-json-schema-str", NULL, NULL,
                         NULL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:pre-commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run before the agent.
   *
   * Since: 0.1
   */
  properties[PROP_PRE_COMMANDS] =
    g_param_spec_boxed ("pre-commands", NULL, NULL,
                        G_TYPE_PTR_ARRAY,
                        (G_PARAM_READWRITE |
                         G_PARAM_CONSTRUCT_ONLY |
                         G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:post-commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run after the agent.
   *
   * Since: 0.1
   */
  properties[PROP_POST_COMMANDS] =
    g_param_spec_boxed ("post-commands", NULL, NULL,
                        G_TYPE_PTR_ARRAY,
                        (G_PARAM_READWRITE |
                         G_PARAM_CONSTRUCT_ONLY |
                         G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseInvocationMessage:stream-deltas:
   *
   * Whether the client wants to know what the agent says before a message of it is complete, see
   * [class@RuntimeUse.AssistantDeltaMessage].
   *
   * Since: 0.1
   */
  properties[PROP_STREAM_DELTAS] =
    g_param_spec_boolean ("stream-deltas", NULL, NULL,
                          FALSE,
                          (G_PARAM_READWRITE |
                           G_PARAM_CONSTRUCT_ONLY |
                           G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
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
