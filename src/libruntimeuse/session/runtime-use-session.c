/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session.h"

#include "runtime-use-command-handler-private.h"
#include "runtime-use-end-session-confirm-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-heartbeat-message.h"
#include "runtime-use-inbox-private.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-job-pool-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-message-private.h"
#include "runtime-use-random-name-private.h"
#include "runtime-use-session-artifacts-private.h"
#include "runtime-use-session-private.h"
#include "runtime-use-utf8-decoder-private.h"

/* The close code of a server that stops. */
#define CLOSE_GOING_AWAY 1001

/* So many ignored messages of a session are logged; the others are counted. */
#define MAX_LOGGED 10

/* So many refusals are queued for a client that reads nothing. */
#define MAX_REFUSED_FULL 1000

/**
 * RuntimeUseSession:
 *
 * One client's conversation with an agent.
 *
 * A session takes requests from its [iface@RuntimeUse.Channel], one at a time,
 * runs them, and answers each with exactly one terminal message. It lives as
 * long as the channel is open or something of it is still running; then its
 * state becomes `RUNTIME_USE_SESSION_STATE_CLOSED`.
 *
 * [class@RuntimeUse.Server] makes its sessions by itself. Programs with a
 * server of their own make a [class@RuntimeUse.WebsocketChannel] and a session
 * on top of it, and keep the session until [signal@RuntimeUse.Session::closed].
 *
 * Since: 0.1
 */

G_DEFINE_FINAL_TYPE (RuntimeUseSession, runtime_use_session, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_REQUEST_STARTED,
  SIGNAL_REQUEST_FINISHED,
  SIGNAL_CLOSED,
} RuntimeUseSessionSignal;

static guint signals[SIGNAL_CLOSED + 1];

static void session_settle (RuntimeUseSession *self);

/* Whether none have to be waited for. */
static gboolean
session_has_no_artifacts (RuntimeUseSession *self)
{
  return self->artifacts == NULL || _runtime_use_session_artifacts_is_done (self->artifacts);
}

static RuntimeUseSessionState
session_compute_state (RuntimeUseSession *self)
{
  if (self->channel_closed && self->request == NULL && self->finished == NULL &&
      self->n_ending == 0 && session_has_no_artifacts (self))
    return RUNTIME_USE_SESSION_STATE_CLOSED;
  if (self->ending || self->closing || self->channel_closed || self->stopping->len > 0)
    return RUNTIME_USE_SESSION_STATE_ENDING;
  if (self->request == NULL)
    return self->draining ? RUNTIME_USE_SESSION_STATE_ENDING : RUNTIME_USE_SESSION_STATE_IDLE;
  if (_runtime_use_request_is_cancelled (self->request))
    return RUNTIME_USE_SESSION_STATE_CANCELLING;

  return RUNTIME_USE_SESSION_STATE_BUSY;
}

static void
session_update_state (RuntimeUseSession *self)
{
  RuntimeUseSessionState state = session_compute_state (self);

  if (self->state == state)
    return;

  self->state = state;
  _runtime_use_session_notify_state (self);
}

static void
session_send_bytes (RuntimeUseSession *self,
                    GBytes            *bytes)
{
  if (!self->channel_closed && !self->closing)
    runtime_use_channel_send (self->channel, bytes);
}

static void
session_send (RuntimeUseSession *self,
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
  session_send (self, message);
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
      session_send (self, message);
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
  session_send (owner, message);
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
  _runtime_use_session_notify_request (self, request);
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
  session_send (self, terminal);
  session_update_state (self);
  g_signal_emit (self, signals[SIGNAL_REQUEST_FINISHED], 0, outcome);
  session_forget_request (self, request);
  session_settle (self);
}

/* Artifacts */

static void
artifacts_say (gpointer           owner,
               RuntimeUseMessage *message)
{
  session_send (owner, message);
}

static void
artifacts_done (gpointer owner)
{
  session_settle (owner);
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

/* The end */

static void
leftover_ended_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(RuntimeUseSession) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!runtime_use_command_handler_end_finish (RUNTIME_USE_COMMAND_HANDLER (object), result,
                                               &error))
    runtime_use_logger_warning (self->logger, error->message);

  self->n_ending--;
  session_settle (self);
}

static void
session_end_leftovers (RuntimeUseSession *self)
{
  for (guint i = 0; i < self->leftovers->len; i++)
    {
      self->n_ending++;
      runtime_use_command_handler_end_async (g_ptr_array_index (self->leftovers, i), NULL,
                                             leftover_ended_cb, g_object_ref (self));
    }
  g_ptr_array_set_size (self->leftovers, 0);
}

