/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-invocation.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-outcome-promise-private.h"
#include "runtime-use-task-queue-private.h"

/**
 * RuntimeUseInvocation:
 *
 * One question to an agent, and the way to answer it.
 *
 * A [iface@RuntimeUse.AgentHandler] is given an invocation, keeps it, and
 * completes it later with [method@RuntimeUse.Invocation.return_text],
 * [method@RuntimeUse.Invocation.return_structured_output] or
 * [method@RuntimeUse.Invocation.return_error], exactly once. What is said
 * after that is dropped. An invocation whose last reference goes away without
 * an answer fails.
 *
 * When the request is cancelled, the
 * [property@RuntimeUse.Invocation:cancellable] is triggered; a handler then
 * ends its work and completes as usual. One that takes longer than the
 * session's `cancel-grace` is not waited for any longer.
 *
 * All methods belong to the main context in which the handler was asked.
 *
 * Since: 0.1
 */

struct _RuntimeUseInvocation
{
  GObject                         parent_instance;

  RuntimeUseInvocationMessage    *message;
  JsonNode                       *output_format;   /* (nullable) */
  RuntimeUseRedactor             *redactor;
  RuntimeUseLogger               *logger;          /* (nullable): not asked for yet */
  GCancellable                   *cancellable;     /* (nullable): gone once completed */
  GHashTable                     *env;             /* (nullable): made when asked for */
  RuntimeUseRedactorStream       *deltas;          /* (nullable): no message was begun */

  const RuntimeUseInvocationSink *sink;
  RuntimeUseOutcomePromise        promise;         /* to the owner of the sink */
  GMainContext                   *context;

  RuntimeUseTaskQueue             waiting;         /* of text blocks, for room */
  guint                           kill_grace;      /* ms */
  guint                           command_timeout; /* s */
  char                          **shell;           /* (nullable): /bin/sh */
};

G_DEFINE_FINAL_TYPE (RuntimeUseInvocation, runtime_use_invocation, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_DRAINED,
} RuntimeUseInvocationSignal;

static guint signals[SIGNAL_DRAINED + 1];

static void
fail_waiting (RuntimeUseInvocation *self,
              RuntimeUseError       code)
{
  g_autoptr(GError) error = NULL;

  if (_runtime_use_task_queue_is_empty (&self->waiting))
    return;

  error = g_error_new_literal (RUNTIME_USE_ERROR, code,
                               code == RUNTIME_USE_ERROR_CANCELLED ? "The request was cancelled"
                                                                   : "The invocation has ended");
  _runtime_use_task_queue_return_all (&self->waiting, error);
}

static void
runtime_use_invocation_dispose (GObject *object)
{
  RuntimeUseInvocation *self = RUNTIME_USE_INVOCATION (object);

  _runtime_use_outcome_promise_break (&self->promise, self->context);
  fail_waiting (self, RUNTIME_USE_ERROR_CLOSED);
  g_clear_object (&self->cancellable);

  G_OBJECT_CLASS (runtime_use_invocation_parent_class)->dispose (object);
}

static void
runtime_use_invocation_finalize (GObject *object)
{
  RuntimeUseInvocation *self = RUNTIME_USE_INVOCATION (object);

  g_clear_object (&self->message);
  g_clear_pointer (&self->output_format, json_node_unref);
  g_clear_object (&self->redactor);
  g_clear_object (&self->deltas);
  g_clear_object (&self->logger);
  g_clear_pointer (&self->env, g_hash_table_unref);
  _runtime_use_outcome_promise_clear (&self->promise);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->shell, g_strfreev);

  G_OBJECT_CLASS (runtime_use_invocation_parent_class)->finalize (object);
}

