/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session.h"

#include "runtime-use-command-handler-private.h"
#include "runtime-use-end-session-confirm-message.h"
#include "runtime-use-job-pool-private.h"
#include "runtime-use-random-name-private.h"
#include "runtime-use-session-private.h"

/* The close code of a server that stops. */
#define CLOSE_GOING_AWAY 1001

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

void
_runtime_use_session_update_state (RuntimeUseSession *self)
{
  RuntimeUseSessionState state = session_compute_state (self);

  if (self->state == state)
    return;

  self->state = state;
  _runtime_use_session_notify_state (self);
}

void
_runtime_use_session_emit_request_started (RuntimeUseSession *self)
{
  g_signal_emit (self, signals[SIGNAL_REQUEST_STARTED], 0);
}

void
_runtime_use_session_emit_request_finished (RuntimeUseSession        *self,
                                            RuntimeUseRequestOutcome  outcome)
{
  g_signal_emit (self, signals[SIGNAL_REQUEST_FINISHED], 0, outcome);
}

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
  _runtime_use_session_settle (self);
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

  _runtime_use_session_send (self, message);
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
void
_runtime_use_session_settle (RuntimeUseSession *self)
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

  _runtime_use_session_update_state (self);
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

  _runtime_use_session_settle (self);
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
  _runtime_use_session_listen (self);
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
    _runtime_use_session_settings_copy (&self->settings, settings);

  return self;
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
  _runtime_use_session_update_state (self);

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
  _runtime_use_session_settle (self);
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
  _runtime_use_session_settle (self);
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
  _runtime_use_session_settle (self);
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
