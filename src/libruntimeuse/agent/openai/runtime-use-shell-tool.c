/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-shell-tool-private.h"

#include <string.h>

#include "runtime-use-command-handler-private.h"
#include "runtime-use-error.h"
#include "runtime-use-invocation-private.h"

/* Longer than any command may take that a model waits for. */
#define MAX_TIMEOUT (24 * 60 * 60 * 1000)

/* The exit status of a shell that finds no program. */
#define EXIT_NOT_STARTED 127

typedef struct
{
  RuntimeUseInvocation     *invocation;
  char                    **commands;
  char                    **environ;
  guint                     timeout_ms;
  gsize                     max_output;
  guint                     index;        /* of the next command */
  GPtrArray                *outputs;      /* RuntimeUseShellOutput */
  gulong                    drained_id;

  /* Of the command at work. */
  RuntimeUseCommandHandler *command;      /* (nullable) */
  char                     *name;         /* as the client is told it */
  GCancellable             *inner;
  GSource                  *timer;        /* (nullable) */
} ShellRun;

static void start_next (GTask *task);

static void
end_command (ShellRun *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  if (self->command != NULL)
    {
      _runtime_use_command_handler_set_sink (self->command, NULL, NULL);
      _runtime_use_invocation_show_command (self->invocation, NULL);
    }
  g_clear_object (&self->command);
  g_clear_object (&self->inner);
  g_clear_pointer (&self->name, g_free);
}

static void
shell_run_free (gpointer data)
{
  ShellRun *self = data;

  end_command (self);
  g_clear_signal_handler (&self->drained_id, self->invocation);
  g_object_unref (self->invocation);
  g_clear_pointer (&self->outputs, g_ptr_array_unref);
  g_strfreev (self->commands);
  g_strfreev (self->environ);
  g_free (self);
}

static void
drained_cb (RuntimeUseInvocation *invocation,
            ShellRun             *self)
{
  if (self->command != NULL)
    runtime_use_command_handler_set_paused (self->command, FALSE);
}

static RuntimeUseShellOutput *
get_output (ShellRun *self)
{
  return g_ptr_array_index (self->outputs, self->outputs->len - 1);
}

static void
output_cb (RuntimeUseCommandHandler *command,
           RuntimeUseOutputStream    stream,
           const char               *text,
           gsize                     length,
           gpointer                  user_data)
{
  ShellRun *self = user_data;
  RuntimeUseShellOutput *output = get_output (self);

  _runtime_use_output_capture_append (stream == RUNTIME_USE_OUTPUT_STREAM_STDERR ? output->err
                                                                                 : output->out,
                                      text, length);
  _runtime_use_invocation_send_output (self->invocation, self->name, stream, text, length);
  if (runtime_use_invocation_is_full (self->invocation))
    runtime_use_command_handler_set_paused (command, TRUE);
}

static gboolean
timeout_cb (gpointer user_data)
{
  ShellRun *self = user_data;

  get_output (self)->is_late = TRUE;
  g_cancellable_cancel (self->inner);

  return G_SOURCE_REMOVE;
}

static int
get_exit_code (ShellRun *self,
               int       status)
{
  int number = _runtime_use_command_handler_get_term_signal (self->command);

  return number != 0 ? 128 + number : status;
}

/* The model hears of a command that cannot be run, and may find another way. */
static void
take_error (ShellRun *self,
            GError   *error)
{
  RuntimeUseShellOutput *output = get_output (self);

  /* The limit of the session may be shorter than ours. */
  if (g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT))
    output->is_late = TRUE;
  if (output->is_late)
    return;

  output->exit_code = EXIT_NOT_STARTED;
  _runtime_use_output_capture_append (output->err, error->message, strlen (error->message));
}

