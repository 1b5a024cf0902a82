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
#include "runtime-use-message-private.h"
#include "runtime-use-random-name-private.h"
#include "runtime-use-session-artifacts-private.h"
#include "runtime-use-session-private.h"

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

struct _RuntimeUseSession
{
  GObject                    parent_instance;

  RuntimeUseChannel         *channel;
  RuntimeUseInbox           *inbox;            /* of the channel */
  RuntimeUseAgentHandler    *handler;
  RuntimeUseClock           *clock;
  RuntimeUseSessionSettings  settings;
  RuntimeUseLogger          *logger;
  char                      *id;

  RuntimeUseRequest         *request;          /* (nullable): none is running */
  gint64                     request_started;  /* µs of the clock */
  gint64                     last_heartbeat;   /* µs of the clock; of this request */
  RuntimeUseAlarm           *heartbeat;        /* (nullable): kept over requests */
  RuntimeUseRedactor        *redactor;         /* (nullable): of the last request */

  RuntimeUseUploadTracker   *tracker;          /* (nullable): made when it is first needed */
  RuntimeUseSessionArtifacts *artifacts;       /* (nullable): no folder was named yet */

  GPtrArray                 *leftovers;        /* RuntimeUseCommandHandler that left something */
  guint                      n_ending;         /* leftovers that are being ended */
  GPtrArray                 *stopping;         /* GTask */

  RuntimeUseSessionState     state;
  guint64                    n_requests;
  guint64                    n_ignored;        /* messages that meant nothing to us */
  guint                      n_refused_full;   /* since the channel had room */
  gboolean                   ending;           /* the client said so */
  gboolean                   closing;          /* we closed the channel */
  gboolean                   channel_closed;
  gboolean                   settling;
};

G_DEFINE_FINAL_TYPE (RuntimeUseSession, runtime_use_session, G_TYPE_OBJECT)

typedef enum
{
  PROP_CHANNEL = 1,
  PROP_HANDLER,
  PROP_ID,
  PROP_STATE,
  PROP_UPLOAD_TRACKER,
  PROP_ARTIFACTS_PENDING,
  PROP_ARTIFACTS_UPLOADED,
  PROP_ARTIFACTS_FAILED,
  PROP_FIRST_SETTING,
} RuntimeUseSessionProperty;

typedef enum
{
  SIGNAL_CLOSED,
} RuntimeUseSessionSignal;

static GParamSpec *properties[PROP_ARTIFACTS_FAILED + 1];
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
  if (self->channel_closed && self->request == NULL && self->n_ending == 0 &&
      session_has_no_artifacts (self))
    return RUNTIME_USE_SESSION_STATE_CLOSED;
  if (self->ending || self->closing || self->channel_closed || self->stopping->len > 0)
    return RUNTIME_USE_SESSION_STATE_ENDING;
  if (self->request == NULL)
    return RUNTIME_USE_SESSION_STATE_IDLE;
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
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
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
request_ended (gpointer           owner,
               RuntimeUseMessage *terminal)
{
  RuntimeUseSession *self = owner;
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);

  /* The slot is free when the client reads this. */
  g_clear_object (&self->request);
  session_forget_leftovers (self);
  session_send (self, terminal);
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

/* A client that ends its session in order may still fetch its files; one that is gone is sent what
 * it has asked for. */
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
}

/* Goes on as far as what still runs allows. */
static void
session_settle (RuntimeUseSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseSession) alive = g_object_ref (self);
  gboolean was_closed = self->state == RUNTIME_USE_SESSION_STATE_CLOSED;

  if (self->settling)
    return;

  self->settling = TRUE;

  if (self->request == NULL)
    {
      session_end_artifacts (self);
      if (self->stopping->len > 0)
        session_close (self, CLOSE_GOING_AWAY);
      else if (self->ending && !self->closing && session_has_no_artifacts (self))
        session_confirm_end (self);

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
session_refuse (RuntimeUseSession *self)
{
  g_autoptr(GError) error = NULL;

  /* Channels stop reading when too much is pending; this is for those that do not. */
  if (runtime_use_channel_is_full (self->channel) && ++self->n_refused_full > MAX_REFUSED_FULL)
    {
      session_log_ignored (self, "a request while the client reads nothing");
      return;
    }

  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                               "Received request while another is in flight!");
  session_send_error (self, error);
}