static void
runtime_use_invocation_class_init (RuntimeUseInvocationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_invocation_dispose;
  object_class->finalize = runtime_use_invocation_finalize;
  _runtime_use_invocation_install_properties (object_class);

  /**
   * RuntimeUseInvocation::drained:
   * @self: the invocation
   *
   * The client has caught up: [method@RuntimeUse.Invocation.is_full] is
   * `FALSE` again.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DRAINED] =
    g_signal_new ("drained",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);
}

static void
runtime_use_invocation_init (RuntimeUseInvocation *self)
{
  _runtime_use_outcome_promise_init (&self->promise);
  _runtime_use_task_queue_init (&self->waiting);
  self->context = g_main_context_ref_thread_default ();
}

RuntimeUseInvocation *
_runtime_use_invocation_new (RuntimeUseInvocationMessage    *message,
                             JsonNode                       *output_format,
                             RuntimeUseRedactor             *redactor,
                             GCancellable                   *cancellable,
                             const RuntimeUseInvocationSink *sink,
                             GObject                        *owner)
{
  RuntimeUseInvocation *self = g_object_new (RUNTIME_USE_TYPE_INVOCATION, NULL);

  self->message = g_object_ref (message);
  self->output_format = output_format != NULL ? json_node_ref (output_format) : NULL;
  self->redactor = g_object_ref (redactor);
  self->cancellable = g_object_ref (cancellable);
  self->sink = sink;
  _runtime_use_outcome_promise_make (&self->promise, sink->completed, owner);

  return self;
}

/* The owner while it still listens, or NULL. */
static GObject *
ref_listener (RuntimeUseInvocation *self)
{
  return _runtime_use_outcome_promise_ref_owner (&self->promise);
}

RuntimeUseInvocationMessage *
_runtime_use_invocation_get_message (RuntimeUseInvocation *self)
{
  return self->message;
}

RuntimeUseRedactor *
_runtime_use_invocation_get_redactor (RuntimeUseInvocation *self)
{
  return self->redactor;
}

guint
_runtime_use_invocation_get_kill_grace (RuntimeUseInvocation *self)
{
  return self->kill_grace;
}

void
_runtime_use_invocation_adopt (RuntimeUseInvocation     *self,
                               RuntimeUseCommandHandler *command)
{
  g_autoptr(GObject) owner = ref_listener (self);

  if (owner != NULL)
    self->sink->adopt (owner, command);
}

void
_runtime_use_invocation_abandon (RuntimeUseInvocation *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseInvocation) alive = g_object_ref (self);

  _runtime_use_outcome_promise_settle (&self->promise);
  fail_waiting (self, RUNTIME_USE_ERROR_CLOSED);
  g_clear_object (&self->cancellable);
}

/* Whoever waits for room would wait for a client that has lost interest. */
void
_runtime_use_invocation_notify_cancelled (RuntimeUseInvocation *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseInvocation) alive = g_object_ref (self);

  fail_waiting (self, RUNTIME_USE_ERROR_CANCELLED);
}

void
_runtime_use_invocation_set_command_limits (RuntimeUseInvocation *self,
                                            guint                 grace,
                                            guint                 timeout)
{
  self->kill_grace = grace;
  self->command_timeout = timeout;
}

void
_runtime_use_invocation_set_shell (RuntimeUseInvocation *self,
                                   const char * const   *shell)
{
  g_strfreev (self->shell);
  self->shell = g_strdupv ((char **) shell);
}

const char * const *
_runtime_use_invocation_get_shell (RuntimeUseInvocation *self)
{
  return (const char * const *) self->shell;
}

/* What a command of the agent's is treated like: as those of the request. */
void
_runtime_use_invocation_limit_command (RuntimeUseInvocation     *self,
                                       RuntimeUseCommandHandler *command)
{
  runtime_use_command_handler_set_grace (command, self->kill_grace);
  runtime_use_command_handler_set_timeout (command, self->command_timeout);
  runtime_use_command_handler_set_redactor (command, self->redactor);
  runtime_use_command_handler_set_shell (command, (const char * const *) self->shell);
}

/**
 * runtime_use_invocation_get_output_format:
 * @self: an invocation
 *
 * Gets what describes the structured output that is asked for.
 *
 * It is the client's own JSON value. Clients use the bare JSON Schema as well
 * as `{"type":"json_schema","schema":…}`.
 *
 * Returns: (transfer none) (nullable): a JSON value, or `NULL` when text is
 *   asked for
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_invocation_get_output_format (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  return self->output_format;
}

/**
 * runtime_use_invocation_get_env:
 * @self: an invocation
 *
 * Gets the environment variables for the agent and its tools.
 *
 * They come on top of those of this process.
 *
 * Returns: (transfer none) (element-type utf8 utf8): names and values, perhaps
 *   none
 *
 * Since: 0.1
 */
