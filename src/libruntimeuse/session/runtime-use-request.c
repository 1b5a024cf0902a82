/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-request-private.h"

#include "runtime-use-agent-run-private.h"
#include "runtime-use-command-execution-message.h"
#include "runtime-use-command-execution-result-message.h"
#include "runtime-use-command-sequence-private.h"
#include "runtime-use-download-handler.h"
#include "runtime-use-download-progress-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-error-name-private.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-message-fit-private.h"
#include "runtime-use-message-private.h"
#include "runtime-use-request-reporter-private.h"
#include "runtime-use-request-secrets-private.h"
#include "runtime-use-result-message.h"

#include <string.h>

/* One request, from its start to its one terminal. What follows what is decided here, and what a
 * failure or a cancel means for the rest; how commands run, how an agent is asked, and how a client
 * hears of either is not.
 */

/* Names of errors that no GError says. */
#define AGENT_FAILED_NAME "agent-failed"
#define TOO_LARGE_NAME "too-large"

/* A request is a list of steps, taken one after the other. Each ends in
 * request_next() or in request_fail(); the last one ends the request.
 */
typedef void (* RequestStep) (RuntimeUseRequest *self);

struct _RuntimeUseRequest
{
  GObject                          parent_instance;

  RuntimeUseRequestMessage        *message;
  RuntimeUseAgentHandler          *handler;
  RuntimeUseClock                 *clock;
  const RuntimeUseSessionSettings *settings;
  const RuntimeUseRequestOwner    *owner;
  gpointer                         owner_data;
  RuntimeUseRedactor              *redactor;
  RuntimeUseRequestReporter       *reporter;       /* the exit */
  GCancellable                    *cancellable;

  const RequestStep               *steps;
  int                              step;
  gboolean                         stepping;
  gboolean                         step_done;

  RuntimeUseCommandSequence       *commands;       /* (nullable): before the first of them */

  JsonNode                        *output_format;  /* (nullable) */
  RuntimeUseAgentRun              *agent;          /* (nullable): not asked yet */
  RuntimeUseOutcome               *outcome;        /* (nullable): of the agent */

  guint                            n_watched;      /* artifact folders */
  guint                            n_downloaded;   /* begun, that is */
  RuntimeUseAlarm                 *delay;          /* (nullable): after the invocation */

  RuntimeUseMessage               *terminal;       /* (nullable): decided, but for a cancel */
  const char                      *error_name;     /* (nullable): of the terminal */
  GCancellable                    *holding;        /* (nullable): it waits for artifacts */
  RuntimeUseAlarm                 *hold;           /* (nullable): how long */

  gboolean                         cancelled;
  gboolean                         ended;
};

G_DEFINE_FINAL_TYPE (RuntimeUseRequest, _runtime_use_request, G_TYPE_OBJECT)

static void
request_clear_alarms (RuntimeUseRequest *self)
{
  _runtime_use_clock_clear_alarm (self->clock, &self->delay);
  _runtime_use_clock_clear_alarm (self->clock, &self->hold);
}

static void
_runtime_use_request_dispose (GObject *object)
{
  RuntimeUseRequest *self = RUNTIME_USE_REQUEST (object);

  request_clear_alarms (self);

  G_OBJECT_CLASS (_runtime_use_request_parent_class)->dispose (object);
}

static void
_runtime_use_request_finalize (GObject *object)
{
  RuntimeUseRequest *self = RUNTIME_USE_REQUEST (object);

  g_clear_object (&self->message);
  g_clear_object (&self->handler);
  g_clear_object (&self->clock);
  g_clear_object (&self->redactor);
  g_clear_pointer (&self->reporter, _runtime_use_request_reporter_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->holding);
  g_clear_object (&self->terminal);
  g_clear_pointer (&self->commands, _runtime_use_command_sequence_free);
  g_clear_pointer (&self->output_format, json_node_unref);
  g_clear_object (&self->agent);
  g_clear_pointer (&self->outcome, _runtime_use_outcome_free);

  G_OBJECT_CLASS (_runtime_use_request_parent_class)->finalize (object);
}