static void
session_accept (RuntimeUseSession        *self,
                RuntimeUseRequestMessage *message)
{
  g_autoptr(RuntimeUseRequest) request = NULL;
  g_autofree char *name = NULL;

  if (self->request != NULL)
    {
      session_refuse (self);
      return;
    }

  /* The confirmation was sent, so no answer would arrive. */
  if (self->ending || self->closing)
    return;

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

  session_update_state (self);
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
  g_clear_pointer (&self->id, g_free);
  _runtime_use_job_pool_release ();

  G_OBJECT_CLASS (runtime_use_session_parent_class)->finalize (object);
}

static void
get_artifacts_count (RuntimeUseSession         *self,
                     RuntimeUseSessionProperty  property,
                     GValue                    *value)
{
  RuntimeUseArtifactManager *manager = request_get_artifacts (self, FALSE);
  guint64 count = 0;

  if (manager != NULL && property == PROP_ARTIFACTS_PENDING)
    count = runtime_use_artifact_manager_get_n_pending (manager);
  else if (manager != NULL && property == PROP_ARTIFACTS_UPLOADED)
    count = runtime_use_artifact_manager_get_n_uploaded (manager);
  else if (manager != NULL)
    count = runtime_use_artifact_manager_get_n_failed (manager);

  g_value_set_uint64 (value, count);
}

