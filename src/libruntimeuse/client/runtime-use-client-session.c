/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-session.h"

#include "runtime-use-cancel-message.h"
#include "runtime-use-client-answer-private.h"
#include "runtime-use-client-artifacts-private.h"
#include "runtime-use-client-call-private.h"
#include "runtime-use-client-connection-private.h"
#include "runtime-use-client-end-private.h"
#include "runtime-use-client-reports-private.h"
#include "runtime-use-client-session-private.h"
#include "runtime-use-end-session-confirm-message.h"
#include "runtime-use-end-session-message.h"
#include "runtime-use-file-exchange-private.h"
#include "runtime-use-message-private.h"

#define CLOSE_NORMAL         1000
#define CLOSE_PROTOCOL_ERROR 1002

/**
 * RuntimeUseClientSession:
 *
 * A client's conversation with a runtime.
 *
 * A session sends requests over its [iface@RuntimeUse.Channel], one after the
 * other, and waits for the answer of each. What happens meanwhile is told with
 * signals, in order and before the request completes. A request that is made
 * while another one runs fails with `RUNTIME_USE_ERROR_BUSY`, and the one that
 * runs goes on.
 *
 * [class@RuntimeUse.Client] makes sessions. All happens in the thread-default
 * main context in which the session was made.
 *
 * When a request is cancelled or takes longer than
 * [property@RuntimeUse.ClientSession:timeout], the server is asked to stop, and
 * the request fails when it has; then the session is free for the next one. A
 * server that does not react within
 * [property@RuntimeUse.ClientSession:cancel-timeout] costs the session.
 *
 * A session that is dropped closes its channel.
 *
 * Since: 0.1
 */

struct _RuntimeUseClientSession
{
  GObject                     parent_instance;

  RuntimeUseClientConnection *connection;   /* we are alive until it is closed, if we close it */
  RuntimeUseClock            *clock;
  RuntimeUseSession          *runtime;      /* (nullable): the other end is elsewhere */
  RuntimeUseClientSettings    settings;
  RuntimeUseFileExchange     *files;        /* (nullable) */

  RuntimeUseClientCall       *call;         /* (nullable): none is running */
  RuntimeUseClientEnd        *end;          /* begins when we say that we send no more */

  gboolean                    is_paused;    /* the user wants no more for now */
  gboolean                    is_closed;
};

G_DEFINE_FINAL_TYPE (RuntimeUseClientSession, runtime_use_client_session, G_TYPE_OBJECT)

typedef enum
{
  PROP_CHANNEL = 1,
  PROP_IS_CLOSED,
  PROP_FILE_EXCHANGE,
  PROP_FIRST_SETTING,
} RuntimeUseClientSessionProperty;

typedef enum
{
  SIGNAL_CLOSED,
} RuntimeUseClientSessionSignal;

static GParamSpec *properties[PROP_FILE_EXCHANGE + 1];
static guint signals[SIGNAL_CLOSED + 1];

/* Reading */

/* What was cancelled has to come to its end, however slow the user is with its output. */
static gboolean
session_must_read (RuntimeUseClientSession *self)
{
  return _runtime_use_client_end_has_begun (self->end) ||
         _runtime_use_client_connection_is_closing (self->connection) ||
         (self->call != NULL && _runtime_use_client_call_get_verdict (self->call) != NULL);
}

static void
session_update_reading (RuntimeUseClientSession *self)
{
  _runtime_use_client_connection_set_paused (self->connection,
                                             self->is_paused && !session_must_read (self));
}

/* The end */

/* Goes on as far as what is left of the channel and the other end allows. */
static void
session_settle (RuntimeUseClientSession *self)
{
  if (self->is_closed || !_runtime_use_client_connection_is_closed (self->connection))
    return;

  _runtime_use_client_end_stop_clock (self->end);
  if (self->runtime != NULL &&
      runtime_use_session_get_state (self->runtime) != RUNTIME_USE_SESSION_STATE_CLOSED)
    return;

  self->is_closed = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  _runtime_use_client_end_complete (self->end);
  if (_runtime_use_client_connection_is_closing (self->connection))
    g_object_unref (self);
}