static void
_runtime_use_request_class_init (RuntimeUseRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = _runtime_use_request_dispose;
  object_class->finalize = _runtime_use_request_finalize;
}

static void
_runtime_use_request_init (RuntimeUseRequest *self)
{
  self->step = -1;
}

static void
request_log_failure (RuntimeUseRequest      *self,
                     RuntimeUseErrorMessage *message)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("request failed: %s", runtime_use_error_message_get_error (message));
  runtime_use_logger_info (_runtime_use_request_reporter_get_logger (self->reporter), text);
}

static void
request_lay_offers_aside (RuntimeUseRequest *self)
{
  RuntimeUseArtifactManager *artifacts = self->owner->get_artifacts (self->owner_data, FALSE);

  if (artifacts != NULL)
    runtime_use_artifact_manager_lay_aside (artifacts);
}

/* An offer that the client has not answered by now it may have dropped: nobody waits for that. */
static void
request_finish (RuntimeUseRequest *self)
{
  g_autoptr(RuntimeUseMessage) message = g_steal_pointer (&self->terminal);

  if (self->ended)
    return;

  request_lay_offers_aside (self);
  /* It may have come while the terminal was held. */
  if (self->cancelled)
    {
      g_clear_object (&message);
      message = runtime_use_error_message_new ("Request cancelled", NULL);
    }
  if (RUNTIME_USE_IS_ERROR_MESSAGE (message))
    request_log_failure (self, RUNTIME_USE_ERROR_MESSAGE (message));

  self->ended = TRUE;
  _runtime_use_request_reporter_silence (self->reporter);
  self->owner->ended (self->owner_data, message);
}

static void
held_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RuntimeUseRequest) self = user_data;

  /* Whether all is settled or there is no time left makes no difference now. */
  runtime_use_artifact_manager_settle_finish (RUNTIME_USE_ARTIFACT_MANAGER (object), result, NULL);
  _runtime_use_clock_clear_alarm (self->clock, &self->hold);
  request_finish (self);
}

static void
hold_over (gpointer user_data)
{
  RuntimeUseRequest *self = user_data;

  self->hold = NULL;
  g_cancellable_cancel (self->holding);
}

/* Takes the terminal, which after a cancel does not count. A client that has it answers no more
 * questions about files, so it is held until those that were just written are on their way. */
static void
request_end (RuntimeUseRequest *self,
             RuntimeUseMessage *terminal)
{
  RuntimeUseArtifactManager *artifacts = self->owner->get_artifacts (self->owner_data, FALSE);

  g_assert (!self->ended && self->terminal == NULL);

  self->terminal = terminal;
  request_clear_alarms (self);
  _runtime_use_request_reporter_show_command (self->reporter, NULL);
  if (artifacts == NULL || self->cancelled || self->settings->artifact_hold == 0 ||
      runtime_use_artifact_manager_is_settled (artifacts))
    {
      request_finish (self);
      return;
    }

  self->holding = g_cancellable_new ();
  self->hold = _runtime_use_clock_set_alarm (self->clock, self->settings->artifact_hold,
                                             hold_over, self);
  runtime_use_artifact_manager_settle_async (artifacts, self->holding, held_cb,
                                             g_object_ref (self));
  _runtime_use_request_reporter_set_phase (self->reporter, RUNTIME_USE_REQUEST_PHASE_UPLOAD);
}

/* Details of an error that says nothing about itself. */
static char *
describe_error (const GError *error)
{
  GString *json = g_string_new ("{\"error_name\":");
  const char *name = _runtime_use_error_get_name (error);

  _runtime_use_json_append_string (json, name, strlen (name));
  g_string_append_c (json, '}');

  return g_string_free (json, FALSE);
}

RuntimeUseMessage *
_runtime_use_error_message_for (const GError       *error,
                                const char         *metadata,
                                RuntimeUseRedactor *redactor)
{
  g_autofree char *description = metadata == NULL ? describe_error (error) : NULL;
  g_autoptr(RuntimeUseMessage) message = NULL;

  message = runtime_use_error_message_new (error->message,
                                           metadata != NULL ? metadata : description);

  return _runtime_use_fit_error (_runtime_use_message_redact (message, redactor));
}

