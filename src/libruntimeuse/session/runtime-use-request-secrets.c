/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-request-secrets-private.h"

#include "runtime-use-command-execution-message.h"
#include "runtime-use-command.h"
#include "runtime-use-invocation-message.h"

#include <string.h>

/* The secrets of a request are those that it names, those that the names of its
 * environment variables give away, and those that the agent has.
 */

static gboolean
names_a_secret (const char *name,
                gsize       length)
{
  static const char * const marks[] = {
    "KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL",
  };
  g_autofree char *upper = g_ascii_strup (name, length);

  for (size_t i = 0; i < G_N_ELEMENTS (marks); i++)
    if (strstr (upper, marks[i]) != NULL)
      return TRUE;

  return FALSE;
}

static void
add_secrets_of_env (GPtrArray           *secrets,
                    const char * const  *env,
                    RuntimeUseRedactEnv  redact_env)
{
  const gsize shortest_value = 6;

  for (size_t i = 0; env != NULL && env[i] != NULL; i++)
    {
      const char *equals = strchr (env[i], '=');

      if (redact_env == RUNTIME_USE_REDACT_ENV_ALL ||
          (g_utf8_strlen (equals + 1, -1) >= (glong) shortest_value &&
           names_a_secret (env[i], equals - env[i])))
        g_ptr_array_add (secrets, (gpointer) (equals + 1));
    }
}

static void
add_secrets_of_commands (GPtrArray           *secrets,
                         GPtrArray           *commands,
                         RuntimeUseRedactEnv  redact_env)
{
  for (guint i = 0; i < commands->len; i++)
    {
      RuntimeUseCommand *command = g_ptr_array_index (commands, i);

      add_secrets_of_env (secrets, runtime_use_command_get_env (command), redact_env);
    }
}

/* Also when no agent is asked: a command may find them where the agent does. */
static char **
dup_secrets_of_agent (RuntimeUseRequestMessage *message,
                      RuntimeUseAgentHandler   *handler)
{
  const char * const *env = NULL;

  if (RUNTIME_USE_IS_INVOCATION_MESSAGE (message))
    env = runtime_use_invocation_message_get_agent_env (RUNTIME_USE_INVOCATION_MESSAGE (message));

  return handler != NULL ? runtime_use_agent_handler_dup_secrets (handler, env) : NULL;
}

RuntimeUseRedactor *
_runtime_use_request_secrets_redactor (RuntimeUseRequestMessage *message,
                                       RuntimeUseAgentHandler   *handler,
                                       RuntimeUseRedactEnv       redact_env)
{
  g_autoptr(GPtrArray) secrets = g_ptr_array_new ();
  g_auto(GStrv) of_agent = dup_secrets_of_agent (message, handler);
  const char * const *named = runtime_use_request_message_get_secrets_to_redact (message);

  for (size_t i = 0; named[i] != NULL; i++)
    g_ptr_array_add (secrets, (gpointer) named[i]);
  for (size_t i = 0; of_agent != NULL && of_agent[i] != NULL; i++)
    g_ptr_array_add (secrets, of_agent[i]);

  if (redact_env != RUNTIME_USE_REDACT_ENV_NONE && RUNTIME_USE_IS_INVOCATION_MESSAGE (message))
    {
      RuntimeUseInvocationMessage *invocation = RUNTIME_USE_INVOCATION_MESSAGE (message);

      add_secrets_of_env (secrets, runtime_use_invocation_message_get_agent_env (invocation),
                          redact_env);
      add_secrets_of_commands (secrets,
                               runtime_use_invocation_message_get_pre_commands (invocation),
                               redact_env);
      add_secrets_of_commands (secrets,
                               runtime_use_invocation_message_get_post_commands (invocation),
                               redact_env);
    }
  else if (redact_env != RUNTIME_USE_REDACT_ENV_NONE)
    {
      RuntimeUseCommandExecutionMessage *execution;

      execution = RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (message);
      add_secrets_of_commands (secrets,
                               runtime_use_command_execution_message_get_commands (execution),
                               redact_env);
    }

  g_ptr_array_add (secrets, NULL);

  return runtime_use_redactor_new ((const char * const *) secrets->pdata);
}
