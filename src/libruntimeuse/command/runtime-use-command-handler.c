/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-command-handler.h"

#include <string.h>

#include "runtime-use-command-handler-private.h"
#include "runtime-use-command-run-private.h"
#include "runtime-use-job-pool-private.h"

#define DEFAULT_GRACE 2000
#define MAX_GRACE (3600 * 1000)
#define DEFAULT_TIMEOUT 86400

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
  GObject                 parent_instance;

  RuntimeUseCommand      *command;
  RuntimeUseRedactor     *redactor;
  char                  **environ;
  char                  **shell;    /* (nullable): the default */
  guint                   grace;
  guint                   timeout;
  gboolean                paused;

  RuntimeUseCommandSink   sink;
  gpointer                sink_data;
  int                     host_pipes[2]; /* -1: the command is no host */
  gboolean                keeps_leftovers;

  RuntimeUseCommandRun   *run;      /* from the first try to start it */
  GTask                  *run_task;
  GTask                  *end_task;
  gulong                  cancelled_id; /* of the cancellable of the task there is */
};

G_DEFINE_FINAL_TYPE (RuntimeUseCommandHandler, runtime_use_command_handler, G_TYPE_OBJECT)

typedef enum
{
  PROP_COMMAND = 1,
  PROP_REDACTOR,
  PROP_ENVIRON,
  PROP_SHELL,
  PROP_GRACE,
  PROP_TIMEOUT,
  PROP_PAUSED,
} RuntimeUseCommandHandlerProperty;

enum
{
  SIGNAL_OUTPUT,
  N_SIGNALS,
};

static GParamSpec *props[PROP_PAUSED + 1];
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
  g_clear_object (&self->command);
  g_clear_object (&self->redactor);

  G_OBJECT_CLASS (runtime_use_command_handler_parent_class)->dispose (object);
}

static void
runtime_use_command_handler_finalize (GObject *object)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  g_strfreev (self->environ);
  g_strfreev (self->shell);
  _runtime_use_job_pool_release ();

  G_OBJECT_CLASS (runtime_use_command_handler_parent_class)->finalize (object);
}