static void
request_end_failed (RuntimeUseRequest *self,
                    const GError      *error,
                    const char        *metadata)
{
  if (self->error_name == NULL)
    self->error_name = _runtime_use_error_get_name (error);
  request_end (self, _runtime_use_error_message_for (error, metadata, self->redactor));
}

/* Takes the error. A cancel replaces whatever else became of the request. */
static void
request_fail (RuntimeUseRequest *self,
              GError            *error,
              const char        *metadata)
{
  g_autoptr(GError) reason = error;

  if (self->ended || self->terminal != NULL)
    return;

  /* The client asked for the cancel, but not for what went wrong with it. */
  if (self->cancelled && reason != NULL &&
      !g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    runtime_use_logger_info (_runtime_use_request_reporter_get_logger (self->reporter),
                             reason->message);

  if (self->cancelled)
    request_end (self, NULL);
  else
    request_end_failed (self, reason, metadata);
}

/* Steps may end at once or later; the loop spares the stack. Whichever ends the request has its
 * owner drop it. */
static void
request_next (RuntimeUseRequest *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseRequest) alive = g_object_ref (self);

  self->step_done = TRUE;
  if (self->stepping)
    return;

  self->stepping = TRUE;
  while (self->step_done && !self->ended)
    {
      self->step_done = FALSE;
      self->step++;
      if (self->cancelled)
        request_fail (self, NULL, NULL);
      else
        self->steps[self->step] (self);
    }
  self->stepping = FALSE;
}

/* Tells that the phase has begun. Whoever is told may cancel; then the step must do nothing. */
static gboolean
request_enter_phase (RuntimeUseRequest      *self,
                     RuntimeUseRequestPhase  phase)
{
  _runtime_use_request_reporter_set_phase (self->reporter, phase);
  if (self->cancelled && !self->ended)
    request_fail (self, NULL, NULL);

  return !self->ended && self->terminal == NULL;
}

/* Artifacts */

static void watch_next_folder (RuntimeUseRequest *self);

static void
folder_watched_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(RuntimeUseRequest) self = user_data;
  GError *error = NULL;

  if (runtime_use_artifact_manager_watch_finish (RUNTIME_USE_ARTIFACT_MANAGER (object), result,
                                                 &error))
    watch_next_folder (self);
  else
    request_fail (self, error, NULL);
}

static void
watch_next_folder (RuntimeUseRequest *self)
{
  const char *folder =
    runtime_use_request_message_get_artifacts_dirs (self->message)[self->n_watched];

  if (folder == NULL)
    {
      request_next (self);
      return;
    }

  if (!request_enter_phase (self, RUNTIME_USE_REQUEST_PHASE_DOWNLOAD))
    return;

  self->n_watched++;
  runtime_use_artifact_manager_watch_async (
    self->owner->get_artifacts (self->owner_data, TRUE), folder,
    runtime_use_request_message_get_artifacts_ignore_content (self->message),
    self->cancellable, folder_watched_cb, g_object_ref (self));
}

/* Offers that were made since the last request hold up this one no more. */
static void
watch_folders (RuntimeUseRequest *self)
{
  request_lay_offers_aside (self);
  watch_next_folder (self);
}

static void
delay_over (gpointer user_data)
{
  RuntimeUseRequest *self = user_data;

  self->delay = NULL;
  request_next (self);
}

static void
delay_end (RuntimeUseRequest *self)
{
  if (self->settings->post_invocation_delay == 0)
    request_next (self);
  else if (request_enter_phase (self, RUNTIME_USE_REQUEST_PHASE_UPLOAD))
    self->delay = _runtime_use_clock_set_alarm (self->clock,
                                                self->settings->post_invocation_delay,
                                                delay_over, self);
}

/* Downloads */

static void download_next_file (RuntimeUseRequest *self);

static void
downloaded_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RuntimeUseRequest) self = user_data;
  g_autofree char *path = NULL;
  GError *error = NULL;

  path = runtime_use_download_handler_run_finish (RUNTIME_USE_DOWNLOAD_HANDLER (object), result,
                                                  &error);
  if (error == NULL)
    download_next_file (self);
  else
    request_fail (self, error, NULL);
}