static void
runtime_closed_cb (RuntimeUseSession       *runtime,
                   RuntimeUseClientSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseClientSession) alive = g_object_ref (self);

  session_settle (self);
}

static void
session_fail_call (RuntimeUseClientSession *self,
                   const GError            *error,
                   const char              *metadata_json)
{
  RuntimeUseClientCall *call = g_steal_pointer (&self->call);

  if (call == NULL)
    return;

  /* The slot is free when the caller hears of it. */
  session_update_reading (self);
  _runtime_use_client_call_fail (call, error, metadata_json);
}

static void
connection_closed (gpointer owner)
{
  RuntimeUseClientSession *self = owner;

  if (self->call != NULL)
    {
      g_autoptr(GError) error = NULL;

      error = _runtime_use_client_connection_dup_loss (self->connection, "answered");
      session_fail_call (self, error, NULL);
    }
  if (_runtime_use_client_end_has_begun (self->end) &&
      !_runtime_use_client_connection_is_closing (self->connection))
    _runtime_use_client_end_fail (self->end,
                                  _runtime_use_client_connection_dup_loss (self->connection,
                                                                           "confirmed the end"));

  session_settle (self);
}

static void
session_close (RuntimeUseClientSession *self,
               guint                    code)
{
  if (!_runtime_use_client_connection_is_open (self->connection))
    return;

  /* Until the connection is closed, so that it can say goodbye. */
  g_object_ref (self);
  _runtime_use_client_end_stop_clock (self->end);
  _runtime_use_client_connection_close (self->connection, self->clock, code);
}

/* The session is of no use any more. Who hears of it may close it with another code. */
static void
session_break (RuntimeUseClientSession *self,
               const GError            *error,
               guint                    code)
{
  RuntimeUseClientCall *call = g_steal_pointer (&self->call);

  session_close (self, code);
  if (call != NULL)
    _runtime_use_client_call_fail (call, error, NULL);
}

/* What the call and the end ask for */

static void
call_cancel (gpointer owner)
{
  RuntimeUseClientSession *self = owner;
  g_autoptr(RuntimeUseMessage) message = runtime_use_cancel_message_new ();

  session_update_reading (self);
  _runtime_use_client_connection_send (self->connection, message);
}

static void
give_up (gpointer      owner,
         const GError *error)
{
  g_autoptr(RuntimeUseClientSession) self = g_object_ref (owner);

  session_break (self, error, CLOSE_NORMAL);
}

static const RuntimeUseClientCallOwner call_owner = {
  .cancel = call_cancel,
  .give_up = give_up,
};

static void
end_close (gpointer owner)
{
  runtime_use_client_session_close (owner);
}

static const RuntimeUseClientEndOwner end_owner = {
  .give_up = give_up,
  .close = end_close,
};

/* What the server says */

/* What was cancelled fails with that, whatever the answer is. */
static void
session_take_answer (RuntimeUseClientSession *self,
                     RuntimeUseClientAnswer  *answer)
{
  const GError *verdict = _runtime_use_client_call_get_verdict (self->call);
  RuntimeUseClientCall *call;

  if (verdict != NULL)
    {
      if (answer->is_terminal)
        session_fail_call (self, verdict, answer->metadata_json);
    }
  else if (answer->breaks_protocol)
    {
      session_break (self, answer->error, CLOSE_PROTOCOL_ERROR);
    }
  else if (answer->error != NULL)
    {
      session_fail_call (self, answer->error, answer->metadata_json);
    }
  else
    {
      call = g_steal_pointer (&self->call);
      _runtime_use_client_call_return (call, g_steal_pointer (&answer->result));
    }
}

static void
session_take_confirm (RuntimeUseClientSession *self)
{
  const GError *verdict;

  if (!_runtime_use_client_end_has_begun (self->end))
    return;

  /* The server need not have answered what was running. */
  if (self->call != NULL)
    {
      verdict = _runtime_use_client_call_get_verdict (self->call);
      session_fail_call (self, verdict, NULL);
    }
  session_close (self, CLOSE_NORMAL);
}