GHashTable *
runtime_use_invocation_get_env (RuntimeUseInvocation *self)
{
  const char * const *env;

  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  if (self->env != NULL)
    return self->env;

  self->env = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  env = _runtime_use_invocation_get_env_strv (self);

  for (size_t i = 0; env != NULL && env[i] != NULL; i++)
    {
      const char *equals = strchr (env[i], '=');

      g_hash_table_replace (self->env,
                            g_strndup (env[i], equals - env[i]),
                            g_strdup (equals + 1));
    }

  return self->env;
}

/**
 * runtime_use_invocation_get_cancellable:
 * @self: an invocation
 *
 * Gets what is triggered when the handler should end its work early.
 *
 * Returns: (transfer none) (nullable): a cancellable, or `NULL` once @self was
 *   completed
 *
 * Since: 0.1
 */
GCancellable *
runtime_use_invocation_get_cancellable (RuntimeUseInvocation *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  return self->cancellable;
}

/**
 * runtime_use_invocation_get_logger:
 * @self: an invocation
 *
 * Gets what writes redacted log lines for this request.
 *
 * Returns: (transfer none): a logger
 *
 * Since: 0.1
 */
RuntimeUseLogger *
runtime_use_invocation_get_logger (RuntimeUseInvocation *self)
{
  g_autoptr(GObject) owner = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), NULL);

  if (self->logger != NULL)
    return self->logger;

  owner = ref_listener (self);
  if (owner != NULL)
    self->logger = g_object_ref (self->sink->get_logger (owner));
  else
    {
      self->logger = runtime_use_logger_new (NULL);
      runtime_use_logger_set_redactor (self->logger, self->redactor);
    }

  return self->logger;
}

/**
 * runtime_use_invocation_is_full:
 * @self: an invocation
 *
 * Gets whether the client has to catch up before more should be sent.
 *
 * Messages sent all the same are queued, not lost. A handler that sends much
 * waits for [signal@RuntimeUse.Invocation::drained], or uses
 * [method@RuntimeUse.Invocation.send_assistant_message_async].
 *
 * Returns: `TRUE` when no more should be sent now
 *
 * Since: 0.1
 */
gboolean
runtime_use_invocation_is_full (RuntimeUseInvocation *self)
{
  g_autoptr(GObject) owner = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), FALSE);

  owner = ref_listener (self);

  return owner != NULL && self->sink->is_full (owner);
}

/* What was held back because it could have been the beginning of a secret. */
static void
finish_deltas (RuntimeUseInvocation *self,
               GObject              *owner)
{
  g_autoptr(RuntimeUseRedactorStream) deltas = g_steal_pointer (&self->deltas);
  g_autofree char *rest = NULL;

  if (deltas == NULL)
    return;

  rest = runtime_use_redactor_stream_finish (deltas);
  if (rest[0] != '\0')
    self->sink->delta (owner, rest);
}

