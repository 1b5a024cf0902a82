/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-server.h"

#include "runtime-use-job-pool-private.h"
#include "runtime-use-page-private.h"
#include "runtime-use-server-handler-private.h"
#include "runtime-use-server-private.h"
#include "runtime-use-session-private.h"
#include "runtime-use-source-private.h"

/**
 * RuntimeUseServer:
 *
 * Serves clients over WebSockets.
 *
 * Set it up, call [method@RuntimeUse.Server.start], and run the main loop. Each
 * connection becomes a [class@RuntimeUse.Session]; what clients ask an agent
 * goes to the handlers of [signal@RuntimeUse.Server::invocation] and then to
 * [property@RuntimeUse.Server:handler].
 *
 * Without further ado only this machine is served. Programs of other people on
 * it and web pages in a browser are what is left to keep out: a request with an
 * `Origin` that is not in [property@RuntimeUse.Server:allowed-origins] or with a
 * `Host` that is not ours is refused with status 403 before a message is read.
 * To serve other machines set [property@RuntimeUse.Server:host], and a
 * [property@RuntimeUse.Server:token] that clients have to show.
 *
 * There can be several servers in one process. A server works in the
 * thread-default main context of the moment of its start, and must be used from
 * the thread of that context only.
 *
 * Properties that say how to listen and whom to let in take effect when the
 * server is started, those about sessions with the next session.
 *
 * Since: 0.1
 */

/* How long a client may take to answer when its connection is closed. */
#define CLOSE_TIMEOUT_MS  3000
#define LINGER_TIMEOUT_MS 3000

/*
 * What a stop may take: less than the 5 s after which a supervisor loses
 * patience. Agents and commands have to be done before that.
 */
#define STOP_TIMEOUT_MS 4500
#define STOP_GRACE_MS   2000

#define GOING_AWAY "The server is going away"

G_DEFINE_FINAL_TYPE (RuntimeUseServer, runtime_use_server, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_INVOCATION,
  SIGNAL_SESSION_OPENED,
  SIGNAL_SESSION_CLOSED,
} RuntimeUseServerSignal;

static guint signals[SIGNAL_SESSION_CLOSED + 1];

/* The end of sessions and of the server */

static void
close_listener (RuntimeUseServer *self)
{
  if (self->listener == NULL)
    return;

  g_clear_pointer (&self->listener, _runtime_use_listener_free);
  _runtime_use_job_pool_release ();
}

static void
remove_session (RuntimeUseServer  *self,
                RuntimeUseSession *session)
{
  g_object_ref (session);
  if (_runtime_use_session_list_remove (self->sessions, session))
    g_signal_emit (self, signals[SIGNAL_SESSION_CLOSED], 0, session);
  g_object_unref (session);
}

static void
set_draining (RuntimeUseServer *self,
              gboolean          is_draining)
{
  if (self->is_draining == is_draining)
    return;

  self->is_draining = is_draining;
  g_object_notify (G_OBJECT (self), "draining");
}

static void
finish_stop (RuntimeUseServer *self)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);
  g_autoptr(GPtrArray) left = NULL;

  /* Whoever is told of an end here may start the server again. */
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  _runtime_use_clear_source (&self->stop_deadline);
  _runtime_use_clear_source (&self->stop_check);
  close_listener (self);
  g_clear_object (&self->clock);
  g_clear_object (&self->tracker);
  g_clear_pointer (&self->context, g_main_context_unref);

  /* What is dropped ends what it runs. */
  left = _runtime_use_session_list_dup_all (self->sessions);
  if (left->len > 0)
    runtime_use_logger_warning (self->logger, "Stopped without waiting for all sessions to end");
  for (guint i = 0; i < left->len; i++)
    remove_session (self, g_ptr_array_index (left, i));
  set_draining (self, FALSE);

  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static gboolean
