/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-program-private.h"

#include "runtime-use-error.h"

#include <string.h>
#include <unistd.h>

#define PROGRAM "claude"

/* What the shell adds, so that nothing of it is seen in the program's arguments: it is spoken to
 * on descriptor 3 and heard on descriptor 4, which become its standard input and output. */
#define REDIRECTIONS " <&3 >&4 3<&- 4>&-"

static const char * const secret_names[] = {
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_FOUNDRY_API_KEY",
  "AWS_BEARER_TOKEN_BEDROCK",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN",
};

/* No traffic but that with the model, no change of the program while it runs, and the name by which
 * the service knows programs that are driven by others. Who sets these means it. */
static const char * const default_env[] = {
  "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
  "DISABLE_TELEMETRY=1",
  "DISABLE_ERROR_REPORTING=1",
  "DISABLE_AUTOUPDATER=1",
  "CLAUDE_CODE_ENTRYPOINT=sdk-ts",
};

static const char *
find_value (const char * const *env,
            const char         *name)
{
  gsize length = strlen (name);
  const char *value = NULL;

  for (gsize i = 0; env != NULL && env[i] != NULL; i++)
    if (strncmp (env[i], name, length) == 0 && env[i][length] == '=')
      value = env[i] + length + 1;

  return value;
}

static const char *
get_value (const char * const *env,
           const char         *name)
{
  const char *value = find_value (env, name);

  return value != NULL ? value : g_getenv (name);
}

static gboolean
is_program (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) && access (path, X_OK) == 0;
}

/* In folders with an absolute path only: programs do not lie in the directory of this process. */
static char *
find_program (const char  *path,
              GError     **error)
{
  g_auto(GStrv) folders = g_strsplit (path != NULL ? path : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (gsize i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *candidate = g_build_filename (folders[i], PROGRAM, NULL);

      if (g_path_is_absolute (folders[i]) && is_program (candidate))
        return g_steal_pointer (&candidate);
    }

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
               "the agent \"claude\" needs the program claude, which is not in PATH (%s). Install "
               "it with: npm install -g @anthropic-ai/claude-code",
               path != NULL ? path : "not set");

  return NULL;
}

static gboolean
is_true (const char *value)
{
  return value != NULL && value[0] != '\0' && strcmp (value, "0") != 0 &&
         g_ascii_strcasecmp (value, "false") != 0;
}

/* The program itself says so too, but not what to do here. */
static gboolean
check_user (const char * const  *env,
            GError             **error)
{
  if (geteuid () != 0 || g_strcmp0 (get_value (env, "IS_SANDBOX"), "1") == 0 ||
      is_true (get_value (env, "CLAUDE_CODE_BUBBLEWRAP")))
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                       "claude refuses to use its tools without asking as root. Run the server as "
                       "another user, or, if root can do no harm here because this is a container "
                       "or a virtual machine, set IS_SANDBOX=1 in the environment of the server or "
                       "in agent_env");

  return FALSE;
}

static void
append_word (GString    *line,
             const char *word)
{
  g_autofree char *quoted = g_shell_quote (word);

  g_string_append_c (line, ' ');
  g_string_append (line, quoted);
}

/* Arguments are seen by everybody on the machine, so prompts, schemas and keys are none. */
static char *
make_line (const char                    *path,
           const RuntimeUseClaudeOptions *options)
{
  GString *line = g_string_new ("exec");

  append_word (line, path);
  g_string_append (line, " --output-format stream-json --verbose --input-format stream-json"
                   " --tools default --setting-sources ''"
                   " --permission-mode bypassPermissions --allow-dangerously-skip-permissions");
  if (options->model[0] != '\0')
    {
      g_autofree char *model = g_strconcat ("--model=", options->model, NULL);

      append_word (line, model);
    }
  if (options->max_turns > 0)
    g_string_append_printf (line, " --max-turns %u", options->max_turns);
  if (options->streams_deltas)
    g_string_append (line, " --include-partial-messages");
  g_string_append (line, REDIRECTIONS);

  return g_string_free (line, FALSE);
}

static void
add_default (GStrvBuilder       *variables,
             const char * const *env,
             const char         *variable)
{
  g_autofree char *name = g_strndup (variable, strcspn (variable, "="));

  if (get_value (env, name) == NULL)
    g_strv_builder_add (variables, variable);
}

static char **
make_env (const RuntimeUseClaudeOptions *options,
          const char * const            *env)
{
  g_autoptr(GStrvBuilder) variables = g_strv_builder_new ();
  g_autofree char *retries = g_strdup_printf ("CLAUDE_CODE_MAX_RETRIES=%u", options->max_retries);

  for (gsize i = 0; env != NULL && env[i] != NULL; i++)
    g_strv_builder_add (variables, env[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (default_env); i++)
    add_default (variables, env, default_env[i]);
  add_default (variables, env, retries);

  return g_strv_builder_end (variables);
}

RuntimeUseCommand *
_runtime_use_claude_program_find (const RuntimeUseClaudeOptions  *options,
                                  const char * const             *env,
                                  char                          **path,
                                  GError                        **error)
{
  g_auto(GStrv) variables = NULL;
  g_autofree char *program = NULL;
  g_autofree char *line = NULL;

  program = find_program (get_value (env, "PATH"), error);
  if (program == NULL || !check_user (env, error))
    return NULL;

  line = make_line (program, options);
  variables = make_env (options, env);
  *path = g_steal_pointer (&program);

  return runtime_use_command_new (line, NULL, (const char * const *) variables);
}

char **
_runtime_use_claude_program_dup_secrets (const char * const *env)
{
  g_autoptr(GStrvBuilder) secrets = g_strv_builder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (secret_names); i++)
    {
      const char *values[] = { g_getenv (secret_names[i]), find_value (env, secret_names[i]) };

      for (gsize j = 0; j < G_N_ELEMENTS (values); j++)
        if (values[j] != NULL && values[j][0] != '\0')
          g_strv_builder_add (secrets, values[j]);
    }

  return g_strv_builder_end (secrets);
}
