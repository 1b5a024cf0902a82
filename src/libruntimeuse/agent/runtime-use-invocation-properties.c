/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-invocation.h"

#include "runtime-use-invocation-private.h"

/*
 * What an agent is asked: the properties of an invocation, and what its message says.
 */

typedef enum
{
  PROP_SYSTEM_PROMPT = 1,
  PROP_USER_PROMPT,
  PROP_OUTPUT_FORMAT,
  PROP_MODEL,
  PROP_SECRETS,
  PROP_CANCELLABLE,
  PROP_LOGGER,
} RuntimeUseInvocationProperty;

static GParamSpec *properties[PROP_LOGGER + 1];

static void
runtime_use_invocation_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  RuntimeUseInvocation *self = RUNTIME_USE_INVOCATION (object);

  switch ((RuntimeUseInvocationProperty) prop_id)
    {
    case PROP_SYSTEM_PROMPT:
      g_value_set_string (value, runtime_use_invocation_get_system_prompt (self));
      break;

    case PROP_USER_PROMPT:
      g_value_set_string (value, runtime_use_invocation_get_user_prompt (self));
      break;

    case PROP_OUTPUT_FORMAT:
      g_value_set_boxed (value, runtime_use_invocation_get_output_format (self));
      break;

    case PROP_MODEL:
      g_value_set_string (value, runtime_use_invocation_get_model (self));
      break;

    case PROP_SECRETS:
      g_value_set_boxed (value, runtime_use_invocation_get_secrets (self));
      break;

    case PROP_CANCELLABLE:
      g_value_set_object (value, runtime_use_invocation_get_cancellable (self));
      break;

    case PROP_LOGGER:
      g_value_set_object (value, runtime_use_invocation_get_logger (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
_runtime_use_invocation_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = runtime_use_invocation_get_property;

  /**
   * RuntimeUseInvocation:system-prompt:
   *
   * What the agent is told about its role.
   *
   * Since: 0.1
   */
  properties[PROP_SYSTEM_PROMPT] = g_param_spec_string ("system-prompt", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseInvocation:user-prompt:
   *
   * What the agent is asked.
   *
   * Since: 0.1
   */
  properties[PROP_USER_PROMPT] = g_param_spec_string ("user-prompt", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseInvocation:output-format:
   *
   * The JSON value that describes the structured output asked for, as the
   * client gave it, or `NULL` when text is asked for.
   *
   * Since: 0.1
   */
  properties[PROP_OUTPUT_FORMAT] =
    g_param_spec_boxed ("output-format", NULL, NULL, JSON_TYPE_NODE, flags);

  /**
   * RuntimeUseInvocation:model:
   *
   * The name of the model to use.
   *
   * Since: 0.1
   */
  properties[PROP_MODEL] = g_param_spec_string ("model", NULL, NULL, NULL, flags);

  /**
   * RuntimeUseInvocation:secrets:
   *
   * The texts that the request names as secrets. What the handler sends is
   * redacted by the session; what it logs by other ways is its own business.
   *
   * Since: 0.1
   */
  properties[PROP_SECRETS] = g_param_spec_boxed ("secrets", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseInvocation:cancellable:
   *
   * Triggered when the handler should end its work early; `NULL` once the
   * invocation was completed.
   *
   * Since: 0.1
   */
  properties[PROP_CANCELLABLE] =
    g_param_spec_object ("cancellable", NULL, NULL, G_TYPE_CANCELLABLE, flags);

  /**
   * RuntimeUseInvocation:logger:
   *
   * Writes log lines that carry the client's name for this request, redacted.
   *
   * Since: 0.1
   */
  properties[PROP_LOGGER] =
    g_param_spec_object ("logger", NULL, NULL, RUNTIME_USE_TYPE_LOGGER, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

/**
 * runtime_use_invocation_get_system_prompt:
 * @self: an invocation
 *
 * Gets what the agent is told about its role.
 *
 * Returns: a text, perhaps empty
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_get_system_prompt (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  return runtime_use_invocation_message_get_system_prompt (
    _runtime_use_invocation_get_message (self));
}

/**
 * runtime_use_invocation_get_user_prompt:
 * @self: an invocation
 *
 * Gets what the agent is asked.
 *
 * Returns: a text, perhaps empty
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_get_user_prompt (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  return runtime_use_invocation_message_get_user_prompt (
    _runtime_use_invocation_get_message (self));
}

/**
 * runtime_use_invocation_get_model:
 * @self: an invocation
 *
 * Gets the name of the model to use.
 *
 * Returns: a name, perhaps empty
 *
 * Since: 0.1
 */
const char *
runtime_use_invocation_get_model (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  return runtime_use_invocation_message_get_model (_runtime_use_invocation_get_message (self));
}

/**
 * runtime_use_invocation_get_secrets:
 * @self: an invocation
 *
 * Gets the texts that the request names as secrets.
 *
 * Returns: (transfer none) (array zero-terminated=1): the secrets, perhaps none
 *
 * Since: 0.1
 */
const char * const *
runtime_use_invocation_get_secrets (RuntimeUseInvocation *self)
{
  RuntimeUseRequestMessage *message;

  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  message = RUNTIME_USE_REQUEST_MESSAGE (_runtime_use_invocation_get_message (self));

  return runtime_use_request_message_get_secrets_to_redact (message);
}

/**
 * runtime_use_invocation_get_stream_deltas:
 * @self: an invocation
 *
 * Gets whether the client wants to know what the agent says before a message
 * of it is complete.
 *
 * Returns: `TRUE` if [method@RuntimeUse.Invocation.send_assistant_delta] is of
 *   any effect
 *
 * Since: 0.1
 */
gboolean
runtime_use_invocation_get_stream_deltas (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), FALSE);

  return runtime_use_invocation_message_get_stream_deltas (
    _runtime_use_invocation_get_message (self));
}

const char * const *
_runtime_use_invocation_get_env_strv (RuntimeUseInvocation *self)
{
  return runtime_use_invocation_message_get_agent_env (_runtime_use_invocation_get_message (self));
}

const char *
_runtime_use_invocation_get_output_format_json (RuntimeUseInvocation *self)
{
  return runtime_use_invocation_message_get_output_format_json_schema_str (
    _runtime_use_invocation_get_message (self));
}
