/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-shell-handler.h"

#include "runtime-use-command-handler-private.h"
#include "runtime-use-invocation-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-line-splitter-private.h"
#include "runtime-use-source-private.h"

/* A longer line is shown in pieces of this size. */
#define LINE_LIMIT (64 * 1024)

/* So many lines are sent before others get their turn. */
#define LINE_BURST 256

/* So much of standard error is quoted when a script fails. */
#define STDERR_TAIL 4096

/**
 * RuntimeUseShellHandler:
 *
 * An agent whose prompt is a script for `/bin/sh`.
 *
 * Each line that the script prints becomes an assistant message. The result is
 * all that it printed, or, when structured output is asked for, the JSON object
 * that it printed. A script that ends with a status other than 0 fails, with
 * the end of its standard error in the error's text.
 *
 * Since: 0.1
 */

struct _RuntimeUseShellHandler
{
  GObject parent_instance;
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseShellHandler, runtime_use_shell_handler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

/* One script at work. */
typedef struct
{
  RuntimeUseInvocation     *invocation;
  RuntimeUseCommandHandler *command;
  GString                  *output;
  gsize                     output_length;   /* also what was too much to keep */
  GString                  *error_tail;

  RuntimeUseLineSplitter    lines;
  GQueue                    unsent;          /* char *: lines that wait for their turn */
  GSource                  *sender;          /* (nullable): sends them; not needed yet */
  gulong                    drained_id;

  gboolean                  ended;
  int                       status;
  GError                   *error;           /* (nullable) */
} ShellRun;

static void
shell_run_free (ShellRun *run)
{
  _runtime_use_command_handler_set_sink (run->command, NULL, NULL);
  g_clear_signal_handler (&run->drained_id, run->invocation);
  _runtime_use_clear_source (&run->sender);
  g_queue_clear_full (&run->unsent, g_free);
  _runtime_use_line_splitter_clear (&run->lines);
  g_clear_error (&run->error);
  g_string_free (run->output, TRUE);
  g_string_free (run->error_tail, TRUE);
  g_object_unref (run->command);
  g_object_unref (run->invocation);
  g_free (run);
}

static void
shell_run_line_cb (const char *line,
                   gpointer    user_data)
{
  ShellRun *run = user_data;

  g_queue_push_tail (&run->unsent, g_strdup (line));
}

static void
shell_run_keep_output (ShellRun   *run,
                       const char *text,
                       gsize       length)
{
  run->output_length += length;
  if (run->output_length <= RUNTIME_USE_LIMIT_OUTGOING_MESSAGE)
    _runtime_use_append_without_nul (run->output, text, length);
}

static void
shell_run_keep_error (ShellRun   *run,
                      const char *text,
                      gsize       length)
{
  gsize excess;

  _runtime_use_append_without_nul (run->error_tail, text, length);
  if (run->error_tail->len <= STDERR_TAIL)
    return;

  excess = run->error_tail->len - STDERR_TAIL;
  while (excess < run->error_tail->len && ((guchar) run->error_tail->str[excess] & 0xc0) == 0x80)
    excess++;
  g_string_erase (run->error_tail, 0, excess);
}

static GError *
shell_run_check (ShellRun *run,
                 int       status)
{
  g_autofree char *tail = g_strndup (run->error_tail->str, run->error_tail->len);

  g_strchomp (tail);

  if (status != 0)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_COMMAND_FAILED,
                        "The script failed with exit code: %d%s%s",
                        status, tail[0] != '\0' ? "\n" : "", tail);

  if (run->output_length > RUNTIME_USE_LIMIT_OUTGOING_MESSAGE)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                        "The script printed %" G_GSIZE_FORMAT " bytes, "
                        "and a result holds no more than %" G_GSIZE_FORMAT,
                        run->output_length, RUNTIME_USE_LIMIT_OUTGOING_MESSAGE);

  return NULL;
}

static void
shell_run_return (ShellRun *run)
{
  if (run->error == NULL)
    run->error = shell_run_check (run, run->status);

  if (run->error != NULL)
    runtime_use_invocation_return_error (run->invocation, run->error);
  else if (runtime_use_invocation_get_output_format (run->invocation) == NULL)
    runtime_use_invocation_return_text (run->invocation, run->output->str, NULL);
  else
    _runtime_use_invocation_return_json (run->invocation, run->output->str);

  shell_run_free (run);
}

static void
shell_run_send_one (ShellRun *run)
{
  g_autofree char *line = g_queue_pop_head (&run->unsent);
  const char *blocks[] = { line, NULL };

  runtime_use_invocation_send_assistant_message (run->invocation, blocks);
}

