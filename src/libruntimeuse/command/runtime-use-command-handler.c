/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-handler.h"

#include <string.h>

#include "runtime-use-command-handler-private.h"
#include "runtime-use-command-run-private.h"
#include "runtime-use-command-settings-private.h"
#include "runtime-use-job-pool-private.h"

/**
 * RuntimeUseCommandHandler:
 *
 * Runs a command and ends its whole process tree.
 *
 * The command is run once, by `/bin/sh -c` or another
 * [property@RuntimeUse.CommandHandler:shell], in a session of its own, with its standard input at
 * end of file. Output is decoded and redacted as it arrives, and passed on by
 * [signal@RuntimeUse.CommandHandler::output].
 *
 * A command is finished when its shell has ended and both its pipes are closed, so a background
 * process that keeps the output open delays the end. When a command fails, is cancelled or takes
 * too long, all that it has started is ended before this is reported, also processes that left its
 * session and processes that lost their parent: a helper program, which the kernel makes the
 * parent of every orphan of the command, ends what it finds until nothing is left. What a
 * successful command leaves behind lives until [method@RuntimeUse.CommandHandler.end_async], or
 * until the handler is disposed, which kills it.
 *
 * A handler is used in one thread, the one whose thread-default main context it was started in;
 * only the cancellables may be used from others.
 *
 * Since: 0.1
 */
struct _RuntimeUseCommandHandler
{
  GObject                    parent_instance;

  RuntimeUseCommandSettings  settings;
  gboolean                   paused;

  RuntimeUseCommandSink      sink;
  gpointer                   sink_data;
  int                        host_pipes[2]; /* -1: the command is no host */
  gboolean                   keeps_leftovers;

  RuntimeUseCommandRun      *run;           /* from the first try to start it */
  GTask                     *run_task;
  GTask                     *end_task;
  gulong                     cancelled_id;  /* of the cancellable of the task there is */
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandHandler, runtime_use_command_handler, G_TYPE_OBJECT)

enum
{
  SIGNAL_OUTPUT,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
emit_output (RuntimeUseCommandHandler *self,
             RuntimeUseOutputStream    stream,
             const char               *text,
             gsize                     length)
{
  g_autoptr(GString) string = NULL;

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_OUTPUT], 0, FALSE))
    return;

  string = g_string_sized_new (length + 1);
  while (length > 0)
    {
      gsize part = strnlen (text, length);

      g_string_append_len (string, text, (gssize) part);
      /* A string of the type system cannot hold NUL. */
      if (part < length)
        {
          g_string_append (string, "\357\277\275");
          part++;
        }
      text += part;
      length -= part;
    }

  g_signal_emit (self, signals[SIGNAL_OUTPUT], 0, stream, string->str);
}

static void
run_output_cb (RuntimeUseOutputStream  stream,
               const char             *text,
               gsize                   length,
               gpointer                user_data)
{
  RuntimeUseCommandHandler *self = user_data;

  if (self->sink != NULL)
    self->sink (self, stream, text, length, self->sink_data);
  else
    emit_output (self, stream, text, length);
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  _runtime_use_command_run_cancel (user_data);
}

static void
watch_cancellable (RuntimeUseCommandHandler *self,
                   GCancellable             *cancellable)
{
  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                                g_source_ref ((GSource *) self->run),
                                                (GDestroyNotify) g_source_unref);
}

static GTask *
steal_task (RuntimeUseCommandHandler  *self,
            GTask                    **task)
{
  if (*task != NULL && self->cancelled_id != 0)
    g_cancellable_disconnect (g_task_get_cancellable (*task), self->cancelled_id);
  self->cancelled_id = 0;

  return g_steal_pointer (task);
}

static void
run_finished_cb (RuntimeUseCommandRun *run,
                 int                   status,
                 GError               *error,
                 gpointer              user_data)
{
  RuntimeUseCommandHandler *self = user_data;
  g_autoptr(GTask) task = steal_task (self, &self->run_task);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, status);
}

static void
run_gone_cb (RuntimeUseCommandRun *run,
             GError               *error,
             gpointer              user_data)
{
  RuntimeUseCommandHandler *self = user_data;
  g_autoptr(GTask) task = steal_task (self, &self->end_task);

  /* Usually nobody asked: what was left behind ended by itself. */
  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static const RuntimeUseCommandRunFuncs run_funcs = {
  .output = run_output_cb,
  .finished = run_finished_cb,
  .gone = run_gone_cb,
};

static void
abandon_run (RuntimeUseCommandHandler *self)
{
  if (self->run == NULL)
    return;

  _runtime_use_command_run_abandon (self->run);
  g_source_unref ((GSource *) g_steal_pointer (&self->run));
}

static void
runtime_use_command_handler_dispose (GObject *object)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  /* A task holds a reference, so there is none unless somebody disposes by force. */
  g_assert (self->run_task == NULL && self->end_task == NULL);
  abandon_run (self);

  G_OBJECT_CLASS (runtime_use_command_handler_parent_class)->dispose (object);
}