stop_check_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseServer) self = g_object_ref (user_data);

  _runtime_use_clear_source (&self->stop_check);
  if (_runtime_use_session_list_get_length (self->sessions) == 0 &&
      _runtime_use_listener_get_n_connections (self->listener) == 0)
    finish_stop (self);

  return G_SOURCE_REMOVE;
}

/* Not at once, for whoever calls may be in the middle of what is taken away. */
static void
check_stop (RuntimeUseServer *self)
{
  if (self->stop_deadline == NULL || self->stop_check != NULL)
    return;

  self->stop_check = g_idle_source_new ();
  g_source_set_priority (self->stop_check, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->stop_check, stop_check_cb, self, NULL);
  g_source_attach (self->stop_check, self->context);
}

static gboolean
stop_deadline_cb (gpointer user_data)
{
  g_autoptr(RuntimeUseServer) self = g_object_ref (user_data);

  finish_stop (self);

  return G_SOURCE_REMOVE;
}

static void
stop_session (RuntimeUseServer  *self,
              RuntimeUseSession *session)
{
  g_object_set (session,
                "cancel-grace", MIN (self->settings.cancel_grace, STOP_GRACE_MS),
                "kill-grace", MIN (self->settings.kill_grace, STOP_GRACE_MS),
                NULL);
  runtime_use_session_stop_async (session, NULL, NULL, NULL);
}

static void
session_closed_cb (RuntimeUseSession *session,
                   RuntimeUseServer  *self)
{
  g_object_ref (self);
  remove_session (self, session);
  check_stop (self);
  g_object_unref (self);
}

/* Connections */

static void
connection_opened_cb (RuntimeUseConnection       *connection,
                      RuntimeUseWebsocketChannel *channel,
                      gpointer                    user_data)
{
  RuntimeUseServer *self = user_data;
  g_autoptr(RuntimeUseSession) session = NULL;

  session = _runtime_use_session_new_full (RUNTIME_USE_CHANNEL (channel), self->session_handler,
                                           self->tracker, self->clock, &self->settings);
  g_signal_connect_object (session, "closed", G_CALLBACK (session_closed_cb), self, 0);
  _runtime_use_session_list_add (self->sessions, session);
  g_signal_emit (self, signals[SIGNAL_SESSION_OPENED], 0, session);
}

static void
connection_refused_cb (gpointer user_data)
{
  RuntimeUseServer *self = user_data;

  self->n_refused++;
}

static GBytes *
page_cb (RuntimeUsePage *page,
         gboolean        is_head,
         gpointer        user_data)
{
  g_autoptr(RuntimeUseServer) self = g_object_ref (user_data);

  return _runtime_use_page_answer (page, self, self->logger, is_head);
}

static void
connection_gone_cb (RuntimeUseConnection *connection,
                    gpointer              user_data)
{
  check_stop (user_data);
}

static const RuntimeUseListenerEvents listener_events = {
  connection_opened_cb,
  connection_refused_cb,
  page_cb,
  connection_gone_cb,
};

/* Start */

static RuntimeUseConnectionOptions *
build_options (RuntimeUseServer *self,
               char            **hosts)
{
  RuntimeUseConnectionOptions *options = g_new0 (RuntimeUseConnectionOptions, 1);

  options->policy.allowed_origins = g_strdupv (self->allowed_origins);
  options->policy.allowed_hosts = g_strdupv (self->allowed_hosts);
  options->policy.bound_hosts = g_strdupv (hosts);
  options->policy.pages = g_ptr_array_ref (self->pages);
  if (self->token_digest != NULL)
    options->policy.token_digest = g_memdup2 (self->token_digest,
                                              RUNTIME_USE_TOKEN_DIGEST_LENGTH);

  options->uri = g_uri_build (G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, "ws", NULL,
                              self->host != NULL ? self->host : "localhost", -1, "/", NULL, NULL);
  options->max_message_size = self->max_message_size;
  options->input_budget = _runtime_use_input_budget_new (self->max_unfinished_size);
  options->handshake_timeout = self->handshake_timeout * 1000;
  options->ping_interval = self->ping_interval * 1000;
  options->stall_timeout = self->stall_timeout * 1000;
  options->close_timeout = CLOSE_TIMEOUT_MS;
  options->linger_timeout = LINGER_TIMEOUT_MS;

  return options;
}