static void
session_take_offer (RuntimeUseClientSession                *self,
                    RuntimeUseArtifactUploadRequestMessage *message)
{
  g_autoptr(RuntimeUseArtifactUploadResponseMessage) answer = NULL;

  answer = _runtime_use_client_artifacts_answer (self, self->files, message);
  if (answer != NULL)
    _runtime_use_client_connection_send (self->connection, RUNTIME_USE_MESSAGE (answer));
}

static gboolean
session_is_query (RuntimeUseClientSession *self)
{
  return _runtime_use_client_call_is (self->call, runtime_use_client_session_query_async);
}

static void
session_handle (RuntimeUseClientSession *self,
                RuntimeUseMessage       *message)
{
  g_auto(RuntimeUseClientAnswer) answer = { 0 };

  if (RUNTIME_USE_IS_END_SESSION_CONFIRM_MESSAGE (message))
    session_take_confirm (self);
  else if (RUNTIME_USE_IS_ARTIFACT_UPLOAD_REQUEST_MESSAGE (message))
    session_take_offer (self, RUNTIME_USE_ARTIFACT_UPLOAD_REQUEST_MESSAGE (message));
  else if (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESULT_MESSAGE (message))
    _runtime_use_client_artifacts_take_result (self, self->files,
                                               RUNTIME_USE_ARTIFACT_UPLOAD_RESULT_MESSAGE
                                                 (message));
  else if (self->call == NULL)
    g_debug ("ignored a %s that nobody asked for", runtime_use_message_get_message_type (message));
  else if (_runtime_use_client_answer_read (&answer, message, session_is_query (self)))
    session_take_answer (self, &answer);
  else if (!self->is_paused || !session_must_read (self))
    _runtime_use_client_reports_emit (self, message);
}

static void
session_reject (RuntimeUseClientSession *self,
                GBytes                  *bytes,
                const char              *message_type,
                const GError            *why)
{
  g_auto(RuntimeUseClientAnswer) answer = { 0 };

  if (self->call != NULL &&
      _runtime_use_client_answer_read_unusable (&answer, bytes, message_type, why))
    session_take_answer (self, &answer);
  else
    g_debug ("ignored a message: %s", why->message);
}

static void
connection_message (gpointer  owner,
                    GBytes   *bytes)
{
  RuntimeUseClientSession *self = owner;
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *message_type = NULL;

  if (self->call != NULL)
    _runtime_use_client_call_heard (self->call);

  message = _runtime_use_message_parse (bytes, &message_type, &error);
  if (message != NULL)
    session_handle (self, message);
  else
    session_reject (self, bytes, message_type, error);
}

static const RuntimeUseClientConnectionOwner connection_owner = {
  .message = connection_message,
  .closed = connection_closed,
};

/* GObject */

static void
runtime_use_client_session_constructed (GObject *object)
{
  RuntimeUseClientSession *self = RUNTIME_USE_CLIENT_SESSION (object);

  G_OBJECT_CLASS (runtime_use_client_session_parent_class)->constructed (object);

  g_return_if_fail (_runtime_use_client_connection_is_open (self->connection));

  self->clock = _runtime_use_main_clock_new ();
}

static void
runtime_use_client_session_dispose (GObject *object)
{
  RuntimeUseClientSession *self = RUNTIME_USE_CLIENT_SESSION (object);

  _runtime_use_client_connection_drop (self->connection);
  _runtime_use_client_end_stop_clock (self->end);
  if (self->runtime != NULL)
    g_signal_handlers_disconnect_by_data (self->runtime, self);
  g_clear_object (&self->runtime);

  G_OBJECT_CLASS (runtime_use_client_session_parent_class)->dispose (object);
}

static void
runtime_use_client_session_finalize (GObject *object)
{
  RuntimeUseClientSession *self = RUNTIME_USE_CLIENT_SESSION (object);

  g_clear_pointer (&self->connection, _runtime_use_client_connection_free);
  g_clear_object (&self->files);
  g_clear_pointer (&self->end, _runtime_use_client_end_free);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (runtime_use_client_session_parent_class)->finalize (object);
}