static void
session_return_stopping (RuntimeUseSession *self)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&self->stopping);

  self->stopping = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
session_close (RuntimeUseSession *self,
               guint              code)
{
  if (self->closing || self->channel_closed)
    return;

  self->closing = TRUE;
  runtime_use_channel_close (self->channel, code);
}

static void
session_confirm_end (RuntimeUseSession *self)
{
  g_autoptr(RuntimeUseMessage) message = runtime_use_end_session_confirm_message_new ();

  session_send (self, message);
  session_close (self, 0);
}

static void
session_log_closed (RuntimeUseSession *self)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("closed after %" G_GUINT64_FORMAT " requests; "
                          "%" G_GUINT64_FORMAT " messages were ignored",
                          self->n_requests, self->n_ignored);
  runtime_use_logger_debug (self->logger, text);
}

/* A client that ends its session in order may still fetch its files; one that is gone, or that we
 * leave, is sent what it has asked for. */
static void
session_end_artifacts (RuntimeUseSession *self)
{
  if (session_has_no_artifacts (self))
    return;

  if (self->stopping->len > 0)
    _runtime_use_session_artifacts_cancel (self->artifacts);
  else if (self->channel_closed)
    _runtime_use_session_artifacts_leave (self->artifacts);
  else if (self->ending)
    _runtime_use_session_artifacts_drain (self->artifacts);
  else if (self->draining)
    _runtime_use_session_artifacts_leave (self->artifacts);
}

/* Goes on as far as what still runs allows. */
static void
session_settle (RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);
  gboolean was_closed = self->state == RUNTIME_USE_SESSION_STATE_CLOSED;

  if (self->settling || self->finished != NULL)
    return;

  self->settling = TRUE;

  if (self->request == NULL)
    {
      session_end_artifacts (self);
      if (self->stopping->len > 0)
        session_close (self, CLOSE_GOING_AWAY);
      else if (self->ending && !self->closing && session_has_no_artifacts (self))
        session_confirm_end (self);
      else if (self->draining && session_has_no_artifacts (self))
        session_close (self, CLOSE_GOING_AWAY);

      if (self->closing || self->channel_closed)
        session_end_leftovers (self);
    }

  self->settling = FALSE;

  session_update_state (self);
  if (was_closed || self->state != RUNTIME_USE_SESSION_STATE_CLOSED)
    return;

  if (self->heartbeat != NULL)
    _runtime_use_clock_clear_alarm (self->clock, &self->heartbeat);
  session_log_closed (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  session_return_stopping (self);
}

static void
channel_closed_cb (RuntimeUseChannel *channel,
                   RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);

  self->channel_closed = TRUE;
  _runtime_use_inbox_close (self->inbox);
  if (self->request != NULL)
    _runtime_use_request_cancel (self->request);

  session_settle (self);
}

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
  _runtime_use_session_notify_request (self, request);
  session_update_state (self);
  g_signal_emit (self, signals[SIGNAL_REQUEST_STARTED], 0);
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

/* GObject */

static void
runtime_use_session_constructed (GObject *object)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  G_OBJECT_CLASS (runtime_use_session_parent_class)->constructed (object);

  /* A channel that is closed may not know it any more. */
  self->peer = runtime_use_channel_dup_peer (self->channel);
  self->connected_at = g_get_real_time ();
  self->inbox = _runtime_use_inbox_new (self->channel, inbox_cb, object);
  g_signal_connect_object (self->channel, "message", G_CALLBACK (channel_message_cb), self, 0);
  g_signal_connect_object (self->channel, "drained", G_CALLBACK (channel_drained_cb), self, 0);
  g_signal_connect_object (self->channel, "closed", G_CALLBACK (channel_closed_cb), self, 0);
}

static void
runtime_use_session_dispose (GObject *object)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  _runtime_use_inbox_close (self->inbox);
  if (self->request != NULL)
    _runtime_use_request_abandon (self->request);
  g_clear_object (&self->request);
  g_clear_pointer (&self->artifacts, _runtime_use_session_artifacts_free);

  if (self->heartbeat != NULL)
    _runtime_use_clock_clear_alarm (self->clock, &self->heartbeat);
  g_ptr_array_set_size (self->leftovers, 0);

  G_OBJECT_CLASS (runtime_use_session_parent_class)->dispose (object);
}

