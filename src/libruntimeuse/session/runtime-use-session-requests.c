/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-private.h"

#include "runtime-use-end-session-confirm-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-heartbeat-message.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-message-private.h"
#include "runtime-use-utf8-decoder-private.h"

/*
 * What a session does about what its client says: it takes requests, one at a
 * time, and passes on what they report.
 */

/* So many ignored messages of a session are logged; the others are counted. */
#define MAX_LOGGED 10

/* So many refusals are queued for a client that reads nothing. */
#define MAX_REFUSED_FULL 1000

static void
session_send_bytes (RuntimeUseSession *self,
                    GBytes            *bytes)
{
  if (!self->channel_closed && !self->closing)
    runtime_use_channel_send (self->channel, bytes);
}

void
_runtime_use_session_send (RuntimeUseSession *self,
                           RuntimeUseMessage *message)
{
  g_autoptr(GBytes) bytes = NULL;

  if (self->channel_closed || self->closing)
    return;

  bytes = runtime_use_message_to_bytes (message);
  session_send_bytes (self, bytes);
}

static void
session_send_error (RuntimeUseSession *self,
                    const GError      *error)
{
  g_autoptr(RuntimeUseMessage) message = NULL;

  if (self->redactor == NULL)
    self->redactor = runtime_use_redactor_new (NULL);
  message = _runtime_use_error_message_for (error, NULL, self->redactor);
  _runtime_use_session_send (self, message);
}

/* The heartbeat */

static void heartbeat_cb (gpointer user_data);

static void
session_set_heartbeat (RuntimeUseSession *self,
                       gint64             milliseconds)
{
  self->heartbeat = _runtime_use_clock_set_alarm (self->clock, milliseconds, heartbeat_cb, self);
}

/* The alarm outlives requests, so that a short one need not set and clear it. */
static void
heartbeat_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseSession) self = g_object_ref (user_data);
  const gint64 interval = self->settings.heartbeat_interval;
  gint64 now = _runtime_use_clock_get_time (self->clock);
  gint64 waited = (now - self->last_heartbeat) / 1000;

  self->heartbeat = NULL;
  if (self->request == NULL)
    return;

  if (waited < interval)
    {
      session_set_heartbeat (self, interval - waited);
      return;
    }

  /* A client that does not read needs no proof of life either. */
  if (!self->ending && !runtime_use_channel_is_full (self->channel))
    {
      g_autoptr(RuntimeUseMessage) message = NULL;

      message = runtime_use_heartbeat_message_new ("request_in_flight",
                                                   (now - self->request_started) / 1000);
      _runtime_use_session_send (self, message);
    }

  /* Sending may have found out that nobody is there. */
  if (self->request == NULL)
    return;

  self->last_heartbeat = now;
  session_set_heartbeat (self, interval);
}

/* What a request reports */

static void
request_event (gpointer           owner,
               RuntimeUseMessage *message)
{
  _runtime_use_session_send (owner, message);
}

static void
request_output (gpointer  owner,
                GBytes   *message)
{
  session_send_bytes (owner, message);
}

static gboolean
request_is_full (gpointer owner)
{
  RuntimeUseSession *self = owner;

  return !self->channel_closed && runtime_use_channel_is_full (self->channel);
}

static void
request_adopt (gpointer                  owner,
               RuntimeUseCommandHandler *command)
{
  RuntimeUseSession *self = owner;

  g_ptr_array_add (self->leftovers, g_object_ref (command));
}

/* What has ended by itself since need not be remembered. */
static void
session_forget_leftovers (RuntimeUseSession *self)
{
  for (guint i = self->leftovers->len; i > 0; i--)
    if (!runtime_use_command_handler_has_leftovers (g_ptr_array_index (self->leftovers, i - 1)))
      g_ptr_array_remove_index_fast (self->leftovers, i - 1);
}

static void
request_phase_changed (gpointer owner)
{
  _runtime_use_session_notify_phase (owner);
}

static void
request_command_changed (gpointer owner)
{
  _runtime_use_session_notify_command (owner);
}

static void
session_keep_error (RuntimeUseSession *self,
                    RuntimeUseRequest *request,
                    RuntimeUseMessage *terminal)
{
  const char *text = runtime_use_error_message_get_error (RUNTIME_USE_ERROR_MESSAGE (terminal));

  g_free (self->last_error);
  self->last_error = _runtime_use_utf8_cut (text, RUNTIME_USE_LIMIT_SHOWN_ERROR);
  self->last_error_name = _runtime_use_request_get_error_name (request);
  _runtime_use_session_notify_last_error (self);
}

