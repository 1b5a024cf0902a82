/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-agent.h"

#include "ruc-limits.h"

#include <glib/gi18n.h>

static const RudConfigValue *
lookup (RudConfig  *config,
        const char *name)
{
  return rud_config_lookup (config, RUD_CONFIG_MAIN, name);
}

static void
set_openai_api (GObject    *agent,
                const char *nick)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (RUNTIME_USE_TYPE_OPENAI_API);
  GEnumValue *value = g_enum_get_value_by_nick (klass, nick);

  g_assert (value != NULL);

  g_object_set (agent, "api", value->value, NULL);
}

/* What is said about another agent in a file or the environment waits there for that one; an option
 * is for the agent that is chosen now.
 */
static gboolean
check_foreign (RudConfig   *config,
               const char  *key,
               const char  *agent,
               GError     **error)
{
  const RudConfigValue *value = lookup (config, key);

  if (value->source != RUD_CONFIG_OPTION)
    return TRUE;

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("%s is of no use to the agent \"%s\""), value->where, agent);

  return FALSE;
}

static gboolean
configure (RudConfig   *config,
           GObject     *agent,
           const char  *name,
           GError     **error)
{
  if (RUNTIME_USE_IS_OPENAI_HANDLER (agent))
    {
      set_openai_api (agent, rud_config_get_string (config, "openai-api"));
      g_object_set (agent,
                    "keys-for-tools", rud_config_get_boolean (config, "keys-for-tools"),
                    NULL);
    }
  else if (!check_foreign (config, "openai-api", name, error) ||
           !check_foreign (config, "keys-for-tools", name, error))
    {
      return FALSE;
    }

  return ruc_limits_apply_to_agent (config, agent, name, error);
}

static RuntimeUseAgentHandler *
make_for_name (const RudConfigValue  *value,
               GError               **error)
{
  RuntimeUseAgentHandler *agent = runtime_use_agent_handler_new_for_name (value->text, error);

  if (agent == NULL && value->where != NULL)
    g_prefix_error (error, "%s: ", value->where);

  return agent;
}

/* Makes the agent that the keys agent and handler choose, or without either the default one. A
 * handler of one's own counts more than a name.
 */
RuntimeUseAgentHandler *
ruc_agent_new (RudConfig  *config,
               GError    **error)
{
  const char *handler = rud_config_get_string (config, "handler");
  const char *name = handler != NULL ? handler : rud_config_get_string (config, "agent");
  g_autoptr(RuntimeUseAgentHandler) agent = NULL;

  if (handler != NULL)
    agent = RUNTIME_USE_AGENT_HANDLER (runtime_use_hosted_handler_new (handler));
  else
    agent = make_for_name (lookup (config, "agent"), error);

  if (agent == NULL || !configure (config, G_OBJECT (agent), name, error))
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