static void
download_progress_cb (RuntimeUseDownloadHandler *download,
                      guint64                    received,
                      guint64                    total,
                      RuntimeUseRequest         *self)
{
  g_autoptr(RuntimeUseMessage) message =
    runtime_use_download_progress_message_new (self->n_downloaded - 1, received, total);

  _runtime_use_request_reporter_say (self->reporter, message);
}

static RuntimeUseDownloadHandler *
make_download (RuntimeUseRequest      *self,
               RuntimeUseDownloadable *downloadable)
{
  RuntimeUseDownloadHandler *download;

  download = g_object_new (RUNTIME_USE_TYPE_DOWNLOAD_HANDLER,
                           "downloadable", downloadable,
                           "allow-local", self->settings->allow_local_downloads,
                           "connect-timeout", self->settings->download_connect_timeout,
                           "timeout", self->settings->download_timeout,
                           "idle-timeout", self->settings->download_idle_timeout,
                           "max-size", self->settings->max_download_size,
                           "max-extracted-size", self->settings->max_extracted_size,
                           "max-entries", self->settings->max_download_entries,
                           NULL);
  if (runtime_use_request_message_get_report_progress (self->message))
    g_signal_connect_object (download, "progress", G_CALLBACK (download_progress_cb), self, 0);

  return download;
}

/* One after the other, since a later archive may be meant to lie over an earlier one. */
static void
download_next_file (RuntimeUseRequest *self)
{
  GPtrArray *downloadables = runtime_use_request_message_get_downloadables (self->message);
  g_autoptr(RuntimeUseDownloadHandler) download = NULL;

  if (self->n_downloaded == downloadables->len)
    {
      request_next (self);
      return;
    }

  if (!request_enter_phase (self, RUNTIME_USE_REQUEST_PHASE_DOWNLOAD))
    return;

  download = make_download (self, g_ptr_array_index (downloadables, self->n_downloaded++));
  runtime_use_download_handler_run_async (download, self->cancellable, downloaded_cb,
                                          g_object_ref (self));
}

/* Commands */

static void
request_fail_command (RuntimeUseRequest *self,
                      int                exit_code)
{
  const char *when = self->outcome == NULL ? "pre" : "post";
  g_autofree char *metadata = NULL;
  GError *error;

  error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_COMMAND_FAILED,
                       "%s-agent command failed with exit code: %d", when, exit_code);
  metadata = g_strdup_printf ("{\"error_name\":\"command-failed\",\"exit_code\":%d}", exit_code);
  request_fail (self, error, metadata);
}

static void
commands_done (GObject *owner,
               int      exit_code,
               GError  *error)
{
  RuntimeUseRequest *self = RUNTIME_USE_REQUEST (owner);

  /* A list of results tells of a command that failed by itself. */
  if (error != NULL || self->cancelled || self->ended)
    request_fail (self, error, NULL);
  else if (exit_code == 0 || RUNTIME_USE_IS_COMMAND_EXECUTION_MESSAGE (self->message))
    request_next (self);
  else
    request_fail_command (self, exit_code);
}

static void
request_set_commands (RuntimeUseRequest *self,
                      GPtrArray         *commands,
                      const char        *name)
{
  g_clear_pointer (&self->commands, _runtime_use_command_sequence_free);
  self->commands = _runtime_use_command_sequence_new (commands, name, self->settings,
                                                      self->cancellable, self->reporter);
}

static void
request_run_commands (RuntimeUseRequest      *self,
                      GPtrArray              *commands,
                      const char             *name,
                      RuntimeUseRequestPhase  phase)
{
  if (commands->len == 0)
    {
      request_next (self);
      return;
    }

  if (!request_enter_phase (self, phase))
    return;

  request_set_commands (self, commands, name);
  _runtime_use_command_sequence_run (self->commands, commands_done, G_OBJECT (self));
}

static void
run_commands_before (RuntimeUseRequest *self)
{
  RuntimeUseInvocationMessage *message = RUNTIME_USE_INVOCATION_MESSAGE (self->message);

  request_run_commands (self, runtime_use_invocation_message_get_pre_commands (message),
                        "pre_agent_invocation_commands", RUNTIME_USE_REQUEST_PHASE_BEFORE);
}