static void
runtime_use_session_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_get_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  switch ((RuntimeUseSessionProperty) prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, self->channel);
      break;

    case PROP_HANDLER:
      g_value_set_object (value, self->handler);
      break;

    case PROP_ID:
      g_value_set_string (value, self->id);
      break;

    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;

    case PROP_UPLOAD_TRACKER:
      g_value_set_object (value, self->tracker);
      break;

    case PROP_ARTIFACTS_PENDING:
    case PROP_ARTIFACTS_UPLOADED:
    case PROP_ARTIFACTS_FAILED:
      get_artifacts_count (self, prop_id, value);
      break;

    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_session_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  RuntimeUseSession *self = RUNTIME_USE_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_session_settings_set_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                  value);
      return;
    }

  switch ((RuntimeUseSessionProperty) prop_id)
    {
    case PROP_CHANNEL:
      self->channel = g_value_dup_object (value);
      break;

    case PROP_HANDLER:
      self->handler = g_value_dup_object (value);
      break;

    case PROP_UPLOAD_TRACKER:
      self->tracker = g_value_dup_object (value);
      break;

    case PROP_ID:
    case PROP_STATE:
    case PROP_ARTIFACTS_PENDING:
    case PROP_ARTIFACTS_UPLOADED:
    case PROP_ARTIFACTS_FAILED:
    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/**
 * RuntimeUseSession:heartbeat-interval:
 *
 * How often the client is told that its request is still running, in
 * milliseconds.
 *
 * The default is 15,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:cancel-grace:
 *
 * How long a cancelled agent may take to stop before its request ends
 * without it, in milliseconds.
 *
 * A built-in agent's script is first given its own period, so at least
 * [property@RuntimeUse.Session:kill-grace] and half a second are waited. The
 * default is 5,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:kill-grace:
 *
 * How long a command may take to stop after `SIGTERM` before it is killed, in
 * milliseconds.
 *
 * The default is 2,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:invocation-timeout:
 *
 * How long an agent may take to answer, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:command-timeout:
 *
 * How long a command may run, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-quiet:
 *
 * How long nothing must have happened to a file in an artifact folder that its
 * last writer has closed before it is offered, in milliseconds.
 *
 * The default is 40.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-hold:
 *
 * How long the answer to a request is held back at most until the files that
 * were just written are on their way, in milliseconds.
 *
 * A client that has its answer reads no offers any more. Nothing is held back
 * when nothing has changed, and after a cancel. The default is 5,000.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:artifact-wait:
 *
 * How long the end of a session waits for answers to offers, in seconds.
 *
 * What was answered by then is sent, within 50 seconds in all. The default is
 * 45.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:post-invocation-delay:
 *
 * How long an invocation waits before its result, in milliseconds.
 *
 * The default is 0: files are waited for anyway.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:allow-local-downloads:
 *
 * Whether files may be fetched from this machine and from networks that are not
 * public.
 *
 * Clients that run on the same machine serve files there, so the default is
 * `TRUE`. If not, see [property@RuntimeUse.DownloadHandler:allow-local].
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:download-timeout:
 *
 * How long the download of a file may take, in seconds.
 *
 * The default is a day.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:download-idle-timeout:
 *
 * How long nothing may arrive of a file that is downloaded, in seconds.
 *
 * The default is 60.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:max-download-size:
 *
 * How large a file may be that is downloaded, in bytes.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:max-extracted-size:
 *
 * How many bytes the members of an archive may have in all.
 *
 * The default is 64 GiB.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseSession:redact-env:
 *
 * Which values of a request's environment variables are treated as secrets,
 * besides those that the request names.
 *
 * Since: 0.1
 */

static void
install_identity (void)
{
  /**
   * RuntimeUseSession:channel:
   *
   * How the session speaks to its client.
   *
   * Since: 0.1
   */
  properties[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, NULL,
                         RUNTIME_USE_TYPE_CHANNEL,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:handler:
   *
   * The agent that answers invocations.
   *
   * Since: 0.1
   */
  properties[PROP_HANDLER] =
    g_param_spec_object ("handler", NULL, NULL,
                         RUNTIME_USE_TYPE_AGENT_HANDLER,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:id:
   *
   * A name that nobody can guess.
   *
   * Since: 0.1
   */
  properties[PROP_ID] =
    g_param_spec_string ("id", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:state:
   *
   * What the session is doing.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       RUNTIME_USE_TYPE_SESSION_STATE,
                       RUNTIME_USE_SESSION_STATE_IDLE,
                       (G_PARAM_READABLE |
                        G_PARAM_EXPLICIT_NOTIFY |
                        G_PARAM_STATIC_STRINGS));
}

static void
install_artifacts (void)
{
  /**
   * RuntimeUseSession:upload-tracker:
   *
   * What sends the artifacts. Sessions may share one; without one a session
   * makes its own when it needs it.
   *
   * Since: 0.1
   */
  properties[PROP_UPLOAD_TRACKER] =
    g_param_spec_object ("upload-tracker", NULL, NULL,
                         RUNTIME_USE_TYPE_UPLOAD_TRACKER,
                         (G_PARAM_READWRITE |
                          G_PARAM_CONSTRUCT_ONLY |
                          G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseSession:artifacts-pending:
   *
   * How many files were offered to the client and are not sent yet.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_PENDING] =
    g_param_spec_uint64 ("artifacts-pending", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:artifacts-uploaded:
   *
   * How many files were sent.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_UPLOADED] =
    g_param_spec_uint64 ("artifacts-uploaded", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * RuntimeUseSession:artifacts-failed:
   *
   * How many files could not be sent although the client had said where to.
   *
   * Since: 0.1
   */
  properties[PROP_ARTIFACTS_FAILED] =
    g_param_spec_uint64 ("artifacts-failed", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
runtime_use_session_class_init (RuntimeUseSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = runtime_use_session_constructed;
  object_class->dispose = runtime_use_session_dispose;
  object_class->finalize = runtime_use_session_finalize;
  object_class->get_property = runtime_use_session_get_property;
  object_class->set_property = runtime_use_session_set_property;

  install_identity ();
  install_artifacts ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_session_settings_install (object_class, PROP_FIRST_SETTING);

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