static void
runtime_use_client_session_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  RuntimeUseClientSession *self = RUNTIME_USE_CLIENT_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_client_settings_get_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                 value);
      return;
    }

  switch ((RuntimeUseClientSessionProperty) prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, _runtime_use_client_connection_get_channel (self->connection));
      break;

    case PROP_IS_CLOSED:
      g_value_set_boolean (value, self->is_closed);
      break;

    case PROP_FILE_EXCHANGE:
      g_value_set_object (value, self->files);
      break;

    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_client_session_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  RuntimeUseClientSession *self = RUNTIME_USE_CLIENT_SESSION (object);

  if (prop_id >= PROP_FIRST_SETTING)
    {
      _runtime_use_client_settings_set_property (&self->settings, prop_id - PROP_FIRST_SETTING,
                                                 value);
      return;
    }

  switch ((RuntimeUseClientSessionProperty) prop_id)
    {
    case PROP_CHANNEL:
      self->connection = _runtime_use_client_connection_new (g_value_get_object (value),
                                                             &connection_owner, self);
      break;

    case PROP_FILE_EXCHANGE:
      g_set_object (&self->files, g_value_get_object (value));
      break;

    case PROP_IS_CLOSED:
    case PROP_FIRST_SETTING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/**
 * RuntimeUseClientSession:timeout:
 *
 * How long a request may take, in seconds; 0 is as long as it likes.
 *
 * When it is over, the server is asked to stop, and the request fails with
 * `RUNTIME_USE_ERROR_TIMED_OUT` when it has. The default is 0. A change counts
 * for later requests.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClientSession:idle-timeout:
 *
 * How long the server may say nothing while a request runs, in seconds; 0 is as
 * long as it likes.
 *
 * Servers send a heartbeat every 15 seconds. When it is over, the request fails
 * with `RUNTIME_USE_ERROR_TIMED_OUT` and the session is closed. The time does
 * not run while the session is paused. The default is 60. A change counts for
 * later requests.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClientSession:cancel-timeout:
 *
 * How long the server may take to end a request that was cancelled or took too
 * long, in seconds.
 *
 * When it is over, the session is closed. The default is 10. A change counts
 * for later requests.
 *
 * Since: 0.1
 */

/**
 * RuntimeUseClientSession:end-timeout:
 *
 * How long the server may take to confirm the end of the session, in seconds.
 *
 * The default is 60.
 *
 * Since: 0.1
 */

static void
install_properties (GObjectClass *object_class)
{
  /**
   * RuntimeUseClientSession:channel:
   *
   * How the session speaks to the server; `NULL` when it is closed.
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
   * RuntimeUseClientSession:is-closed:
   *
   * Whether the session is over, and nothing of it is left.
   *
   * Since: 0.1
   */
  properties[PROP_IS_CLOSED] =
    g_param_spec_boolean ("is-closed", NULL, NULL, FALSE,
                          (G_PARAM_READABLE |
                           G_PARAM_EXPLICIT_NOTIFY |
                           G_PARAM_STATIC_STRINGS));

  /**
   * RuntimeUseClientSession:file-exchange:
   *
   * The folders that requests work with, or `NULL`.
   *
   * It must have been started before a request is made, and be stopped only
   * after the session has ended.
   *
   * Since: 0.1
   */
  properties[PROP_FILE_EXCHANGE] =
    g_param_spec_object ("file-exchange", NULL, NULL,
                         RUNTIME_USE_TYPE_FILE_EXCHANGE,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  _runtime_use_client_settings_install (object_class, PROP_FIRST_SETTING);
}

static void
runtime_use_client_session_class_init (RuntimeUseClientSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = runtime_use_client_session_constructed;
  object_class->dispose = runtime_use_client_session_dispose;
  object_class->finalize = runtime_use_client_session_finalize;
  object_class->get_property = runtime_use_client_session_get_property;
  object_class->set_property = runtime_use_client_session_set_property;

  install_properties (object_class);
  _runtime_use_client_reports_install (G_TYPE_FROM_CLASS (klass));
  _runtime_use_client_artifacts_install (G_TYPE_FROM_CLASS (klass));

  /**
   * RuntimeUseClientSession::closed:
   * @self: the session
   *
   * The session is over. When the runtime was in this process, nothing that it
   * started is left. Emitted once.
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
runtime_use_client_session_init (RuntimeUseClientSession *self)
{
  self->end = _runtime_use_client_end_new (&end_owner, self);
  _runtime_use_client_settings_init (&self->settings);
}

RuntimeUseClientSession *
_runtime_use_client_session_new_full (RuntimeUseChannel              *channel,
                                      RuntimeUseClock                *clock,
                                      const RuntimeUseClientSettings *settings,
                                      RuntimeUseSession              *runtime)
{
  RuntimeUseClientSession *self;

  self = g_object_new (RUNTIME_USE_TYPE_CLIENT_SESSION, "channel", channel, NULL);
  g_set_object (&self->clock, clock);
  if (settings != NULL)
    self->settings = *settings;
  if (runtime != NULL)
    {
      self->runtime = g_object_ref (runtime);
      g_signal_connect (runtime, "closed", G_CALLBACK (runtime_closed_cb), self);
    }

  return self;
}

/**
 * runtime_use_client_session_new:
 * @channel: an open channel to a runtime
 *
 * Makes a session that sends its requests over @channel.
 *
 * [method@RuntimeUse.Client.connect_async] is the usual way to get one.
 *
 * Returns: (transfer full): a new session
 *
 * Since: 0.1
 */
RuntimeUseClientSession *
runtime_use_client_session_new (RuntimeUseChannel *channel)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (channel), NULL);

  return g_object_new (RUNTIME_USE_TYPE_CLIENT_SESSION, "channel", channel, NULL);
}

/* Why no request can be made now. */
static GError *
session_dup_obstacle (RuntimeUseClientSession *self,
                      GCancellable            *cancellable)
{
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    return error;

  if (!_runtime_use_client_connection_is_open (self->connection))
    return g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                                "The session is closed");
  if (_runtime_use_client_end_has_begun (self->end))
    return g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                                "The session is being ended");
  if (self->call != NULL)
    return g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                                "Another request of this session is running");

  return NULL;
}