static void
runtime_use_session_finalize (GObject *object)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  g_clear_pointer (&self->inbox, _runtime_use_inbox_free);
  g_clear_object (&self->channel);
  g_clear_object (&self->handler);
  g_clear_object (&self->clock);
  g_clear_object (&self->logger);
  g_clear_object (&self->redactor);
  g_clear_object (&self->tracker);
  g_clear_pointer (&self->leftovers, g_ptr_array_unref);
  g_clear_pointer (&self->stopping, g_ptr_array_unref);
  _runtime_use_session_clear_properties (self);
  _runtime_use_job_pool_release ();

  G_OBJECT_CLASS (runtime_use_session_parent_class)->finalize (object);
}

static void
runtime_use_session_class_init (RuntimeUseSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = runtime_use_session_constructed;
  object_class->dispose = runtime_use_session_dispose;
  object_class->finalize = runtime_use_session_finalize;

  _runtime_use_session_install_properties (object_class);

  /**
   * RuntimeUseSession::request-started:
   * @self: the session
   *
   * A request was accepted and is about to run.
   *
   * What [property@RuntimeUse.Session:request-kind] and the others tell of it
   * is there already, and the state is busy. A handler may cancel the request.
   *
   * Since: 0.1
   */
  signals[SIGNAL_REQUEST_STARTED] =
    g_signal_new ("request-started",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);

  /**
   * RuntimeUseSession::request-finished:
   * @self: the session
   * @outcome: what became of the request
   *
   * A request came to its end.
   *
   * Its terminal message was handed to the channel, the counters count it, and
   * the state is idle, or ending if no other request will be taken. What is told
   * of the request, such as [property@RuntimeUse.Session:source-id], is still
   * there during the emission and is gone after it. Each
   * [signal@RuntimeUse.Session::request-started] is followed by this one before
   * [signal@RuntimeUse.Session::closed], unless the session is dropped first.
   *
   * Since: 0.1
   */
  signals[SIGNAL_REQUEST_FINISHED] =
    g_signal_new ("request-finished",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, RUNTIME_USE_TYPE_REQUEST_OUTCOME);

  /**
   * RuntimeUseSession::closed:
   * @self: the session
   *
   * The channel is closed, and nothing that the session started is left.
   *
   * Since: 0.1
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);
}

static void
runtime_use_session_init (RuntimeUseSession *self)
{
  /* What runs commands is kept ready between them. */
  _runtime_use_job_pool_hold ();
  self->id = _runtime_use_random_name ();
  self->leftovers = g_ptr_array_new_with_free_func (g_object_unref);
  self->stopping = g_ptr_array_new_with_free_func (g_object_unref);
  self->logger = runtime_use_logger_new (self->id);
  _runtime_use_session_settings_init (&self->settings);
}

/**
 * runtime_use_session_new:
 * @channel: how to speak to the client
 * @handler: the agent that answers invocations
 * @upload_tracker: (nullable): what sends the artifacts; sessions may share one
 *
 * Makes a session that answers what arrives on @channel.
 *
 * It works in the thread-default main context of its maker. The reference that
 * is returned keeps it going: a session that is dropped before
 * [signal@RuntimeUse.Session::closed] ends what it runs and says no more.
 *
 * Returns: (transfer full): a new session
 *
 * Since: 0.1
 */
RuntimeUseSession *
runtime_use_session_new (RuntimeUseChannel       *channel,
                         RuntimeUseAgentHandler  *handler,
                         RuntimeUseUploadTracker *upload_tracker)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (channel), NULL);
  g_return_val_if_fail (RUNTIME_USE_IS_AGENT_HANDLER (handler), NULL);
  g_return_val_if_fail (upload_tracker == NULL || RUNTIME_USE_IS_UPLOAD_TRACKER (upload_tracker),
                        NULL);

  return g_object_new (RUNTIME_USE_TYPE_SESSION,
                       "channel", channel,
                       "handler", handler,
                       "upload-tracker", upload_tracker,
                       NULL);
}

RuntimeUseSession *
_runtime_use_session_new_full (RuntimeUseChannel               *channel,
                               RuntimeUseAgentHandler          *handler,
                               RuntimeUseUploadTracker         *upload_tracker,
                               RuntimeUseClock                 *clock,
                               const RuntimeUseSessionSettings *settings)
{
  RuntimeUseSession *self = runtime_use_session_new (channel, handler, upload_tracker);

  self->clock = g_object_ref (clock);
  if (settings != NULL)
    self->settings = *settings;

  return self;
}

/**
 * runtime_use_session_get_id:
 * @self: a session
 *
 * Gets a name for @self that nobody can guess.
 *
 * Returns: a name
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_id (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->id;
}

/**
 * runtime_use_session_get_channel:
 * @self: a session
 *
 * Gets how @self speaks to its client.
 *
 * Returns: (transfer none): a channel
 *
 * Since: 0.1
 */