static void
runtime_use_command_handler_finalize (GObject *object)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  _runtime_use_command_settings_clear (&self->settings);
  _runtime_use_job_pool_release ();

  G_OBJECT_CLASS (runtime_use_command_handler_parent_class)->finalize (object);
}

static void
runtime_use_command_handler_class_init (RuntimeUseCommandHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_command_handler_dispose;
  object_class->finalize = runtime_use_command_handler_finalize;
  _runtime_use_command_handler_install_properties (object_class);

  /**
   * RuntimeUseCommandHandler::output:
   * @self: the handler
   * @stream: where the command wrote
   * @text: valid UTF-8, not empty, at most three times 128 KiB long if nothing is
   *   redacted; a marker may be longer than the secret it stands for
   *
   * Emitted for each piece of output as it arrives; pieces are cut between characters, but not at
   * line ends. Bytes that are no UTF-8 are replaced by U+FFFD, and so is NUL, which a string cannot
   * hold. The order is kept within each stream, not between the two. All of it comes before the
   * command is reported as finished.
   *
   * Since: 0.1
   */
  signals[SIGNAL_OUTPUT] =
    g_signal_new ("output", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, RUNTIME_USE_TYPE_OUTPUT_STREAM,
                  G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
runtime_use_command_handler_init (RuntimeUseCommandHandler *self)
{
  _runtime_use_command_settings_init (&self->settings);
  self->host_pipes[0] = self->host_pipes[1] = -1;
  _runtime_use_job_pool_hold ();
}

/**
 * runtime_use_command_handler_new:
 * @command: what to run
 *
 * Creates a handler for one run of @command.
 *
 * Returns: (transfer full): a new handler
 *
 * Since: 0.1
 */
RuntimeUseCommandHandler *
runtime_use_command_handler_new (RuntimeUseCommand *command)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND (command), NULL);

  return g_object_new (RUNTIME_USE_TYPE_COMMAND_HANDLER, "command", command, NULL);
}

/**
 * runtime_use_command_handler_get_paused:
 * @self: a handler
 *
 * Gets whether output is left in the pipes.
 *
 * Returns: `TRUE` while it is
 *
 * Since: 0.1
 */
gboolean
runtime_use_command_handler_get_paused (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), FALSE);

  return self->paused;
}

/**
 * runtime_use_command_handler_set_paused:
 * @self: a handler
 * @paused: whether to leave output in the pipes
 *
 * Sets [property@RuntimeUse.CommandHandler:paused]. This works at any time, also from within
 * [signal@RuntimeUse.CommandHandler::output].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_paused (RuntimeUseCommandHandler *self,
                                        gboolean                  paused)
{
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));

  paused = !!paused;
  if (self->paused == paused)
    return;

  self->paused = paused;
  if (self->run != NULL)
    _runtime_use_command_run_set_paused (self->run, paused);
  _runtime_use_command_handler_notify_paused (self);
}

/**
 * runtime_use_command_handler_has_leftovers:
 * @self: a handler
 *
 * Gets whether processes of a command that is finished are still there.
 *
 * Returns: `TRUE` if there is something to end
 *
 * Since: 0.1
 */
gboolean
runtime_use_command_handler_has_leftovers (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), FALSE);

  return self->run != NULL && self->run_task == NULL &&
         !_runtime_use_command_run_is_gone (self->run);
}

/**
 * runtime_use_command_handler_count_running:
 *
 * Counts the commands that are running in this process, whoever started them.
 *
 * Those that are finished count as long as something that they started is left,
 * and so do programs that agents are.
 *
 * Returns: a number of commands
 *
 * Since: 0.1
 */
guint
runtime_use_command_handler_count_running (void)
{
  return _runtime_use_command_run_count ();
}

RuntimeUseCommandSettings *
_runtime_use_command_handler_get_settings (RuntimeUseCommandHandler *self)
{
  return &self->settings;
}

void
_runtime_use_command_handler_set_sink (RuntimeUseCommandHandler *self,
                                       RuntimeUseCommandSink     sink,
                                       gpointer                  user_data)
{
  self->sink = sink;
  self->sink_data = user_data;
}

void
_runtime_use_command_handler_set_host_pipes (RuntimeUseCommandHandler *self,
                                             int                       input,
                                             int                       output)
{
  self->host_pipes[0] = input;
  self->host_pipes[1] = output;
}