static void
run_commands_after (RuntimeUseRequest *self)
{
  RuntimeUseInvocationMessage *message = RUNTIME_USE_INVOCATION_MESSAGE (self->message);

  request_run_commands (self, runtime_use_invocation_message_get_post_commands (message),
                        "post_agent_invocation_commands", RUNTIME_USE_REQUEST_PHASE_AFTER);
}

static void
run_commands (RuntimeUseRequest *self)
{
  RuntimeUseCommandExecutionMessage *message;

  if (!request_enter_phase (self, RUNTIME_USE_REQUEST_PHASE_AGENT))
    return;

  message = RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (self->message);
  request_set_commands (self, runtime_use_command_execution_message_get_commands (message),
                        "commands");
  _runtime_use_command_sequence_keep_results (self->commands);
  _runtime_use_command_sequence_run (self->commands, commands_done, G_OBJECT (self));
}

static void
finish_execution (RuntimeUseRequest *self)
{
  g_autoptr(GPtrArray) results = _runtime_use_command_sequence_make_results (self->commands);

  /* Its texts were redacted before they were cut. */
  request_end (self, runtime_use_command_execution_result_message_new (results));
}

/* The agent */

static void
read_output_format (RuntimeUseRequest *self)
{
  RuntimeUseInvocationMessage *message = RUNTIME_USE_INVOCATION_MESSAGE (self->message);
  const char *schema;
  GError *error = NULL;

  schema = runtime_use_invocation_message_get_output_format_json_schema_str (message);
  if (schema != NULL)
    self->output_format = _runtime_use_json_to_node (schema, &error);

  if (error == NULL)
    {
      request_next (self);
      return;
    }

  g_prefix_error (&error, "output_format_json_schema_str: ");
  request_fail (self, error, NULL);
}

static void
agent_done (GObject           *owner,
            RuntimeUseOutcome *outcome,
            GError            *error)
{
  RuntimeUseRequest *self = RUNTIME_USE_REQUEST (owner);
  g_autoptr(GError) late_error = error;

  self->outcome = outcome;
  if (self->cancelled)
    request_fail (self, NULL, NULL);
  else if (late_error != NULL)
    request_fail (self, g_steal_pointer (&late_error), NULL);
  else if (outcome->error != NULL)
    {
      /* Whatever name it gave its error is its own. */
      self->error_name = AGENT_FAILED_NAME;
      request_fail (self, g_error_copy (outcome->error), outcome->metadata);
    }
  else
    request_next (self);
}

static void
run_agent (RuntimeUseRequest *self)
{
  if (!request_enter_phase (self, RUNTIME_USE_REQUEST_PHASE_AGENT))
    return;

  self->agent = _runtime_use_agent_run_new (self->clock, self->settings, self->cancellable,
                                            self->reporter);
  _runtime_use_agent_run_start (self->agent, self->handler,
                                RUNTIME_USE_INVOCATION_MESSAGE (self->message),
                                self->output_format, agent_done, G_OBJECT (self));
}

static void
finish_invocation (RuntimeUseRequest *self)
{
  RuntimeUseOutcome *outcome = self->outcome;
  g_autoptr(RuntimeUseMessage) message = NULL;
  RuntimeUseMessage *fitting;

  if (outcome->text != NULL)
    message = runtime_use_result_message_new_text (outcome->text, outcome->metadata);
  else
    message = runtime_use_result_message_new_structured_output (outcome->structured_output,
                                                                outcome->metadata);

  fitting = _runtime_use_fit_result (_runtime_use_message_redact (message, self->redactor));
  if (RUNTIME_USE_IS_ERROR_MESSAGE (fitting))
    self->error_name = TOO_LARGE_NAME;
  request_end (self, fitting);
}

static const RequestStep invocation_steps[] = {
  watch_folders,
  download_next_file,
  run_commands_before,
  read_output_format,
  run_agent,
  run_commands_after,
  delay_end,
  finish_invocation,
};