static void
command_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  ShellRun *self = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  int status = runtime_use_command_handler_run_finish (self->command, result, &error);

  if (error != NULL)
    take_error (self, error);
  else
    {
      get_output (self)->exit_code = get_exit_code (self, status);
      _runtime_use_invocation_adopt (self->invocation, self->command);
    }

  end_command (self);
  start_next (task);
}

static void
outer_cancelled_cb (GCancellable *cancellable,
                    GCancellable *inner)
{
  g_cancellable_cancel (inner);
}

static void
start_command (GTask      *task,
               const char *text)
{
  ShellRun *self = g_task_get_task_data (task);
  g_autoptr(RuntimeUseCommand) command =
    runtime_use_command_new (text, NULL, _runtime_use_invocation_get_env_strv (self->invocation));
  GCancellable *outer = g_task_get_cancellable (task);

  g_ptr_array_add (self->outputs, _runtime_use_shell_output_new (self->max_output));
  self->inner = g_cancellable_new ();
  if (outer != NULL)
    g_signal_connect_object (outer, "cancelled", G_CALLBACK (outer_cancelled_cb), self->inner, 0);

  self->name = _runtime_use_invocation_name_command (self->invocation, text);
  self->command = runtime_use_command_handler_new (command);
  runtime_use_command_handler_set_environ (self->command, (const char * const *) self->environ);
  _runtime_use_invocation_limit_command (self->invocation, self->command);
  _runtime_use_command_handler_set_sink (self->command, output_cb, self);
  if (runtime_use_invocation_is_full (self->invocation))
    runtime_use_command_handler_set_paused (self->command, TRUE);

  self->timer = g_timeout_source_new (self->timeout_ms);
  g_source_set_callback (self->timer, timeout_cb, self, NULL);
  g_source_set_static_name (self->timer, "RuntimeUseShellTool");
  g_source_attach (self->timer, g_task_get_context (task));
  runtime_use_command_handler_run_async (self->command, self->inner, command_cb, task);
  _runtime_use_invocation_show_command (self->invocation, text);
}

/* Takes @task with the last one. */
static void
start_next (GTask *task)
{
  ShellRun *self = g_task_get_task_data (task);
  const char *text = self->commands[self->index];

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)) || text == NULL)
    {
      g_task_return_pointer (task, g_steal_pointer (&self->outputs),
                             (GDestroyNotify) g_ptr_array_unref);
      g_object_unref (task);
      return;
    }

  self->index++;
  start_command (task, text);
}

/* A command gets what the server has, but for the key of the agent; what the request says about
 * variables, the key included, is laid over that. */
static char **
make_environ (const char *hidden)
{
  char **variables = g_get_environ ();

  return hidden != NULL ? g_environ_unsetenv (variables, hidden) : variables;
}

void
_runtime_use_shell_tool_run_async (RuntimeUseInvocation              *invocation,
                                   const RuntimeUseShellCall         *call,
                                   const RuntimeUseShellToolSettings *settings,
                                   GCancellable                      *cancellable,
                                   GAsyncReadyCallback                callback,
                                   gpointer                           user_data)
{
  ShellRun *self = g_new0 (ShellRun, 1);
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, _runtime_use_shell_tool_run_async);
  g_task_set_task_data (task, self, shell_run_free);
  self->invocation = g_object_ref (invocation);
  self->commands = g_strdupv (call->commands);
  self->environ = make_environ (settings->hidden);
  self->timeout_ms = call->timeout_ms > 0 ? (guint) MIN (call->timeout_ms, MAX_TIMEOUT)
                                          : settings->timeout_ms;
  self->max_output = settings->max_output;
  if (call->max_output_length >= 0)
    self->max_output = MIN ((guint64) call->max_output_length, self->max_output);
  self->outputs =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_shell_output_free);
  self->drained_id = g_signal_connect (invocation, "drained", G_CALLBACK (drained_cb), self);
  start_next (task);
}

GPtrArray *
_runtime_use_shell_tool_run_finish (GAsyncResult  *result,
                                    GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