/* GObject */

static void
runtime_use_server_dispose (GObject *object)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  _runtime_use_clear_source (&self->stop_deadline);
  _runtime_use_clear_source (&self->stop_check);
  close_listener (self);
  _runtime_use_server_close_sockets (self);
  g_clear_object (&self->sessions);
  g_clear_object (&self->clock);
  g_clear_object (&self->tracker);
  g_clear_object (&self->handler);
  g_clear_object (&self->session_handler);

  G_OBJECT_CLASS (runtime_use_server_parent_class)->dispose (object);
}

static void
runtime_use_server_finalize (GObject *object)
{
  RuntimeUseServer *self = RUNTIME_USE_SERVER (object);

  _runtime_use_server_clear_properties (self);
  g_clear_pointer (&self->stop_tasks, g_ptr_array_unref);
  g_clear_pointer (&self->pages, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);

  G_OBJECT_CLASS (runtime_use_server_parent_class)->finalize (object);
}

static void
install_signals (GType type)
{
  /**
   * RuntimeUseServer::invocation:
   * @self: the server
   * @invocation: what is asked for
   *
   * A client asks the agent something.
   *
   * A handler that takes @invocation keeps it, returns `TRUE`, and completes it
   * later. The first one that does is the last that is asked; when nobody
   * takes it, it goes to [property@RuntimeUse.Server:handler].
   *
   * Neither a handler of this signal nor the agent may run a main loop of its
   * own inside the call: nothing is read from this client until the call
   * returns, so that its pings get no answer and a cancel is not heard. Other
   * clients are served meanwhile.
   *
   * Returns: `TRUE` if @invocation was taken
   *
   * Since: 0.1
   */
  signals[SIGNAL_INVOCATION] =
    g_signal_new ("invocation",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN,
                  1, RUNTIME_USE_TYPE_INVOCATION);

  /**
   * RuntimeUseServer::session-opened:
   * @self: the server
   * @session: the new session
   *
   * A client connected and was let in.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SESSION_OPENED] =
    g_signal_new ("session-opened",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, RUNTIME_USE_TYPE_SESSION);

  /**
   * RuntimeUseServer::session-closed:
   * @self: the server
   * @session: a session that came to its end
   *
   * A client is gone, and all that was running for it.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed",
                  type,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, RUNTIME_USE_TYPE_SESSION);
}

static void
runtime_use_server_class_init (RuntimeUseServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_server_dispose;
  object_class->finalize = runtime_use_server_finalize;
  _runtime_use_server_install_properties (object_class);
  install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
runtime_use_server_init (RuntimeUseServer *self)
{
  _runtime_use_server_init_properties (self);
  self->session_handler = _runtime_use_server_handler_new (self);
  self->sessions = _runtime_use_session_list_new ();
  self->pages = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_page_unref);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * runtime_use_server_new:
 *
 * Makes a server that is not started yet.
 *
 * Returns: (transfer full): a new server
 *
 * Since: 0.1
 */
RuntimeUseServer *
runtime_use_server_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_SERVER, NULL);
}