RuntimeUseChannel *
runtime_use_session_get_channel (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->channel;
}

/**
 * runtime_use_session_get_state:
 * @self: a session
 *
 * Gets what @self is doing.
 *
 * Returns: a state
 *
 * Since: 0.1
 */
RuntimeUseSessionState
runtime_use_session_get_state (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), RUNTIME_USE_SESSION_STATE_CLOSED);

  return self->state;
}

/**
 * runtime_use_session_get_peer:
 * @self: a session
 *
 * Gets who is at the other end.
 *
 * See [property@RuntimeUse.Session:peer].
 *
 * Returns: (transfer none) (nullable): a description, or `NULL` if the channel has none
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_peer (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->peer;
}

/**
 * runtime_use_session_get_connected_at:
 * @self: a session
 *
 * Gets when @self began.
 *
 * See [property@RuntimeUse.Session:connected-at].
 *
 * Returns: microseconds since the epoch
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_connected_at (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->connected_at;
}

/* The request that is shown: it runs, or its end is being told. */
static RuntimeUseRequest *
session_get_shown (RuntimeUseSession *self)
{
  return self->request != NULL ? self->request : self->finished;
}

/**
 * runtime_use_session_get_request_kind:
 * @self: a session
 *
 * Gets what kind of request is running.
 *
 * See [property@RuntimeUse.Session:request-kind].
 *
 * Returns: (transfer none) (nullable): `invocation`, `command`, or `NULL` if none is running
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_request_kind (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = session_get_shown (self);

  return request != NULL ? _runtime_use_request_get_kind (request) : NULL;
}

/**
 * runtime_use_session_get_source_id:
 * @self: a session
 *
 * Gets the client's own name for the request that is running.
 *
 * See [property@RuntimeUse.Session:source-id].
 *
 * Returns: (transfer none) (nullable): a name without secrets, of at most 256 bytes, or
 *   `NULL`; valid as long as the request is
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_source_id (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = session_get_shown (self);

  return request != NULL ? _runtime_use_request_get_source_id (request) : NULL;
}

/**
 * runtime_use_session_get_model:
 * @self: a session
 *
 * Gets the model that the invocation that is running names.
 *
 * See [property@RuntimeUse.Session:model].
 *
 * Returns: (transfer none) (nullable): a name without secrets, of at most 256 bytes, or
 *   `NULL`; valid as long as the request is
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_model (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = session_get_shown (self);

  return request != NULL ? _runtime_use_request_get_model (request) : NULL;
}

/**
 * runtime_use_session_get_phase:
 * @self: a session
 *
 * Gets how far the request that is running has come.
 *
 * See [property@RuntimeUse.Session:phase].
 *
 * Returns: a phase
 *
 * Since: 0.1
 */
RuntimeUseRequestPhase
runtime_use_session_get_phase (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), RUNTIME_USE_REQUEST_PHASE_NONE);

  request = session_get_shown (self);

  return request != NULL ? _runtime_use_request_get_phase (request)
                         : RUNTIME_USE_REQUEST_PHASE_NONE;
}

/**
 * runtime_use_session_get_command:
 * @self: a session
 *
 * Gets the command that is running.
 *
 * See [property@RuntimeUse.Session:command].
 *
 * Returns: (transfer none) (nullable): a command without secrets, of at most 1,024 bytes, or
 *   `NULL`; valid until [property@RuntimeUse.Session:command] changes
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_command (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = session_get_shown (self);

  return request != NULL ? _runtime_use_request_get_command (request) : NULL;
}

/**
 * runtime_use_session_get_request_started_at:
 * @self: a session
 *
 * Gets when the request that is running was accepted.
 *
 * See [property@RuntimeUse.Session:request-started-at].
 *
 * Returns: microseconds since the epoch, or 0 if none is running
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_request_started_at (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->request_started_at;
}

/**
 * runtime_use_session_get_requests_done:
 * @self: a session
 *
 * Gets how many requests came to their end.
 *
 * See [property@RuntimeUse.Session:requests-done].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_done (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_done;
}

/**
 * runtime_use_session_get_requests_failed:
 * @self: a session
 *
 * Gets how many requests ended with an error and were not cancelled.
 *
 * See [property@RuntimeUse.Session:requests-failed].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_failed (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_failed;
}

/**
 * runtime_use_session_get_requests_cancelled:
 * @self: a session
 *
 * Gets how many requests were cancelled.
 *
 * See [property@RuntimeUse.Session:requests-cancelled].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_cancelled (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_cancelled;
}

/**
 * runtime_use_session_get_output_bytes:
 * @self: a session
 *
 * Gets how much command output and how much of what the agent said was sent.
 *
 * See [property@RuntimeUse.Session:output-bytes].
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_output_bytes (RuntimeUseSession *self)
{
  guint64 running = 0;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  /* While its end is being told a request is counted already. */
  if (self->request != NULL)
    running = _runtime_use_request_get_output_bytes (self->request);

  return self->output_bytes + running;
}

