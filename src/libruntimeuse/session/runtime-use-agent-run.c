/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-agent-run-private.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-limits-private.h"

/* What stands between a request and its agent. An agent may answer at once, never, or twice; from
 * here on it answers exactly once and in time.
 */

/* Milliseconds between killing a script and seeing it gone. */
#define KILL_MARGIN 500

struct _RuntimeUseAgentRun
{
  GObject                          parent_instance;

  RuntimeUseClock                 *clock;
  const RuntimeUseSessionSettings *settings;
  GCancellable                    *cancellable;
  RuntimeUseRequestReporter       *reporter;

  RuntimeUseAgentRunDone           done;
  GObject                         *owner;        /* (nullable): nothing runs */

  GWeakRef                         invocation;   /* the handler keeps it, or forgets it */
  RuntimeUseAlarm                 *deadline;     /* (nullable): of the invocation */
  RuntimeUseAlarm                 *grace;        /* (nullable): until it is abandoned */
  GError                          *late_error;   /* (nullable): why it was stopped */
};

G_DEFINE_FINAL_TYPE (RuntimeUseAgentRun, _runtime_use_agent_run, G_TYPE_OBJECT)

static void
agent_run_clear_alarms (RuntimeUseAgentRun *self)
{
  _runtime_use_clock_clear_alarm (self->clock, &self->deadline);
  _runtime_use_clock_clear_alarm (self->clock, &self->grace);
}

static void
_runtime_use_agent_run_finalize (GObject *object)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  g_assert (self->owner == NULL);

  g_clear_object (&self->clock);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->reporter, _runtime_use_request_reporter_unref);
  g_clear_error (&self->late_error);
  g_weak_ref_clear (&self->invocation);

  G_OBJECT_CLASS (_runtime_use_agent_run_parent_class)->finalize (object);
}

static void
_runtime_use_agent_run_class_init (RuntimeUseAgentRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = _runtime_use_agent_run_finalize;
}

static void
_runtime_use_agent_run_init (RuntimeUseAgentRun *self)
{
  g_weak_ref_init (&self->invocation, NULL);
}

RuntimeUseAgentRun *
_runtime_use_agent_run_new (RuntimeUseClock                 *clock,
                            const RuntimeUseSessionSettings *settings,
                            GCancellable                    *cancellable,
                            RuntimeUseRequestReporter       *reporter)
{
  RuntimeUseAgentRun *self = g_object_new (RUNTIME_USE_TYPE_AGENT_RUN, NULL);

  self->clock = g_object_ref (clock);
  self->settings = settings;
  self->cancellable = g_object_ref (cancellable);
  self->reporter = _runtime_use_request_reporter_ref (reporter);

  return self;
}

static gboolean
agent_run_is_over (RuntimeUseAgentRun *self)
{
  return self->owner == NULL;
}

/* What it says from now on is lost. Returns the owner, which nothing but this may keep alive. */
static GObject *
agent_run_end (RuntimeUseAgentRun *self)
{
  GObject *owner = g_steal_pointer (&self->owner);

  agent_run_clear_alarms (self);
  _runtime_use_request_reporter_show_command (self->reporter, NULL);

  return owner;
}

/* What the invocation reports */

static void
agent_assistant (GObject            *object,
                 const char * const *text_blocks)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  if (!agent_run_is_over (self))
    _runtime_use_request_reporter_say_assistant (self->reporter, text_blocks);
}

static void
agent_delta (GObject    *object,
             const char *text)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  if (!agent_run_is_over (self))
    _runtime_use_request_reporter_say_delta (self->reporter, text);
}

static char *
agent_name_command (GObject    *object,
                    const char *command)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  return _runtime_use_request_reporter_name_command (self->reporter, command,
                                                     RUNTIME_USE_LIMIT_COMMAND_ECHO);
}

static void
agent_output (GObject                *object,
              const char             *name,
              RuntimeUseOutputStream  stream,
              const char             *text,
              gsize                   length)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  if (!agent_run_is_over (self))
    _runtime_use_request_reporter_say_output (self->reporter, stream, text, length, name);
}

static void
agent_show_command (GObject    *object,
                    const char *command)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);

  if (!agent_run_is_over (self))
    _runtime_use_request_reporter_show_command (self->reporter, command);
}

static gboolean
agent_is_full (GObject *object)
{
  return _runtime_use_request_reporter_is_full (RUNTIME_USE_AGENT_RUN (object)->reporter);
}

static void
agent_adopt (GObject                  *object,
             RuntimeUseCommandHandler *command)
{
  _runtime_use_request_reporter_adopt (RUNTIME_USE_AGENT_RUN (object)->reporter, command);
}

static RuntimeUseLogger *
agent_get_logger (GObject *object)
{
  return _runtime_use_request_reporter_get_logger (RUNTIME_USE_AGENT_RUN (object)->reporter);
}