static RuntimeUseRequestOutcome
session_count_request (RuntimeUseSession *self,
                       RuntimeUseRequest *request,
                       RuntimeUseMessage *terminal)
{
  self->n_done++;
  self->output_bytes += _runtime_use_request_get_output_bytes (request);
  self->last_duration = _runtime_use_clock_get_time (self->clock) - self->request_started;

  if (_runtime_use_request_is_cancelled (request))
    {
      self->n_cancelled++;
      return RUNTIME_USE_REQUEST_OUTCOME_CANCELLED;
    }

  if (!RUNTIME_USE_IS_ERROR_MESSAGE (terminal))
    return RUNTIME_USE_REQUEST_OUTCOME_SUCCEEDED;

  self->n_failed++;
  session_keep_error (self, request, terminal);

  return RUNTIME_USE_REQUEST_OUTCOME_FAILED;
}

static void
session_forget_request (RuntimeUseSession *self,
                        RuntimeUseRequest *request)
{
  self->finished = NULL;
  self->request_started_at = 0;
  if (_runtime_use_request_get_phase (request) != RUNTIME_USE_REQUEST_PHASE_NONE)
    _runtime_use_session_notify_phase (self);
}

static void
request_ended (gpointer           owner,
               RuntimeUseMessage *terminal)
{
  RuntimeUseSession *self = owner;
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);
  g_autoptr(RuntimeUseRequest) request = g_steal_pointer (&self->request);
  RuntimeUseRequestOutcome outcome;

  /* The slot is free when the client reads this, but nothing is settled before all were told. */
  self->finished = request;
  outcome = session_count_request (self, request, terminal);
  session_forget_leftovers (self);
  _runtime_use_session_send (self, terminal);
  _runtime_use_session_update_state (self);
  _runtime_use_session_emit_request_finished (self, outcome);
  session_forget_request (self, request);
  _runtime_use_session_settle (self);
}

/* Artifacts */

static void
artifacts_say (gpointer           owner,
               RuntimeUseMessage *message)
{
  _runtime_use_session_send (owner, message);
}

static void
artifacts_done (gpointer owner)
{
  _runtime_use_session_settle (owner);
}

static const RuntimeUseSessionArtifactsOwner artifacts_owner = {
  .say = artifacts_say,
  .done = artifacts_done,
};

static void
session_make_artifacts (RuntimeUseSession *self)
{
  RuntimeUseArtifactManager *manager;

  if (self->tracker == NULL)
    self->tracker = runtime_use_upload_tracker_new ();

  self->artifacts = _runtime_use_session_artifacts_new (self->tracker, self->logger, self->clock,
                                                        &self->settings, &artifacts_owner, self);
  manager = _runtime_use_session_artifacts_get_manager (self->artifacts);
  runtime_use_artifact_manager_set_redactor (manager, self->redactor);
}

static RuntimeUseArtifactManager *
request_get_artifacts (gpointer owner,
                       gboolean make)
{
  RuntimeUseSession *self = owner;

  if (self->artifacts == NULL && make)
    session_make_artifacts (self);

  return self->artifacts != NULL ? _runtime_use_session_artifacts_get_manager (self->artifacts)
                                 : NULL;
}

static const RuntimeUseRequestOwner request_owner = {
  .event = request_event,
  .output = request_output,
  .is_full = request_is_full,
  .adopt = request_adopt,
  .get_artifacts = request_get_artifacts,
  .phase_changed = request_phase_changed,
  .command_changed = request_command_changed,
  .ended = request_ended,
};

/* What the client says */

/* A client can send nonsense for ever, but it cannot fill a disk with it. */
static void
session_log_ignored (RuntimeUseSession *self,
                     const char        *what)
{
  g_autofree char *text = NULL;

  self->n_ignored++;
  if (self->n_ignored > MAX_LOGGED)
    return;

  text = g_strdup_printf ("ignored %s%s", what,
                          self->n_ignored == MAX_LOGGED ? "; more will only be counted" : "");
  runtime_use_logger_info (self->logger, text);
}

static void
session_refuse (RuntimeUseSession *self,
                const char        *why)
{
  g_autoptr(GError) error = NULL;

  /* Channels stop reading when too much is pending; this is for those that do not. */
  if (runtime_use_channel_is_full (self->channel) && ++self->n_refused_full > MAX_REFUSED_FULL)
    {
      session_log_ignored (self, "a request while the client reads nothing");
      return;
    }

  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY, why);
  session_send_error (self, error);
}