/**
 * runtime_use_session_get_last_error:
 * @self: a session
 *
 * Gets what went wrong with the last request that failed.
 *
 * See [property@RuntimeUse.Session:last-error].
 *
 * Returns: (transfer none) (nullable): a text without secrets, of at most 512 bytes, or
 *   `NULL`; valid until the next request fails
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_last_error (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->last_error;
}

/**
 * runtime_use_session_get_last_error_name:
 * @self: a session
 *
 * Gets the name of the error of the last request that failed.
 *
 * See [property@RuntimeUse.Session:last-error-name].
 *
 * Returns: (transfer none) (nullable): a name, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_last_error_name (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->last_error_name;
}

/**
 * runtime_use_session_get_last_duration:
 * @self: a session
 *
 * Gets how long the last request took.
 *
 * See [property@RuntimeUse.Session:last-duration].
 *
 * Returns: a number of microseconds
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_last_duration (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->last_duration;
}

/**
 * runtime_use_session_cancel:
 * @self: a session
 *
 * Cancels the request that is running.
 *
 * All that it started is ended; then the client gets the error message
 * `Request cancelled`, as if it had asked for it.
 *
 * Returns: `FALSE` if no request is running
 *
 * Since: 0.1
 */
gboolean
runtime_use_session_cancel (RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = NULL;
  g_autoptr(RuntimeUseRequest) request = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), FALSE);

  if (self->request == NULL)
    return FALSE;

  alive = g_object_ref (self);
  request = g_object_ref (self->request);
  _runtime_use_request_cancel (request);
  session_update_state (self);

  return TRUE;
}

/**
 * runtime_use_session_end:
 * @self: a session
 *
 * Ends @self as if the client had asked for it: what runs is cancelled, the
 * end is confirmed, and the channel is closed.
 *
 * Since: 0.1
 */
void
runtime_use_session_end (RuntimeUseSession *self)
{
  g_autoptr(RuntimeUseSession) alive = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SESSION (self));

  if (self->ending || self->closing || self->channel_closed)
    return;

  alive = g_object_ref (self);
  self->ending = TRUE;
  runtime_use_session_cancel (self);
  session_settle (self);
}

/**
 * runtime_use_session_drain:
 * @self: a session
 *
 * Ends @self as soon as no request is running.
 *
 * A request that is running goes on to its terminal; another one is refused
 * with the error `The server is going away` (`busy`). Then what the client has
 * already asked for of the artifacts is sent, and the channel is closed with
 * code 1001. Nothing limits how long the request may still take:
 * [method@RuntimeUse.Session.stop_async] ends what is left.
 *
 * Does nothing if @self is draining or at its end already.
 *
 * Since: 0.1
 */
void
runtime_use_session_drain (RuntimeUseSession *self)
{
  g_autoptr(RuntimeUseSession) alive = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SESSION (self));

  if (self->draining)
    return;

  alive = g_object_ref (self);
  self->draining = TRUE;
  session_settle (self);
}

/**
 * runtime_use_session_stop_async:
 * @self: a session
 * @cancellable: (nullable): if triggered, the result is `G_IO_ERROR_CANCELLED`, though no sooner
 * @callback: (scope async): called when nothing of @self is left
 * @user_data: (closure callback): passed to @callback
 *
 * Cancels what runs, ends all that the session left running, and closes the
 * channel with code 1001.
 *
 * Since: 0.1
 */
void
runtime_use_session_stop_async (RuntimeUseSession   *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr(RuntimeUseSession) alive = NULL;
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_session_stop_async);

  if (self->state == RUNTIME_USE_SESSION_STATE_CLOSED)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  alive = g_object_ref (self);
  g_ptr_array_add (self->stopping, g_steal_pointer (&task));
  runtime_use_session_cancel (self);
  session_settle (self);
}

/**
 * runtime_use_session_stop_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Session.stop_async].
 *
 * Returns: `TRUE`, or `FALSE` with @error set if the waiting was cancelled
 *
 * Since: 0.1
 */
gboolean
runtime_use_session_stop_finish (RuntimeUseSession  *self,
                                 GAsyncResult       *result,
                                 GError            **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