static const RequestStep execution_steps[] = {
  watch_folders,
  download_next_file,
  run_commands,
  finish_execution,
};

RuntimeUseRequest *
_runtime_use_request_new (RuntimeUseRequestMessage        *message,
                          const char                      *name,
                          RuntimeUseAgentHandler          *handler,
                          RuntimeUseClock                 *clock,
                          const RuntimeUseSessionSettings *settings,
                          const RuntimeUseRequestOwner    *owner,
                          gpointer                         owner_data)
{
  RuntimeUseRequest *self = g_object_new (RUNTIME_USE_TYPE_REQUEST, NULL);

  self->message = g_object_ref (message);
  self->handler = g_object_ref (handler);
  self->clock = g_object_ref (clock);
  self->settings = settings;
  self->owner = owner;
  self->owner_data = owner_data;
  self->cancellable = g_cancellable_new ();
  self->redactor = _runtime_use_request_secrets_redactor (message, handler, settings->redact_env);
  self->reporter = _runtime_use_request_reporter_new (message, name, self->redactor,
                                                      owner, owner_data);
  self->steps = RUNTIME_USE_IS_INVOCATION_MESSAGE (message) ? invocation_steps : execution_steps;

  return self;
}

void
_runtime_use_request_start (RuntimeUseRequest *self)
{
  request_next (self);
}

/* The steps end what they started, then the one terminal follows. */
void
_runtime_use_request_cancel (RuntimeUseRequest *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseRequest) alive = g_object_ref (self);

  if (self->cancelled || self->ended)
    return;

  self->cancelled = TRUE;
  if (self->agent != NULL)
    _runtime_use_agent_run_stop (self->agent);
  g_cancellable_cancel (self->cancellable);
  if (self->holding != NULL)
    g_cancellable_cancel (self->holding);
  if (self->delay != NULL)
    {
      _runtime_use_clock_clear_alarm (self->clock, &self->delay);
      request_next (self);
    }
}

/* The owner goes away: ends all work and says nothing of it. */
void
_runtime_use_request_abandon (RuntimeUseRequest *self)
{
  if (self->ended)
    return;

  self->ended = TRUE;
  _runtime_use_request_reporter_silence (self->reporter);
  request_clear_alarms (self);
  if (self->agent != NULL)
    _runtime_use_agent_run_abandon (self->agent);
  g_cancellable_cancel (self->cancellable);
  if (self->holding != NULL)
    g_cancellable_cancel (self->holding);
}

void
_runtime_use_request_notify_drained (RuntimeUseRequest *self)
{
  if (self->commands != NULL)
    _runtime_use_command_sequence_notify_drained (self->commands);
  if (self->agent != NULL)
    _runtime_use_agent_run_notify_drained (self->agent);
}

gboolean
_runtime_use_request_is_cancelled (RuntimeUseRequest *self)
{
  return self->cancelled;
}

RuntimeUseRedactor *
_runtime_use_request_get_redactor (RuntimeUseRequest *self)
{
  return self->redactor;
}

RuntimeUseRequestPhase
_runtime_use_request_get_phase (RuntimeUseRequest *self)
{
  return _runtime_use_request_reporter_get_phase (self->reporter);
}

const char *
_runtime_use_request_get_kind (RuntimeUseRequest *self)
{
  return RUNTIME_USE_IS_INVOCATION_MESSAGE (self->message) ? "invocation" : "command";
}

const char *
_runtime_use_request_get_source_id (RuntimeUseRequest *self)
{
  return _runtime_use_request_reporter_get_source_id (self->reporter);
}

const char *
_runtime_use_request_get_model (RuntimeUseRequest *self)
{
  return _runtime_use_request_reporter_get_model (self->reporter);
}

const char *
_runtime_use_request_get_command (RuntimeUseRequest *self)
{
  return _runtime_use_request_reporter_get_command (self->reporter);
}

guint64
_runtime_use_request_get_output_bytes (RuntimeUseRequest *self)
{
  return _runtime_use_request_reporter_get_output_bytes (self->reporter);
}

const char *
_runtime_use_request_get_error_name (RuntimeUseRequest *self)
{
  return self->error_name;
}