/**
 * runtime_use_server_start:
 * @self: a server that is not running
 * @error: return location for an error, or `NULL`
 *
 * Starts to serve in the thread-default main context.
 *
 * If [property@RuntimeUse.Server:host] or another address can be reached by
 * others and there is neither a token nor [property@RuntimeUse.Server:insecure-no-auth],
 * `RUNTIME_USE_ERROR_INVALID_ARGUMENT` is returned. If the host is a name, this
 * blocks until it is resolved. If the address cannot be listened on, the error
 * of the operating system is returned. While the server is being stopped this
 * fails with `RUNTIME_USE_ERROR_BUSY`.
 *
 * Returns: `TRUE` once connections are accepted, `FALSE` with @error set
 *   otherwise
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_start (RuntimeUseServer  *self,
                          GError           **error)
{
  g_auto(RuntimeUseListenPlan) plan = { 0 };
  g_auto(GStrv) hosts = NULL;
  g_autoptr(RuntimeUseListener) listener = NULL;

  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);
  g_return_val_if_fail (self->listener == NULL || self->stop_deadline != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->listener != NULL)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                           "The server is being stopped: start it again when that is done");
      return FALSE;
    }

  if (!_runtime_use_server_plan (self, &plan, &hosts, error))
    return FALSE;

  listener = _runtime_use_listener_new (build_options (self, hosts), self->max_connections,
                                        self->logger, &listener_events, self);
  if (!_runtime_use_listener_start (listener, &plan, error))
    return FALSE;

  self->clock = _runtime_use_main_clock_new ();
  self->tracker = runtime_use_upload_tracker_new ();
  runtime_use_upload_tracker_set_upload_timeout (self->tracker, self->upload_timeout * 1000);
  self->context = g_main_context_ref_thread_default ();
  self->listener = g_steal_pointer (&listener);
  g_ptr_array_set_size (self->sockets, 0);
  /* What runs commands is kept ready between sessions. */
  _runtime_use_job_pool_hold ();
  g_object_notify (G_OBJECT (self), "port");

  return TRUE;
}

/**
 * runtime_use_server_drain:
 * @self: a server
 *
 * Lets nobody in any more, and each session go when its request is done.
 *
 * Whoever connects gets the status 503, and the pages of
 * [method@RuntimeUse.Server.add_page] are still answered. Each session is
 * ended as [method@RuntimeUse.Session.drain] says. Nothing limits how long
 * that takes. When [method@RuntimeUse.Server.list_sessions] is empty, or
 * patience is at an end, call [method@RuntimeUse.Server.stop_async]; there is
 * no other way back.
 *
 * If there is no session to wait for, the sockets that came by
 * [method@RuntimeUse.Server.add_socket] are closed instead: who connects to
 * them is served by whoever else has them, such as the next process that a
 * service manager starts.
 *
 * Does nothing if @self is not running or draining already.
 *
 * Since: 0.1
 */
void
runtime_use_server_drain (RuntimeUseServer *self)
{
  g_autoptr(RuntimeUseServer) alive = NULL;
  g_autoptr(GPtrArray) sessions = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));

  if (self->listener == NULL || self->is_draining)
    return;

  alive = g_object_ref (self);
  _runtime_use_listener_close (self->listener, GOING_AWAY);
  sessions = _runtime_use_session_list_dup_all (self->sessions);
  if (sessions->len == 0)
    _runtime_use_listener_close_given (self->listener);
  set_draining (self, TRUE);
  for (guint i = 0; i < sessions->len; i++)
    runtime_use_session_drain (g_ptr_array_index (sessions, i));
}

/**
 * runtime_use_server_is_draining: (get-property draining)
 * @self: a server
 *
 * Gets whether the server lets nobody in any more.
 *
 * Returns: `TRUE` from [method@RuntimeUse.Server.drain] until the server is
 *   stopped
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_is_draining (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);

  return self->is_draining;
}

/**
 * runtime_use_server_stop_async:
 * @self: a server
 * @cancellable: (nullable): a cancellable; cancelling ends the waiting, not the stopping
 * @callback: (scope async) (nullable): called when nothing is left
 * @user_data: data for @callback
 *
 * Stops to serve.
 *
 * Nobody is let in any more, all that sessions are running is ended, and their
 * clients are told that the server goes away, with the close code 1001. What
 * has not come to its end after 4.5 seconds is cut off. Then the server has no
 * connection, process or timer left, and may be started again.
 *
 * Since: 0.1
 */
