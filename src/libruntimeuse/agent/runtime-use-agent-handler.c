/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-agent-handler.h"

#include "runtime-use-absent-handler-private.h"
#include "runtime-use-claude-handler.h"
#include "runtime-use-echo-handler.h"
#include "runtime-use-openai-handler.h"
#include "runtime-use-shell-handler.h"

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

typedef struct
{
  const char *name;
  GType       (* get_type) (void);
} BuiltInAgent;

static const BuiltInAgent built_in_agents[] = {
  { "openai", runtime_use_openai_handler_get_type },
  { "claude", runtime_use_claude_handler_get_type },
  { "shell", runtime_use_shell_handler_get_type },
  { "echo", runtime_use_echo_handler_get_type },
};

static void
runtime_use_agent_handler_default_init (RuntimeUseAgentHandlerInterface *iface)
{
}

char *
_runtime_use_agent_handler_dup_names (void)
{
  GString *names = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (built_in_agents); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", built_in_agents[i].name);

  return g_string_free (names, FALSE);
}

/**
 * runtime_use_agent_handler_new_for_name:
 * @name: the name of a built-in agent
 * @error: return location for an error, or `NULL`
 *
 * Makes the built-in agent called @name.
 *
 * The agents are `openai`, `claude`, `shell` and `echo`.
 *
 * If there is no such agent, `RUNTIME_USE_ERROR_UNKNOWN_AGENT` is returned,
 * and the text names those that are known.
 *
 * Returns: (transfer full): a new handler, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseAgentHandler *
runtime_use_agent_handler_new_for_name (const char  *name,
                                        GError     **error)
{
  g_autofree char *names = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (built_in_agents); i++)
    if (g_str_equal (name, built_in_agents[i].name))
      return g_object_new (built_in_agents[i].get_type (), NULL);

  names = _runtime_use_agent_handler_dup_names ();
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNKNOWN_AGENT,
               "unknown agent \"%s\". Choose one of: %s", name, names);

  return NULL;
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