static RuntimeUseRequestMessage *
session_complete (RuntimeUseClientSession   *self,
                  RuntimeUseRequestMessage  *message,
                  GError                   **error)
{
  if (self->files == NULL)
    return g_object_ref (message);

  return _runtime_use_file_exchange_add_to (self->files, message, error);
}

void
_runtime_use_client_session_call (RuntimeUseClientSession  *self,
                                  RuntimeUseRequestMessage *message,
                                  GTask                    *task)
{
  GError *obstacle = session_dup_obstacle (self, g_task_get_cancellable (task));
  g_autoptr(RuntimeUseRequestMessage) request = NULL;

  /* Whether a request was cancelled is known only when the server has answered. */
  g_task_set_check_cancellable (task, FALSE);
  if (obstacle == NULL)
    request = session_complete (self, message, &obstacle);
  if (obstacle != NULL)
    {
      g_task_return_error (task, obstacle);
      g_object_unref (task);
      return;
    }

  self->call = _runtime_use_client_call_new (task, self->clock, &self->settings, &call_owner,
                                             self);
  if (self->is_paused)
    _runtime_use_client_call_set_paused (self->call, TRUE);
  _runtime_use_client_connection_send (self->connection, RUNTIME_USE_MESSAGE (request));
}

/**
 * runtime_use_client_session_answer_upload:
 * @self: a session
 * @message: where to put a file
 *
 * Answers [signal@RuntimeUse.ClientSession::artifact-upload-request].
 *
 * Does nothing when the session is closed.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_answer_upload (RuntimeUseClientSession                 *self,
                                          RuntimeUseArtifactUploadResponseMessage *message)
{
  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));
  g_return_if_fail (RUNTIME_USE_IS_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message));

  if (_runtime_use_client_connection_is_open (self->connection))
    _runtime_use_client_connection_send (self->connection, RUNTIME_USE_MESSAGE (message));
}

/**
 * runtime_use_client_session_set_paused:
 * @self: a session
 * @paused: whether to stop reading
 *
 * Stops or continues reading what the server sends.
 *
 * Meant for who cannot keep up with the output: the server, and the command
 * that prints, are slowed down instead of memory being filled. While a session
 * is paused it emits no reports, and requests do not complete.
 *
 * A request that was cancelled or took too long, and a session that is being
 * ended, come to their end also while paused; what is printed until then is
 * dropped.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_set_paused (RuntimeUseClientSession *self,
                                       gboolean                 paused)
{
  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));

  paused = !!paused;
  if (self->is_paused == paused)
    return;

  self->is_paused = paused;
  if (_runtime_use_client_connection_is_closed (self->connection))
    return;

  if (self->call != NULL)
    _runtime_use_client_call_set_paused (self->call, paused);
  session_update_reading (self);
}

static void
session_start_end (RuntimeUseClientSession *self)
{
  g_autoptr(RuntimeUseMessage) message = runtime_use_end_session_message_new ();

  _runtime_use_client_end_begin (self->end, self->clock, self->settings.end_timeout);
  if (self->call != NULL)
    _runtime_use_client_call_cancel (self->call,
                                     g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                          "The session was ended"));
  session_update_reading (self);
  _runtime_use_client_connection_send (self->connection, message);
}

/**
 * runtime_use_client_session_end_async:
 * @self: a session
 * @cancellable: (nullable): closes the session without waiting for the server
 * @callback: (scope async): called when the session is closed
 * @user_data: (closure callback): passed to @callback
 *
 * Tells the server that no more requests follow, waits until it has done what
 * was left to do, and closes the session.
 *
 * A request that is running is cancelled.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_end_async (RuntimeUseClientSession *self,
                                      GCancellable            *cancellable,
                                      GAsyncReadyCallback      callback,
                                      gpointer                 user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_session_end_async);
  if (self->is_closed)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  _runtime_use_client_end_add_waiter (self->end, g_steal_pointer (&task));
  if (!_runtime_use_client_end_has_begun (self->end) &&
      _runtime_use_client_connection_is_open (self->connection))
    session_start_end (self);
}

/**
 * runtime_use_client_session_end_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.ClientSession.end_async].
 *
 * The session is closed also when this fails: with
 * `RUNTIME_USE_ERROR_TIMED_OUT` after
 * [property@RuntimeUse.ClientSession:end-timeout], with
 * `RUNTIME_USE_ERROR_CLOSED` when the channel was closed without a
 * confirmation, and with `G_IO_ERROR_CANCELLED`.
 *
 * Returns: `TRUE` if the server confirmed the end or the session was closed already, or `FALSE`
 *   with @error set
 *
 * Since: 0.1
 */