static void
agent_completed (GObject           *object,
                 RuntimeUseOutcome *outcome)
{
  RuntimeUseAgentRun *self = RUNTIME_USE_AGENT_RUN (object);
  g_autoptr(GObject) owner = NULL;

  if (agent_run_is_over (self))
    {
      _runtime_use_outcome_free (outcome);
      return;
    }

  owner = agent_run_end (self);
  self->done (owner, outcome, g_steal_pointer (&self->late_error));
}

static const RuntimeUseInvocationSink agent_sink = {
  .assistant = agent_assistant,
  .delta = agent_delta,
  .name_command = agent_name_command,
  .output = agent_output,
  .show_command = agent_show_command,
  .is_full = agent_is_full,
  .adopt = agent_adopt,
  .get_logger = agent_get_logger,
  .completed = agent_completed,
};

/* Its time */

/* The agent was told to stop and did not. */
static void
grace_over (gpointer user_data)
{
  g_autoptr(RuntimeUseAgentRun) self = g_object_ref (user_data);
  g_autoptr(RuntimeUseInvocation) invocation = g_weak_ref_get (&self->invocation);
  g_autoptr(GObject) owner = NULL;

  self->grace = NULL;
  owner = agent_run_end (self);
  if (invocation != NULL)
    _runtime_use_invocation_abandon (invocation);

  self->done (owner, NULL, g_steal_pointer (&self->late_error));
}

/* A script of an agent's is given its own grace period before it is killed,
 * and the terminal waits for that.
 */
void
_runtime_use_agent_run_stop (RuntimeUseAgentRun *self)
{
  g_autoptr(RuntimeUseInvocation) invocation = NULL;
  const gint64 grace = MAX (self->settings->cancel_grace,
                            (gint64) self->settings->kill_grace + KILL_MARGIN);

  if (agent_run_is_over (self) || self->grace != NULL)
    return;

  self->grace = _runtime_use_clock_set_alarm (self->clock, grace, grace_over, self);
  g_cancellable_cancel (self->cancellable);

  invocation = g_weak_ref_get (&self->invocation);
  if (invocation != NULL)
    _runtime_use_invocation_notify_cancelled (invocation);
}

static void
deadline_over (gpointer user_data)
{
  g_autoptr(RuntimeUseAgentRun) self = g_object_ref (user_data);

  self->deadline = NULL;
  self->late_error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                                  "The agent did not answer within %u seconds",
                                  self->settings->invocation_timeout);
  _runtime_use_agent_run_stop (self);
}

static RuntimeUseInvocation *
make_invocation (RuntimeUseAgentRun          *self,
                 RuntimeUseInvocationMessage *message,
                 JsonNode                    *output_format)
{
  RuntimeUseRedactor *redactor = _runtime_use_request_reporter_get_redactor (self->reporter);
  RuntimeUseInvocation *invocation;

  invocation = _runtime_use_invocation_new (message, output_format, redactor, self->cancellable,
                                            &agent_sink, G_OBJECT (self));
  _runtime_use_invocation_set_command_limits (invocation, self->settings->kill_grace,
                                              self->settings->command_timeout);
  _runtime_use_invocation_set_shell (invocation, (const char * const *) self->settings->shell);

  return invocation;
}

void
_runtime_use_agent_run_start (RuntimeUseAgentRun          *self,
                              RuntimeUseAgentHandler      *handler,
                              RuntimeUseInvocationMessage *message,
                              JsonNode                    *output_format,
                              RuntimeUseAgentRunDone       done,
                              GObject                     *owner)
{
  g_autoptr(RuntimeUseInvocation) invocation = make_invocation (self, message, output_format);
  g_autoptr(GError) error = NULL;

  g_weak_ref_set (&self->invocation, invocation);
  self->done = done;
  self->owner = g_object_ref (owner);
  self->deadline =
    _runtime_use_clock_set_alarm (self->clock,
                                  (gint64) self->settings->invocation_timeout * 1000,
                                  deadline_over, self);

  /* It may have answered and then thrown; the answer counts. */
  if (runtime_use_agent_handler_run (handler, invocation, &error) || agent_run_is_over (self))
    return;

  if (error == NULL)
    error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                                 "The agent handler failed without saying why");
  runtime_use_invocation_return_error (invocation, error);
}

void
_runtime_use_agent_run_abandon (RuntimeUseAgentRun *self)
{
  g_autoptr(RuntimeUseInvocation) invocation = g_weak_ref_get (&self->invocation);
  G_GNUC_UNUSED g_autoptr(GObject) owner = agent_run_end (self);

  g_cancellable_cancel (self->cancellable);
  if (invocation != NULL)
    _runtime_use_invocation_abandon (invocation);
}

void
_runtime_use_agent_run_notify_drained (RuntimeUseAgentRun *self)
{
  g_autoptr(RuntimeUseInvocation) invocation = g_weak_ref_get (&self->invocation);

  if (invocation != NULL && !agent_run_is_over (self))
    _runtime_use_invocation_notify_drained (invocation);
}