/**
 * runtime_use_invocation_send_assistant_message:
 * @self: an invocation
 * @text_blocks: (array zero-terminated=1): what the agent says
 *
 * Shows the client what the agent says, at once.
 *
 * Does nothing once @self was completed. Texts that do not fit into one
 * message are sent in several. Secrets are looked for in each block by itself,
 * so a handler must not cut its text inside of one.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_send_assistant_message (RuntimeUseInvocation *self,
                                               const char * const   *text_blocks)
{
  g_autoptr(GObject) owner = NULL;

  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (text_blocks != NULL);

  owner = ref_listener (self);
  if (owner == NULL)
    return;

  finish_deltas (self, owner);
  self->sink->assistant (owner, text_blocks);
}

/**
 * runtime_use_invocation_send_assistant_delta:
 * @self: an invocation
 * @text: what was said since the last piece
 *
 * Shows the client a piece of what the agent is saying, if it wants that.
 *
 * The message with all of it has to follow, with
 * [method@RuntimeUse.Invocation.send_assistant_message]. A secret is found
 * also when it lies in several pieces; what could be the beginning of one is
 * held back until it turns out not to be.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_send_assistant_delta (RuntimeUseInvocation *self,
                                             const char           *text)
{
  g_autoptr(GObject) owner = NULL;
  g_autofree char *redacted = NULL;

  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (text != NULL);

  owner = ref_listener (self);
  if (owner == NULL || !runtime_use_invocation_get_stream_deltas (self))
    return;

  if (self->deltas == NULL)
    self->deltas = runtime_use_redactor_open_stream (self->redactor);
  redacted = runtime_use_redactor_stream_push (self->deltas, text);
  if (redacted[0] != '\0')
    self->sink->delta (owner, redacted);
}

char *
_runtime_use_invocation_name_command (RuntimeUseInvocation *self,
                                      const char           *command)
{
  g_autoptr(GObject) owner = ref_listener (self);

  return owner != NULL ? self->sink->name_command (owner, command) : g_strdup ("");
}

void
_runtime_use_invocation_send_output (RuntimeUseInvocation   *self,
                                     const char             *name,
                                     RuntimeUseOutputStream  stream,
                                     const char             *text,
                                     gsize                   length)
{
  g_autoptr(GObject) owner = ref_listener (self);

  if (owner != NULL)
    self->sink->output (owner, name, stream, text, length);
}

/* For those who watch the session. */
void
_runtime_use_invocation_show_command (RuntimeUseInvocation *self,
                                      const char           *command)
{
  g_autoptr(GObject) owner = ref_listener (self);

  if (owner != NULL)
    self->sink->show_command (owner, command);
}

static void
send_waiting (RuntimeUseInvocation *self)
{
  while (!_runtime_use_task_queue_is_empty (&self->waiting) &&
         !runtime_use_invocation_is_full (self))
    {
      g_autoptr(GTask) task = _runtime_use_task_queue_pop (&self->waiting);

      if (g_task_return_error_if_cancelled (task))
        continue;

      runtime_use_invocation_send_assistant_message (self, g_task_get_task_data (task));
      g_task_return_boolean (task, TRUE);
    }
}

void
_runtime_use_invocation_notify_drained (RuntimeUseInvocation *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseInvocation) alive = g_object_ref (self);

  send_waiting (self);
  if (!_runtime_use_outcome_promise_is_settled (&self->promise) &&
      !runtime_use_invocation_is_full (self))
    g_signal_emit (self, signals[SIGNAL_DRAINED], 0);
}

/**
 * runtime_use_invocation_send_assistant_message_async:
 * @self: an invocation
 * @text_blocks: (array zero-terminated=1): what the agent says
 * @cancellable: (nullable): gives up on sending a message that still waits
 * @callback: (scope async): called when the message was sent
 * @user_data: (closure callback): passed to @callback
 *
 * Shows the client what the agent says, once it has caught up.
 *
 * Messages keep their order among one another.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_send_assistant_message_async (RuntimeUseInvocation *self,
                                                     const char * const   *text_blocks,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (text_blocks != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_invocation_send_assistant_message_async);

  if (_runtime_use_outcome_promise_is_settled (&self->promise))
    {
      g_task_return_new_error (task, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                               "The invocation has ended");
      return;
    }

  if (_runtime_use_task_queue_is_empty (&self->waiting) && !runtime_use_invocation_is_full (self))
    {
      runtime_use_invocation_send_assistant_message (self, text_blocks);
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_task_set_task_data (task, g_strdupv ((char **) text_blocks), (GDestroyNotify) g_strfreev);
  _runtime_use_task_queue_push_cancellable (&self->waiting, g_steal_pointer (&task));
}

/**
 * runtime_use_invocation_send_assistant_message_finish:
 * @self: an invocation
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Invocation.send_assistant_message_async].
 *
 * Fails with `RUNTIME_USE_ERROR_CLOSED` when the invocation ended first, and
 * with `RUNTIME_USE_ERROR_CANCELLED` when the request was cancelled.
 *
 * Returns: `TRUE` if the message was sent, `FALSE` with @error set otherwise
 *
 * Since: 0.1
 */