void
runtime_use_server_stop_async (RuntimeUseServer    *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GPtrArray) sessions = NULL;

  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_server_stop_async);
  if (self->listener == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_ptr_array_add (self->stop_tasks, g_steal_pointer (&task));
  if (self->stop_deadline != NULL)
    return;

  self->stop_deadline = g_timeout_source_new (STOP_TIMEOUT_MS);
  g_source_set_callback (self->stop_deadline, stop_deadline_cb, self, NULL);
  g_source_attach (self->stop_deadline, self->context);
  _runtime_use_listener_stop_accepting (self->listener);

  sessions = _runtime_use_session_list_dup_all (self->sessions);
  for (guint i = 0; i < sessions->len; i++)
    stop_session (self, g_ptr_array_index (sessions, i));

  check_stop (self);
}

/**
 * runtime_use_server_stop_finish:
 * @self: a server
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.Server.stop_async].
 *
 * Returns: `TRUE`, or `FALSE` with @error set if the waiting was cancelled
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_stop_finish (RuntimeUseServer  *self,
                                GAsyncResult      *result,
                                GError           **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * runtime_use_server_is_running:
 * @self: a server
 *
 * Gets whether the server was started and has not been stopped since.
 *
 * Returns: `TRUE` until [method@RuntimeUse.Server.stop_async] has done its work
 *
 * Since: 0.1
 */
gboolean
runtime_use_server_is_running (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), FALSE);

  return self->listener != NULL;
}

/* It must be a path as clients send it, without the query. */
static gboolean
is_page_path (const char *path)
{
  if (path == NULL || *path != '/')
    return FALSE;

  for (const char *c = path; *c != '\0'; c++)
    if (*c <= ' ' || *c > '~' || *c == '?' || *c == '#')
      return FALSE;

  return TRUE;
}

/**
 * runtime_use_server_add_page:
 * @self: a server
 * @path: what clients ask for, such as `/healthz`: as it stands in a request, without a query
 * @flags: who may see it
 * @func: (scope notified) (closure user_data) (destroy destroy): makes the content
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Answers plain `GET` and `HEAD` requests for @path, at once when the server is
 * running.
 *
 * A page of the same path is replaced. WebSockets are still opened at every
 * path. A client that does not take an answer within
 * [property@RuntimeUse.Server:handshake-timeout] is cut off.
 *
 * Since: 0.1
 */
void
runtime_use_server_add_page (RuntimeUseServer    *self,
                             const char          *path,
                             RuntimeUsePageFlags  flags,
                             RuntimeUsePageFunc   func,
                             gpointer             user_data,
                             GDestroyNotify       destroy)
{
  RuntimeUsePage *page;

  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));
  g_return_if_fail (is_page_path (path));
  g_return_if_fail (func != NULL);

  page = _runtime_use_page_new (path, flags, func, user_data, destroy);
  for (guint i = 0; i < self->pages->len; i++)
    {
      g_autoptr(RuntimeUsePage) old = self->pages->pdata[i];

      if (g_str_equal (old->path, path))
        {
          self->pages->pdata[i] = page;
          return;
        }

      g_steal_pointer (&old);
    }

  g_ptr_array_add (self->pages, page);
}

/**
 * runtime_use_server_get_refused_connections: (get-property refused-connections)
 * @self: a server
 *
 * Gets how many requests of clients were refused since @self was made.
 *
 * These are all that were answered with an error before there was a session:
 * for want of room or rights, because the server was going away, or because
 * they made no sense.
 *
 * Returns: a number of requests
 *
 * Since: 0.1
 */
guint64
runtime_use_server_get_refused_connections (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), 0);

  return self->n_refused;
}

/**
 * runtime_use_server_list_sessions:
 * @self: a server
 *
 * Gets the sessions that there are, oldest first.
 *
 * The list changes as clients come and go.
 *
 * Returns: (transfer full): a list of [class@RuntimeUse.Session]
 *
 * Since: 0.1
 */
GListModel *
runtime_use_server_list_sessions (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), NULL);

  return g_object_ref (G_LIST_MODEL (self->sessions));
}