void
_runtime_use_command_handler_set_keeps_leftovers (RuntimeUseCommandHandler *self,
                                                  gboolean                  keeps_leftovers)
{
  self->keeps_leftovers = keeps_leftovers;
}

int
_runtime_use_command_handler_get_term_signal (RuntimeUseCommandHandler *self)
{
  return self->run != NULL ? _runtime_use_command_run_get_term_signal (self->run) : 0;
}

static gboolean
start_run (RuntimeUseCommandHandler  *self,
           GError                   **error)
{
  const RuntimeUseCommandSettings *settings = &self->settings;

  self->run = _runtime_use_command_run_new (&run_funcs, self);
  _runtime_use_command_run_set_limits (self->run, settings->grace, settings->timeout);
  _runtime_use_command_run_set_host_pipes (self->run, self->host_pipes[0], self->host_pipes[1]);
  _runtime_use_command_run_set_keeps_leftovers (self->run, self->keeps_leftovers);
  _runtime_use_command_run_set_paused (self->run, self->paused);

  return _runtime_use_command_run_start (self->run, settings->command,
                                         (const char * const *) settings->shell,
                                         (const char * const *) settings->environ,
                                         settings->redactor, error);
}

/**
 * runtime_use_command_handler_run_async:
 * @self: a handler
 * @cancellable: (nullable): ends the command and all that it has started when it is cancelled
 * @callback: (scope async): called when the command is finished
 * @user_data: data for @callback
 *
 * Runs the command. A working directory that does not exist is created, with what is missing above
 * it.
 *
 * A handler runs its command once; a second call fails with
 * [error@RuntimeUse.Error.BUSY].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_run_async (RuntimeUseCommandHandler *self,
                                       GCancellable             *cancellable,
                                       GAsyncReadyCallback       callback,
                                       gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GError) error = NULL;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_command_handler_run_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  /* From here on a cancel is reported only when nothing of the command is left. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->run != NULL)
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                             "A handler runs its command only once");
  else if (!start_run (self, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    {
      self->run_task = g_steal_pointer (&task);
      watch_cancellable (self, cancellable);
    }
}

/**
 * runtime_use_command_handler_run_finish:
 * @self: a handler
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets how the command ended.
 *
 * Fails with [error@RuntimeUse.Error.SPAWN_FAILED] if it could not be started,
 * [error@RuntimeUse.Error.INVALID_ARGUMENT] if a variable has no name or the shell no absolute
 * path,
 * [error@RuntimeUse.Error.TIMED_OUT] if it took too long, `G_IO_ERROR_CANCELLED` if it was
 * cancelled, and [error@RuntimeUse.Error.FAILED] if its processes could not be ended or the
 * supervising program was killed. After every error but the last two nothing of the command is
 * left.
 *
 * Returns: the exit status as the shell says it, from 0 to 255, or -1 if a signal ended the shell
 *   or @error is set
 *
 * Since: 0.1
 */
int
runtime_use_command_handler_run_finish (RuntimeUseCommandHandler  *self,
                                        GAsyncResult              *result,
                                        GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_command_handler_run_async),
                        -1);

  return (int) g_task_propagate_int (G_TASK (result), error);
}

/**
 * runtime_use_command_handler_end_async:
 * @self: a handler
 * @cancellable: (nullable): kills what is left, without grace, when it is cancelled
 * @callback: (scope async): called when nothing is left
 * @user_data: data for @callback
 *
 * Ends what a successful command has left behind: `SIGTERM`, and `SIGKILL` after
 * [property@RuntimeUse.CommandHandler:grace].
 *
 * While the command itself is running, or while it is being ended already, this fails with
 * [error@RuntimeUse.Error.BUSY].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_end_async (RuntimeUseCommandHandler *self,
                                       GCancellable             *cancellable,
                                       GAsyncReadyCallback       callback,
                                       gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_command_handler_end_async);
  g_task_set_check_cancellable (task, FALSE);

  if (self->run_task != NULL || self->end_task != NULL)
    g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                             "The command is running or being ended");
  else if (!runtime_use_command_handler_has_leftovers (self))
    g_task_return_boolean (task, TRUE);
  else
    {
      self->end_task = g_steal_pointer (&task);
      _runtime_use_command_run_end (self->run);
      watch_cancellable (self, cancellable);
    }
}

/**
 * runtime_use_command_handler_end_finish:
 * @self: a handler
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets whether nothing of the command is left.
 *
 * Fails with [error@RuntimeUse.Error.FAILED] if processes could not be ended, for example because
 * they changed their user.
 *
 * Returns: `TRUE` if nothing is left
 *
 * Since: 0.1
 */
gboolean
runtime_use_command_handler_end_finish (RuntimeUseCommandHandler  *self,
                                        GAsyncResult              *result,
                                        GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, runtime_use_command_handler_end_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