gboolean
runtime_use_invocation_send_assistant_message_finish (RuntimeUseInvocation  *self,
                                                      GAsyncResult          *result,
                                                      GError               **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_INVOCATION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_invocation_send_error_message:
 * @self: an invocation
 * @text: what went wrong
 * @metadata: (nullable): a JSON object with details, or `NULL`
 *
 * Reports that the agent failed.
 *
 * A request has one end, so the client hears of it when the invocation is
 * completed, and only of the first such report; the result, if any follows, is
 * dropped then.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_send_error_message (RuntimeUseInvocation *self,
                                           const char           *text,
                                           JsonNode             *metadata)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseOutcome *outcome;

  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (text != NULL);

  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, text);
  outcome = _runtime_use_outcome_new_error (error, metadata);
  if (outcome->metadata == NULL)
    outcome->metadata = g_strdup ("{}");
  _runtime_use_invocation_report (self, outcome);
}

void
_runtime_use_invocation_report (RuntimeUseInvocation *self,
                                RuntimeUseOutcome    *outcome)
{
  _runtime_use_outcome_promise_report (&self->promise, outcome);
}

/* Takes the outcome. */
static void
complete (RuntimeUseInvocation *self,
          RuntimeUseOutcome    *outcome)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseInvocation) alive = g_object_ref (self);
  g_autoptr(RuntimeUseOutcome) ours = outcome;
  g_autoptr(GObject) owner = ref_listener (self);

  if (!_runtime_use_outcome_promise_settle (&self->promise))
    return;

  fail_waiting (self, RUNTIME_USE_ERROR_CLOSED);

  /* Closures on the cancellable keep both alive otherwise. */
  g_clear_object (&self->cancellable);

  if (owner != NULL)
    _runtime_use_outcome_promise_keep (&self->promise, owner, g_steal_pointer (&ours));
}

/**
 * runtime_use_invocation_return_text:
 * @self: an invocation
 * @text: the answer
 * @metadata: (nullable): a JSON object with details, or `NULL`
 *
 * Completes @self with a text.
 *
 * @metadata that is no object makes the request fail. Does nothing if @self
 * was completed before.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_return_text (RuntimeUseInvocation *self,
                                    const char           *text,
                                    JsonNode             *metadata)
{
  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (text != NULL);

  complete (self, _runtime_use_outcome_new_text (text, metadata));
}

/**
 * runtime_use_invocation_return_structured_output:
 * @self: an invocation
 * @object: the answer, a JSON object
 * @metadata: (nullable): a JSON object with details, or `NULL`
 *
 * Completes @self with structured output.
 *
 * An answer or @metadata that is no object makes the request fail, since
 * clients take nothing else. Does nothing if @self was completed before.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_return_structured_output (RuntimeUseInvocation *self,
                                                 JsonNode             *object,
                                                 JsonNode             *metadata)
{
  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (object != NULL);

  complete (self, _runtime_use_outcome_new_structured_output (object, metadata));
}

/* Structured output as text, which is passed on to the last digit. */
void
_runtime_use_invocation_return_json (RuntimeUseInvocation *self,
                                     const char           *json)
{
  complete (self, _runtime_use_outcome_new_json (json));
}

void
_runtime_use_invocation_return_outcome (RuntimeUseInvocation *self,
                                        RuntimeUseOutcome    *outcome)
{
  complete (self, outcome);
}

/**
 * runtime_use_invocation_return_error:
 * @self: an invocation
 * @error: what went wrong
 *
 * Completes @self with an error.
 *
 * Does nothing if @self was completed before.
 *
 * Since: 0.1
 */
void
runtime_use_invocation_return_error (RuntimeUseInvocation *self,
                                     const GError         *error)
{
  g_return_if_fail (RUNTIME_USE_IS_INVOCATION (self));
  g_return_if_fail (error != NULL);

  complete (self, _runtime_use_outcome_new_error (error, NULL));
}
