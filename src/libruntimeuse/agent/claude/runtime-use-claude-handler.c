/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-handler.h"

#include "runtime-use-claude-program-private.h"
#include "runtime-use-claude-run-private.h"
#include "runtime-use-setting-private.h"

/**
 * RuntimeUseClaudeHandler:
 *
 * An agent that is the program `claude` (Claude Code).
 *
 * Each invocation starts the `claude` that is found in the `PATH` of its
 * environment, which is that of this process with the variables of the request
 * laid over it. Prompts and the schema of structured output are written to its
 * standard input and are not seen in its arguments. It uses its tools without
 * asking, and no settings of the user.
 *
 * What the model says becomes assistant messages, and what the commands print
 * that it runs becomes command output messages. The result has the program's
 * account of tokens, cost and turns as metadata.
 *
 * When the invocation is cancelled, the program is asked to interrupt its turn,
 * and after that it is ended, with all that it has started. What it leaves
 * running when it succeeds lives until the session ends.
 *
 * The values of `ANTHROPIC_API_KEY`, `ANTHROPIC_AUTH_TOKEN`,
 * `CLAUDE_CODE_OAUTH_TOKEN`, and of the keys for other providers of the model,
 * are hidden in all that is said about a request.
 *
 * Since: 0.1
 */

struct _RuntimeUseClaudeHandler
{
  GObject     parent_instance;

  guint       idle_timeout;
  guint       max_retries;
  guint       max_turns;
  guint64     max_line_size;
  GHashTable *versions;   /* char *: what the log was told */
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseClaudeHandler, runtime_use_claude_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

enum
{
  PROP_FIRST_SETTING = 1,
};

static const RuntimeUseSetting settings[] = {
  /**
   * RuntimeUseClaudeHandler:idle-timeout:
   *
   * How long the program may write no line, in seconds, until it is ended and
   * the invocation fails. While the client has to catch up, and while a tool of
   * the program is at work, this time does not run; the session limits the time
   * of the whole invocation.
   *
   * The default is 600.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("idle-timeout", RuntimeUseClaudeHandler, idle_timeout,
                              1, G_MAXUINT, 600),

  /**
   * RuntimeUseClaudeHandler:max-retries:
   *
   * How often the program tries again when the service fails. The variable
   * `CLAUDE_CODE_MAX_RETRIES` is stronger.
   *
   * The default is 2.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-retries", RuntimeUseClaudeHandler, max_retries, 0, 1000, 2),

  /**
   * RuntimeUseClaudeHandler:max-turns:
   *
   * How many turns an invocation may take until it fails; 0 for no limit.
   *
   * The default is 0.
   *
   * Since: 0.1
   */
  RUNTIME_USE_NUMBER_SETTING ("max-turns", RuntimeUseClaudeHandler, max_turns, 0, G_MAXINT, 0),

  /**
   * RuntimeUseClaudeHandler:max-line-size:
   *
   * How long one line of the program may be, in bytes. A program that writes a
   * longer one is ended.
   *
   * The default is 64 MiB.
   *
   * Since: 0.1
   */
  RUNTIME_USE_SIZE_SETTING ("max-line-size", RuntimeUseClaudeHandler, max_line_size,
                            1024, 1024 * 1024 * 1024, 64 * 1024 * 1024),
};

static gboolean
runtime_use_claude_handler_run (RuntimeUseAgentHandler  *handler,
                                RuntimeUseInvocation    *invocation,
                                GError                 **error)
{
  RuntimeUseClaudeHandler *self = RUNTIME_USE_CLAUDE_HANDLER (handler);
  const RuntimeUseClaudeSettings run_settings = {
    .idle_timeout = self->idle_timeout,
    .max_retries = self->max_retries,
    .max_turns = self->max_turns,
    .max_line_size = (gsize) self->max_line_size,
    .versions = self->versions,
  };

  return _runtime_use_claude_run (invocation, &run_settings, error);
}

static char **
runtime_use_claude_handler_dup_secrets (RuntimeUseAgentHandler *handler,
                                        const char * const     *env)
{
  return _runtime_use_claude_program_dup_secrets (env);
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_claude_handler_run;
  iface->dup_secrets = runtime_use_claude_handler_dup_secrets;
}

static void
runtime_use_claude_handler_finalize (GObject *object)
{
  RuntimeUseClaudeHandler *self = RUNTIME_USE_CLAUDE_HANDLER (object);

  g_clear_pointer (&self->versions, g_hash_table_unref);

  G_OBJECT_CLASS (runtime_use_claude_handler_parent_class)->finalize (object);
}

static void
runtime_use_claude_handler_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  _runtime_use_setting_get (&settings[prop_id - PROP_FIRST_SETTING], object, value);
}

static void
runtime_use_claude_handler_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  _runtime_use_setting_set (&settings[prop_id - PROP_FIRST_SETTING], object, value);
}

static void
runtime_use_claude_handler_class_init (RuntimeUseClaudeHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_claude_handler_finalize;
  object_class->get_property = runtime_use_claude_handler_get_property;
  object_class->set_property = runtime_use_claude_handler_set_property;
  _runtime_use_settings_install (settings, G_N_ELEMENTS (settings), object_class,
                                 PROP_FIRST_SETTING, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
runtime_use_claude_handler_init (RuntimeUseClaudeHandler *self)
{
  _runtime_use_settings_init (settings, G_N_ELEMENTS (settings), self);
  self->versions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/**
 * runtime_use_claude_handler_new:
 *
 * Makes an agent that is the program `claude`.
 *
 * The program is looked for when the handler is used.
 *
 * Returns: (transfer full) (type RuntimeUse.ClaudeHandler): a new handler
 *
 * Since: 0.1
 */
RuntimeUseAgentHandler *
runtime_use_claude_handler_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_CLAUDE_HANDLER, NULL);
}
