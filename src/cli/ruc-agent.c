/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-agent.h"

#include "ruc-limits.h"

#include <glib/gi18n.h>

#define DEFAULT_AGENT "openai"

/* Properties of agents that --agent-limit sets. */
static const char * const limit_names[] = {
  "connect-timeout",
  "idle-timeout",
  "max-conversation-size",
  "max-line-size",
  "max-retries",
  "max-tool-output",
  "max-turns",
  "tool-timeout",
  NULL
};

void
ruc_agent_options_clear (RucAgentOptions *self)
{
  g_free (self->name);
  g_free (self->handler);
  g_free (self->openai_api);
  g_strfreev (self->limits);
}

char *
ruc_agent_dup_limits (void)
{
  return g_strjoinv (", ", (char **) limit_names);
}

static gboolean
set_openai_api (GObject     *agent,
                const char  *nick,
                GError     **error)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (RUNTIME_USE_TYPE_OPENAI_API);
  GEnumValue *value = g_enum_get_value_by_nick (klass, nick);

  if (value == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("--openai-api must be auto, responses or chat, not \"%s\""), nick);
      return FALSE;
    }

  g_object_set (agent, "api", value->value, NULL);

  return TRUE;
}

static gboolean
fail_foreign (const char  *option,
              const char  *agent,
              GError     **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("%s is of no use to the agent \"%s\""), option, agent);

  return FALSE;
}

static gboolean
configure (const RucAgentOptions  *options,
           GObject                *agent,
           const char             *name,
           GError                **error)
{
  gboolean is_openai = RUNTIME_USE_IS_OPENAI_HANDLER (agent);

  if (options->openai_api != NULL && !is_openai)
    return fail_foreign ("--openai-api", name, error);
  if (options->keys_for_tools && !is_openai)
    return fail_foreign ("--keys-for-tools", name, error);

  if (options->openai_api != NULL && !set_openai_api (agent, options->openai_api, error))
    return FALSE;
  if (options->keys_for_tools)
    g_object_set (agent, "keys-for-tools", TRUE, NULL);

  return ruc_limits_apply (agent, "--agent-limit", limit_names, options->limits, error);
}

/* Makes the agent that --agent and --handler choose, or without either the default one. A handler
 * of one's own counts more than a name.
 */
RuntimeUseAgentHandler *
ruc_agent_new (const RucAgentOptions  *options,
               GError                **error)
{
  const char *name = options->name != NULL ? options->name : DEFAULT_AGENT;
  g_autoptr(RuntimeUseAgentHandler) agent = NULL;

  if (options->handler != NULL)
    {
      name = options->handler;
      agent = RUNTIME_USE_AGENT_HANDLER (runtime_use_hosted_handler_new (options->handler));
    }
  else
    {
      agent = runtime_use_agent_handler_new_for_name (name, error);
    }

  if (agent == NULL || !configure (options, G_OBJECT (agent), name, error))
    return NULL;

  return g_steal_pointer (&agent);
}

/* What is built in has nothing to prepare and nothing to stop. */
static void
return_at_once (RuntimeUseAgentHandler *self,
                GAsyncReadyCallback     callback,
                gpointer                user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, return_at_once);
  g_task_return_boolean (task, TRUE);
}

/* Loads the file of an agent that is in one. */
void
ruc_agent_prepare_async (RuntimeUseAgentHandler *self,
                         GCancellable           *cancellable,
                         GAsyncReadyCallback     callback,
                         gpointer                user_data)
{
  if (RUNTIME_USE_IS_HOSTED_HANDLER (self))
    runtime_use_hosted_handler_prepare_async (RUNTIME_USE_HOSTED_HANDLER (self), cancellable,
                                              callback, user_data);
  else
    return_at_once (self, callback, user_data);
}

gboolean
ruc_agent_prepare_finish (RuntimeUseAgentHandler  *self,
                          GAsyncResult            *result,
                          GError                 **error)
{
  if (RUNTIME_USE_IS_HOSTED_HANDLER (self))
    return runtime_use_hosted_handler_prepare_finish (RUNTIME_USE_HOSTED_HANDLER (self), result,
                                                      error);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Ends the processes of an agent; there is nothing to do about it if that fails. */
void
ruc_agent_stop_async (RuntimeUseAgentHandler *self,
                      GAsyncReadyCallback     callback,
                      gpointer                user_data)
{
  if (RUNTIME_USE_IS_HOSTED_HANDLER (self))
    runtime_use_hosted_handler_stop_async (RUNTIME_USE_HOSTED_HANDLER (self), NULL, callback,
                                           user_data);
  else
    return_at_once (self, callback, user_data);
}