/* Sends what the client has room for, but lets others have their turn. While
 * lines wait, no more are read. Frees the run with the last line of an ended
 * script.
 */
static void
shell_run_send (ShellRun *run)
{
  gboolean full = FALSE;

  for (guint i = 0; i < LINE_BURST && !full && !g_queue_is_empty (&run->unsent); i++)
    {
      full = runtime_use_invocation_is_full (run->invocation);
      if (!full)
        shell_run_send_one (run);
    }

  if (g_queue_is_empty (&run->unsent) && run->ended)
    {
      shell_run_return (run);
      return;
    }

  g_source_set_ready_time (run->sender, full || g_queue_is_empty (&run->unsent) ? -1 : 0);
  runtime_use_command_handler_set_paused (run->command, !g_queue_is_empty (&run->unsent));
}

static gboolean
shell_run_sender_cb (gpointer user_data)
{
  shell_run_send (user_data);

  return G_SOURCE_CONTINUE;
}

static void
shell_run_drained_cb (RuntimeUseInvocation *invocation,
                      ShellRun             *run)
{
  g_source_set_ready_time (run->sender, 0);
}

static void
shell_run_output_cb (RuntimeUseCommandHandler *command,
                     RuntimeUseOutputStream    stream,
                     const char               *text,
                     gsize                     length,
                     gpointer                  user_data)
{
  ShellRun *run = user_data;

  if (stream == RUNTIME_USE_OUTPUT_STREAM_STDERR)
    {
      shell_run_keep_error (run, text, length);
      return;
    }

  shell_run_keep_output (run, text, length);
  _runtime_use_line_splitter_push (&run->lines, text, length, shell_run_line_cb, run);
  shell_run_send (run);
}

static void
shell_run_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  ShellRun *run = user_data;

  run->ended = TRUE;
  run->status = runtime_use_command_handler_run_finish (run->command, result, &run->error);
  if (run->error == NULL)
    {
      _runtime_use_invocation_adopt (run->invocation, run->command);
      _runtime_use_line_splitter_finish (&run->lines, shell_run_line_cb, run);
    }
  else
    g_queue_clear_full (&run->unsent, g_free);

  shell_run_send (run);
}

static ShellRun *
shell_run_new (RuntimeUseInvocation *invocation,
               RuntimeUseCommand    *script)
{
  ShellRun *run = g_new0 (ShellRun, 1);

  run->invocation = g_object_ref (invocation);
  run->command = runtime_use_command_handler_new (script);
  run->output = g_string_new (NULL);
  run->error_tail = g_string_new (NULL);
  g_queue_init (&run->unsent);
  _runtime_use_line_splitter_init (&run->lines, LINE_LIMIT);

  run->sender = _runtime_use_ready_source_new ("RuntimeUseShellHandler lines",
                                               shell_run_sender_cb, run, NULL);
  g_source_attach (run->sender, g_main_context_get_thread_default ());

  run->drained_id = g_signal_connect (invocation, "drained",
                                      G_CALLBACK (shell_run_drained_cb), run);

  return run;
}

static gboolean
runtime_use_shell_handler_run (RuntimeUseAgentHandler  *handler,
                               RuntimeUseInvocation    *invocation,
                               GError                 **error)
{
  g_autoptr(RuntimeUseCommand) script = NULL;
  const char *prompt = runtime_use_invocation_get_user_prompt (invocation);
  ShellRun *run;

  if (prompt[0] == '\0')
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                           "user_prompt must be a script for the agent \"shell\", "
                           "but it is empty");
      return FALSE;
    }

  script = runtime_use_command_new (prompt, NULL,
                                    _runtime_use_invocation_get_env_strv (invocation));
  run = shell_run_new (invocation, script);

  /* Lines are cut from the stream, so a secret that spans lines can only be
   * found before, where the command is limited.
   */
  _runtime_use_invocation_limit_command (invocation, run->command);
  _runtime_use_command_handler_set_sink (run->command, shell_run_output_cb, run);
  runtime_use_command_handler_run_async (run->command,
                                         runtime_use_invocation_get_cancellable (invocation),
                                         shell_run_cb, run);

  return TRUE;
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = runtime_use_shell_handler_run;
}

static void
runtime_use_shell_handler_class_init (RuntimeUseShellHandlerClass *klass)
{
}

static void
runtime_use_shell_handler_init (RuntimeUseShellHandler *self)
{
}

/**
 * runtime_use_shell_handler_new:
 *
 * Makes an agent whose prompt is a script for `/bin/sh`.
 *
 * Returns: (transfer full) (type RuntimeUse.ShellHandler): a new handler
 *
 * Since: 0.1
 */
RuntimeUseAgentHandler *
runtime_use_shell_handler_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_SHELL_HANDLER, NULL);
}