gboolean
runtime_use_client_session_end_finish (RuntimeUseClientSession  *self,
                                       GAsyncResult             *result,
                                       GError                  **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_client_session_close:
 * @self: a session
 *
 * Closes the session without waiting for anything.
 *
 * A request that is running fails with `RUNTIME_USE_ERROR_CLOSED`, and the
 * server ends it. [signal@RuntimeUse.ClientSession::closed] follows.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_close (RuntimeUseClientSession *self)
{
  G_GNUC_UNUSED g_autoptr(RuntimeUseClientSession) alive = NULL;
  g_autoptr(GError) error = NULL;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));

  if (!_runtime_use_client_connection_is_open (self->connection))
    return;

  alive = g_object_ref (self);
  error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                               "The session was closed");
  _runtime_use_client_end_fail (self->end, g_error_copy (error));
  session_break (self, error, CLOSE_NORMAL);
}

/**
 * runtime_use_client_session_is_closed:
 * @self: a session
 *
 * Gets whether the session is over, and nothing of it is left.
 *
 * Returns: `TRUE` after [signal@RuntimeUse.ClientSession::closed]
 *
 * Since: 0.1
 */
gboolean
runtime_use_client_session_is_closed (RuntimeUseClientSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), FALSE);

  return self->is_closed;
}
