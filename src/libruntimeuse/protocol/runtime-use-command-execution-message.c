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

typedef enum
{
  PROP_COMMANDS = 1,
} RuntimeUseCommandExecutionMessageProperty;

static GParamSpec *properties[PROP_COMMANDS + 1];

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("source_id"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, source_id),
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
    RUNTIME_USE_FIELD_NAME ("commands"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .flags = (RUNTIME_USE_FIELD_REQUIRED |
              RUNTIME_USE_FIELD_ALWAYS),
    .offset = G_STRUCT_OFFSET (RuntimeUseCommandExecutionMessage, commands),
    .max_items = RUNTIME_USE_LIMIT_COMMANDS,
    .codec = &_runtime_use_command_codec,
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
    RUNTIME_USE_FIELD_NAME ("pre_execution_downloadables"),
    .kind = RUNTIME_USE_FIELD_LIST,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, downloadables),
    .max_items = RUNTIME_USE_LIMIT_DOWNLOADABLES,
    .codec = &_runtime_use_downloadable_codec,
  },
  {
    RUNTIME_USE_FIELD_NAME ("report_progress"),
    .kind = RUNTIME_USE_FIELD_BOOLEAN,
    .flags = RUNTIME_USE_FIELD_SHARED,
    .offset = G_STRUCT_OFFSET (RuntimeUseRequestMessagePrivate, report_progress),
  },
};

const RuntimeUseCodec _runtime_use_command_execution_message_codec = {
  .get_type = runtime_use_command_execution_message_get_type,
  .message_type = "command_execution_message",
  RUNTIME_USE_FIELDS (fields),
  .check = _runtime_use_request_message_check,
};

static void
runtime_use_command_execution_message_get_property (GObject    *object,
                                                    guint       prop_id,
                                                    GValue     *value,
                                                    GParamSpec *pspec)
{
  RuntimeUseCommandExecutionMessage *self = RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (object);

  switch ((RuntimeUseCommandExecutionMessageProperty) prop_id)
    {
    case PROP_COMMANDS:
      g_value_set_boxed (value, self->commands);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_command_execution_message_set_property (GObject      *object,
                                                    guint         prop_id,
                                                    const GValue *value,
                                                    GParamSpec   *pspec)
{
  RuntimeUseCommandExecutionMessage *self = RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (object);

  switch ((RuntimeUseCommandExecutionMessageProperty) prop_id)
    {
    case PROP_COMMANDS:
      self->commands = _runtime_use_dup_list (g_value_get_boxed (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_command_execution_message_class_init (RuntimeUseCommandExecutionMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = runtime_use_command_execution_message_get_property;
  object_class->set_property = runtime_use_command_execution_message_set_property;

  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_command_execution_message_codec);

  /**
   * RuntimeUseCommandExecutionMessage:commands: (type GPtrArray(RuntimeUseCommand))
   *
   * What is to be run, one after the other.
   *
   * Since: 0.1
   */
  properties[PROP_COMMANDS] =
    g_param_spec_boxed ("commands", NULL, NULL,
                        G_TYPE_PTR_ARRAY,
                        (G_PARAM_READWRITE |
                         G_PARAM_CONSTRUCT_ONLY |
                         G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
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