static void
runtime_use_command_handler_get_property (GObject    *object,
                                          guint       prop_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  switch ((RuntimeUseCommandHandlerProperty) prop_id)
    {
    case PROP_COMMAND:
      g_value_set_object (value, self->command);
      break;

    case PROP_REDACTOR:
      g_value_set_object (value, self->redactor);
      break;

    case PROP_ENVIRON:
      g_value_set_boxed (value, self->environ);
      break;

    case PROP_SHELL:
      g_value_set_boxed (value, self->shell);
      break;

    case PROP_GRACE:
      g_value_set_uint (value, self->grace);
      break;

    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;

    case PROP_PAUSED:
      g_value_set_boolean (value, self->paused);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_command_handler_set_property (GObject      *object,
                                          guint         prop_id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  RuntimeUseCommandHandler *self = RUNTIME_USE_COMMAND_HANDLER (object);

  switch ((RuntimeUseCommandHandlerProperty) prop_id)
    {
    case PROP_COMMAND:
      self->command = g_value_dup_object (value);
      break;

    case PROP_REDACTOR:
      runtime_use_command_handler_set_redactor (self, g_value_get_object (value));
      break;

    case PROP_ENVIRON:
      runtime_use_command_handler_set_environ (self, g_value_get_boxed (value));
      break;

    case PROP_SHELL:
      runtime_use_command_handler_set_shell (self, g_value_get_boxed (value));
      break;

    case PROP_GRACE:
      runtime_use_command_handler_set_grace (self, g_value_get_uint (value));
      break;

    case PROP_TIMEOUT:
      runtime_use_command_handler_set_timeout (self, g_value_get_uint (value));
      break;

    case PROP_PAUSED:
      runtime_use_command_handler_set_paused (self, g_value_get_boolean (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * RuntimeUseCommandHandler:command:
   *
   * What is run.
   *
   * Since: 0.1
   */
  props[PROP_COMMAND] =
    g_param_spec_object ("command", NULL, NULL, RUNTIME_USE_TYPE_COMMAND,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseCommandHandler:redactor:
   *
   * Hides secrets in the output, also when they arrive in pieces. Without one the output passes
   * as it is. What is set after the start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_REDACTOR] =
    g_param_spec_object ("redactor", NULL, NULL, RUNTIME_USE_TYPE_REDACTOR, flags);

  /**
   * RuntimeUseCommandHandler:environ:
   *
   * The variables, as `NAME=VALUE`, that those of the command are laid over.
   *
   * If `NULL`, the default, they are the environment of this process without what is meant for
   * this process alone: `CREDENTIALS_DIRECTORY`, `DBUS_STARTER_*`, `LISTEN_*`, `NOTIFY_SOCKET`,
   * `WATCHDOG_PID`, `WATCHDOG_USEC` and `RUNTIMEUSE_TOKEN*`. What is set after the start is of no
   * effect.
   *
   * Since: 0.1
   */
  props[PROP_ENVIRON] =
    g_param_spec_boxed ("environ", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseCommandHandler:shell:
   *
   * The program that the command is given to, by its absolute path, and what that program gets
   * before `-c` and the command; `NULL`, the default, is `/bin/sh` alone. What is set after the
   * start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_SHELL] =
    g_param_spec_boxed ("shell", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * RuntimeUseCommandHandler:grace:
   *
   * How long processes that are told to end by `SIGTERM` may take until they are killed, in
   * milliseconds; 0 kills at once. What is set after the start is of no effect.
   *
   * Since: 0.1
   */
  props[PROP_GRACE] =
    g_param_spec_uint ("grace", NULL, NULL, 0, MAX_GRACE, DEFAULT_GRACE, flags);

  /**
   * RuntimeUseCommandHandler:timeout:
   *
   * How long the command may take until it is ended, in seconds. What is set after the start is of
   * no effect.
   *
   * Since: 0.1
   */
  props[PROP_TIMEOUT] =
    g_param_spec_uint ("timeout", NULL, NULL, 1, G_MAXUINT, DEFAULT_TIMEOUT, flags);

  /**
   * RuntimeUseCommandHandler:paused:
   *
   * Whether output is left in the pipes, so that the command waits when they are full. Cancelling
   * and deadlines work all the same; a command that ends while this is set is not finished until
   * its output can be read.
   *
   * Since: 0.1
   */
  props[PROP_PAUSED] =
    g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
runtime_use_command_handler_class_init (RuntimeUseCommandHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_command_handler_dispose;
  object_class->finalize = runtime_use_command_handler_finalize;
  object_class->get_property = runtime_use_command_handler_get_property;
  object_class->set_property = runtime_use_command_handler_set_property;
  install_properties (object_class);

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
  self->grace = DEFAULT_GRACE;
  self->timeout = DEFAULT_TIMEOUT;
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
 * runtime_use_command_handler_get_command:
 * @self: a handler
 *
 * Gets the command that @self runs.
 *
 * Returns: (transfer none): the command
 *
 * Since: 0.1
 */
RuntimeUseCommand *
runtime_use_command_handler_get_command (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return self->command;
}

/**
 * runtime_use_command_handler_get_redactor:
 * @self: a handler
 *
 * Gets what hides secrets in the output.
 *
 * Returns: (transfer none) (nullable): the redactor
 *
 * Since: 0.1
 */
RuntimeUseRedactor *
runtime_use_command_handler_get_redactor (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return self->redactor;
}

/**
 * runtime_use_command_handler_set_redactor:
 * @self: a handler
 * @redactor: (nullable): the redactor
 *
 * Sets [property@RuntimeUse.CommandHandler:redactor].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_redactor (RuntimeUseCommandHandler *self,
                                          RuntimeUseRedactor       *redactor)
{
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (redactor == NULL || RUNTIME_USE_IS_REDACTOR (redactor));

  if (g_set_object (&self->redactor, redactor))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REDACTOR]);
}

/**
 * runtime_use_command_handler_get_environ:
 * @self: a handler
 *
 * Gets the variables that those of the command are laid over.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the variables, as `NAME=VALUE`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_command_handler_get_environ (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return (const char * const *) self->environ;
}

/**
 * runtime_use_command_handler_set_environ:
 * @self: a handler
 * @variables: (nullable) (array zero-terminated=1): the variables, as `NAME=VALUE`
 *
 * Sets [property@RuntimeUse.CommandHandler:environ].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_environ (RuntimeUseCommandHandler *self,
                                         const char * const       *variables)
{
  char **copy;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));

  copy = g_strdupv ((char **) variables);
  g_strfreev (self->environ);
  self->environ = copy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ENVIRON]);
}

/**
 * runtime_use_command_handler_get_shell:
 * @self: a handler
 *
 * Gets the program that the command is given to, and what that gets before `-c`.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the program and its arguments;
 *   `NULL` for `/bin/sh`
 *
 * Since: 0.1
 */
const char * const *
runtime_use_command_handler_get_shell (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), NULL);

  return (const char * const *) self->shell;
}

/**
 * runtime_use_command_handler_set_shell:
 * @self: a handler
 * @shell: (nullable) (array zero-terminated=1): the absolute path of a program, and arguments
 *
 * Sets [property@RuntimeUse.CommandHandler:shell]. An empty array is the same as `NULL`.
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_shell (RuntimeUseCommandHandler *self,
                                       const char * const       *shell)
{
  char **copy;

  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));

  if (self->shell == NULL && shell == NULL)
    return;

  copy = shell != NULL && shell[0] != NULL ? g_strdupv ((char **) shell) : NULL;
  g_strfreev (self->shell);
  self->shell = copy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHELL]);
}

/**
 * runtime_use_command_handler_get_grace:
 * @self: a handler
 *
 * Gets the time between asking processes to end and killing them.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
runtime_use_command_handler_get_grace (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), 0);

  return self->grace;
}

/**
 * runtime_use_command_handler_set_grace:
 * @self: a handler
 * @grace: milliseconds, at most 3,600,000
 *
 * Sets [property@RuntimeUse.CommandHandler:grace].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_grace (RuntimeUseCommandHandler *self,
                                       guint                     grace)
{
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (grace <= MAX_GRACE);

  if (self->grace == grace)
    return;

  self->grace = grace;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GRACE]);
}

/**
 * runtime_use_command_handler_get_timeout:
 * @self: a handler
 *
 * Gets how long the command may take.
 *
 * Returns: seconds
 *
 * Since: 0.1
 */
guint
runtime_use_command_handler_get_timeout (RuntimeUseCommandHandler *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self), 0);

  return self->timeout;
}

/**
 * runtime_use_command_handler_set_timeout:
 * @self: a handler
 * @timeout: seconds, at least 1
 *
 * Sets [property@RuntimeUse.CommandHandler:timeout].
 *
 * Since: 0.1
 */
void
runtime_use_command_handler_set_timeout (RuntimeUseCommandHandler *self,
                                         guint                     timeout)
{
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_HANDLER (self));
  g_return_if_fail (timeout > 0);

  if (self->timeout == timeout)
    return;

  self->timeout = timeout;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMEOUT]);
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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PAUSED]);
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
  self->run = _runtime_use_command_run_new (&run_funcs, self);
  _runtime_use_command_run_set_limits (self->run, self->grace, self->timeout);
  _runtime_use_command_run_set_host_pipes (self->run, self->host_pipes[0], self->host_pipes[1]);
  _runtime_use_command_run_set_keeps_leftovers (self->run, self->keeps_leftovers);
  _runtime_use_command_run_set_paused (self->run, self->paused);

  return _runtime_use_command_run_start (self->run, self->command,
                                         (const char * const *) self->shell,
                                         (const char * const *) self->environ, self->redactor,
                                         error);
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
