/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-agent-handler.h"

/**
 * RuntimeUseAgentHandler:
 *
 * Something that answers invocations: an agent.
 *
 * The one virtual function, [vfunc@RuntimeUse.AgentHandler.run], returns at
 * once. The handler keeps the [class@RuntimeUse.Invocation] that it was given
 * and completes it later, exactly once, from the main context. This form can
 * be implemented in every language that has bindings.
 *
 * One handler serves all sessions of a server, and several invocations may be
 * in progress at the same time.
 *
 * Since: 0.1
 */

G_DEFINE_INTERFACE (RuntimeUseAgentHandler, runtime_use_agent_handler, G_TYPE_OBJECT)

static void
runtime_use_agent_handler_default_init (RuntimeUseAgentHandlerInterface *iface)
{
}

/**
 * runtime_use_agent_handler_run:
 * @self: a handler
 * @invocation: what is asked for
 * @error: return location for an error, or `NULL`
 *
 * Asks @self to take on @invocation.
 *
 * Returns: `TRUE` if @self completes @invocation, now or later; `FALSE`
 *   otherwise, with @error set if @self said why
 *
 * Since: 0.1
 */
gboolean
runtime_use_agent_handler_run (RuntimeUseAgentHandler  *self,
                               RuntimeUseInvocation    *invocation,
                               GError                 **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_AGENT_HANDLER (self), FALSE);
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (invocation), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return RUNTIME_USE_AGENT_HANDLER_GET_IFACE (self)->run (self, invocation, error);
}

/**
 * runtime_use_agent_handler_dup_secrets:
 * @self: a handler
 * @env: (nullable) (array zero-terminated=1): variables of a request, as `NAME=VALUE`
 *
 * Asks @self what must not appear in anything that is said about a request.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): secrets, or `NULL` if there are
 *   none
 *
 * Since: 0.1
 */
char **
runtime_use_agent_handler_dup_secrets (RuntimeUseAgentHandler *self,
                                       const char * const     *env)
{
  RuntimeUseAgentHandlerInterface *iface;

  g_return_val_if_fail (RUNTIME_USE_IS_AGENT_HANDLER (self), NULL);

  iface = RUNTIME_USE_AGENT_HANDLER_GET_IFACE (self);

  return iface->dup_secrets != NULL ? iface->dup_secrets (self, env) : NULL;
}
