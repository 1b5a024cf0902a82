/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-agent.h"

#define DEFAULT_AGENT "openai"

/* Makes the agent that --agent and --handler choose, or without either the default one. A handler
 * of one's own counts more than a name.
 */
RuntimeUseAgentHandler *
ruc_agent_new (const char  *name,
               const char  *path,
               GError     **error)
{
  if (path != NULL)
    return RUNTIME_USE_AGENT_HANDLER (runtime_use_hosted_handler_new (path));

  return runtime_use_agent_handler_new_for_name (name != NULL ? name : DEFAULT_AGENT, error);
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