static void
session_accept (RuntimeUseSession        *self,
                RuntimeUseRequestMessage *message)
{
  g_autoptr(RuntimeUseRequest) request = NULL;
  g_autofree char *name = NULL;

  /* The confirmation was sent, so no answer would arrive. */
  if (self->request == NULL && (self->ending || self->closing))
    return;

  if (self->request != NULL || self->draining)
    {
      session_refuse (self, self->draining ? "The server is going away"
                                           : "Received request while another is in flight!");
      return;
    }

  if (self->clock == NULL)
    self->clock = _runtime_use_main_clock_new ();

  name = g_strdup_printf ("%.8s/%" G_GUINT64_FORMAT, self->id, ++self->n_requests);
  request = _runtime_use_request_new (message, name, self->handler, self->clock, &self->settings,
                                      &request_owner, self);
  g_set_object (&self->request, request);
  g_set_object (&self->redactor, _runtime_use_request_get_redactor (request));
  if (self->artifacts != NULL)
    runtime_use_artifact_manager_set_redactor (request_get_artifacts (self, FALSE),
                                               self->redactor);
  runtime_use_logger_set_redactor (self->logger, self->redactor);

  self->request_started = _runtime_use_clock_get_time (self->clock);
  self->last_heartbeat = self->request_started;
  if (self->heartbeat == NULL)
    session_set_heartbeat (self, self->settings.heartbeat_interval);

  self->request_started_at = g_get_real_time ();
  _runtime_use_session_update_state (self);
  _runtime_use_session_emit_request_started (self);
  _runtime_use_request_start (request);
}

/* Input that is no request must never end the one that is running: clients
 * would take the error for its answer.
 */
static void
session_reject (RuntimeUseSession *self,
                const char        *message_type,
                const GError      *error)
{
  gboolean needs_answer;

  needs_answer = g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED) ||
                 (message_type != NULL && _runtime_use_message_type_is_request (message_type)) ||
                 (message_type == NULL &&
                  g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE));

  if (needs_answer && self->request == NULL && !self->ending)
    session_send_error (self, error);
  else
    session_log_ignored (self, error->message);
}

static void
session_answer_upload (RuntimeUseSession                       *self,
                       RuntimeUseArtifactUploadResponseMessage *message)
{
  if (self->artifacts == NULL ||
      !runtime_use_artifact_manager_answer (request_get_artifacts (self, FALSE), message))
    session_log_ignored (self, "an address for a file that was not offered");
}

static void
session_handle (RuntimeUseSession *self,
                RuntimeUseMessage *message)
{
  const char *type = runtime_use_message_get_message_type (message);

  if (RUNTIME_USE_IS_REQUEST_MESSAGE (message))
    session_accept (self, RUNTIME_USE_REQUEST_MESSAGE (message));
  else if (g_str_equal (type, "cancel_message"))
    runtime_use_session_cancel (self);
  else if (g_str_equal (type, "end_session_message"))
    runtime_use_session_end (self);
  else if (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message))
    session_answer_upload (self, RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message));
  else
    session_log_ignored (self, type);
}

static void
inbox_cb (GObject           *owner,
          RuntimeUseMessage *message,
          const char        *message_type,
          const GError      *error)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (owner);

  if (self->channel_closed || self->closing)
    return;

  if (message != NULL)
    session_handle (self, message);
  else
    session_reject (self, message_type, error);
}

static void
channel_message_cb (RuntimeUseChannel *channel,
                    GBytes            *bytes,
                    RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);

  if (!self->channel_closed && !self->closing)
    _runtime_use_inbox_take (self->inbox, bytes);
}

static void
channel_drained_cb (RuntimeUseChannel *channel,
                    RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);
  g_autoptr(RuntimeUseRequest) request = NULL;

  self->n_refused_full = 0;
  if (self->request == NULL)
    return;

  request = g_object_ref (self->request);
  _runtime_use_request_notify_drained (request);
}

void
_runtime_use_session_listen (RuntimeUseSession *self)
{
  self->inbox = _runtime_use_inbox_new (self->channel, inbox_cb, G_OBJECT (self));
  g_signal_connect_object (self->channel, "message", G_CALLBACK (channel_message_cb), self, 0);
  g_signal_connect_object (self->channel, "drained", G_CALLBACK (channel_drained_cb), self, 0);
}
