/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-built-in-agents-private.h"

#include "runtime-use-claude-handler.h"
#include "runtime-use-echo-handler.h"
#include "runtime-use-openai-handler.h"
#include "runtime-use-shell-handler.h"

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

char *
_runtime_use_built_in_agents_dup_names (void)
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

  names = _runtime_use_built_in_agents_dup_names ();
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNKNOWN_AGENT,
               "unknown agent \"%s\". Choose one of: %s", name, names);

  return NULL;
}
