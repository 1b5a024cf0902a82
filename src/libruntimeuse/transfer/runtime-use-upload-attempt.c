/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-attempt-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-file-body-private.h"
#include "runtime-use-http1-private.h"
#include "runtime-use-trust-private.h"
#include "runtime-use-upload-url-private.h"

/*
 * One try to send a file. A small body is sent from the main context, over connections that are
 * kept for the next one; a large one from a thread of its own, where it is ten times faster. The
 * main context watches over both: it ends a try that is cancelled or that gets nowhere, and it
 * looks for an answer that comes before the body has been sent, which libsoup would not read.
 */

#define MAX_SMALL_BODY (256 * 1024)

/* Less than this is no headway, unless it is the end of the body. */
#define HEADWAY (64 * 1024)

/* Who answers at greater length has to do without the rest of us reading it. */
#define MAX_ANSWER_BODY (64 * 1024)
#define MAX_ANSWER_HEAD (16 * 1024)

/* The caller of the connections limits how many there are, if anybody. */
#define MAX_CONNECTIONS 1024
#define KEEP_ALIVE 10

struct _RuntimeUseUploadConnections
{
  SoupSession *session;
};

typedef struct
{
  GTask                      *task;          /* owns this */
  const RuntimeUseUploadPlan *plan;
  SoupMessage                *message;
  GBytes                     *body;          /* (nullable): a small one */
  RuntimeUseUploadAnswer      answer;
  gboolean                    is_answered;   /* to libsoup */
  GCancellable               *abort;         /* ends the try, for whatever reason */
  GError                     *reason;        /* (nullable): that reason */
  GSource                    *watchdog;
  gint64                      started;

  GThread                    *thread;        /* (nullable): where a large body is sent */
  GError                     *thread_error;
  gsize                       n_skipped;

  /* What the thread that sends tells. */
  GMutex                      lock;
  gint64                      moved;         /* 0: there is no connection yet */
  guint64                     n_sent;
  guint64                     n_marked;      /* .n_sent when there was headway */
  int                         socket_fd;     /* -1: the connection is not new */
  GSource                    *socket_source;
} Attempt;

static SoupSession *
session_new (void)
{
  /* The proxy of the desktop is a setting, and without the schema of that GLib ends the process. */
  SoupSession *session = soup_session_new_with_options ("max-conns", MAX_CONNECTIONS,
                                                        "max-conns-per-host", MAX_CONNECTIONS,
                                                        "proxy-resolver", NULL,
                                                        "idle-timeout", KEEP_ALIVE,
                                                        "timeout", 0,
                                                        NULL);

  /* No header and no second request that nobody asked for. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);

  return session;
}

RuntimeUseUploadConnections *
_runtime_use_upload_connections_new (void)
{
  RuntimeUseUploadConnections *self = g_new0 (RuntimeUseUploadConnections, 1);

  self->session = session_new ();

  return self;
}

void
_runtime_use_upload_connections_free (RuntimeUseUploadConnections *self)
{
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_free (self);
}

void
_runtime_use_upload_answer_clear (RuntimeUseUploadAnswer *answer)
{
  g_clear_pointer (&answer->location, g_free);
}

static void
destroy_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
attempt_free (Attempt *self)
{
  g_assert (self->thread == NULL && self->watchdog == NULL && self->socket_source == NULL);

  g_clear_object (&self->message);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_object (&self->abort);
  g_clear_error (&self->reason);
  g_clear_error (&self->thread_error);
  _runtime_use_upload_answer_clear (&self->answer);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- The answer --- */

static void
take_answer (Attempt            *self,
             guint               status,
             SoupMessageHeaders *headers)
{
  self->answer.status = status;
  self->answer.location = g_strdup (soup_message_headers_get_one (headers, "Location"));
  _runtime_use_retry_hint_read (&self->answer.hint, headers, g_get_real_time ());
  /* The advice is a custom of services with models. Here the status alone decides. */
  self->answer.hint.advice = RUNTIME_USE_RETRY_UNSAID;
}

/* Takes what the other end said instead of listening. It lies in the socket, which still has it
 * when the connection is broken. A promise of success is none before the body is there. */
static gboolean
look_for_early_answer (Attempt *self)
{
  g_autofree char *head = g_malloc (MAX_ANSWER_HEAD + 1);
  SoupMessageHeaders *headers;
  const char *end;
  gssize length;
  guint status = 0;

  length = recv (self->socket_fd, head, MAX_ANSWER_HEAD, MSG_PEEK | MSG_DONTWAIT);
  if (length <= 0)
    return FALSE;
  head[length] = '\0';
  end = strstr (head, "\r\n\r\n");
  if (end == NULL)
    return FALSE;

  headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  if (soup_headers_parse_response (head, (int) (end - head) + 2, headers, NULL, &status, NULL) &&
      status >= 300)
    take_answer (self, status, headers);
  soup_message_headers_unref (headers);

  return self->answer.status != 0;
}

/* --- The end --- */

/* Takes @error, and gives it or what is behind it. */
static GError *
get_failure (Attempt *self,
             GError  *error)
{
  if (self->reason != NULL)
    {
      g_clear_error (&error);
      return g_steal_pointer (&self->reason);
    }

  if (error->domain == G_TLS_ERROR)
    {
      char *text = _runtime_use_trust_explain (self->message, error);

      g_free (error->message);
      error->message = text;
    }

  return error;
}

/* Takes @error, which is NULL when there is an answer. */
static void
finish (Attempt *self,
        GError  *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);

  /* libsoup may hold the message for longer than the try. */
  g_signal_handlers_disconnect_by_data (self->message, self);
  destroy_source (&self->watchdog);
  destroy_source (&self->socket_source);

  if (self->is_answered && self->answer.status == 0)
    take_answer (self, soup_message_get_status (self->message),
                 soup_message_get_response_headers (self->message));
  else if (self->answer.status == 0 && self->socket_fd >= 0)
    look_for_early_answer (self);
  if (self->socket_fd >= 0)
    close (self->socket_fd);

  self->answer.n_sent = self->n_sent;
  if (self->answer.status == 0)
    {
      g_task_return_error (task, get_failure (self, error));
      return;
    }

  g_clear_error (&error);
  g_task_return_boolean (task, TRUE);
}

static void
abort_for (Attempt *self,
           GError  *reason)
{
  g_assert (self->reason == NULL);
  self->reason = reason;
  destroy_source (&self->watchdog);
  g_cancellable_cancel (self->abort);
}

/* --- The watchdog --- */

static gint64
get_deadline (Attempt  *self,
              gboolean *is_connected)
{
  const RuntimeUseUploadPlan *plan = self->plan;
  gint64 deadline;

  g_mutex_lock (&self->lock);
  *is_connected = self->moved > 0;
  deadline = *is_connected ? self->moved + plan->silence_timeout
                           : self->started + plan->connect_timeout;
  deadline = MIN (deadline, self->answer.headway + plan->timeout);
  g_mutex_unlock (&self->lock);

  return deadline;
}

static gboolean watchdog_cb (gpointer user_data);

/* Wakes up at the next time that could be too late, and when the upload is cancelled. */
static void
arm_watchdog (Attempt *self,
              gint64   now)
{
  GCancellable *cancellable = g_task_get_cancellable (self->task);
  gboolean is_connected;
  gint64 delay = MIN (get_deadline (self, &is_connected) - now, self->plan->silence_timeout);

  destroy_source (&self->watchdog);
  self->watchdog = g_timeout_source_new ((guint) (MAX (delay, 0) / 1000 + 1));
  g_source_set_callback (self->watchdog, watchdog_cb, self, NULL);
  if (cancellable != NULL)
    {
      g_autoptr(GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (self->watchdog, cancelled);
    }
  g_source_attach (self->watchdog, g_task_get_context (self->task));
}

static gboolean
watchdog_cb (gpointer user_data)
{
  Attempt *self = user_data;
  gint64 now = g_get_monotonic_time ();
  gboolean is_connected;
  gint64 deadline = get_deadline (self, &is_connected);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (self->task)))
    abort_for (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                          "The upload was cancelled"));
  else if (now >= deadline)
    abort_for (self, g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                                          is_connected
                                          ? "It took nothing and did not answer in time"
                                          : "It could not be reached in time"));
  else
    arm_watchdog (self, now);

  return G_SOURCE_REMOVE;
}

/* --- What libsoup tells, in the thread that sends --- */

/* The body gets under way. A connection that was kept serves once more without being made. */
static void
starting_cb (SoupMessage *message,
             gpointer     user_data)
{
  Attempt *self = user_data;

  g_mutex_lock (&self->lock);
  self->moved = g_get_monotonic_time ();
  self->n_sent = self->n_marked = 0;
  g_mutex_unlock (&self->lock);
}

static void
wrote_body_data_cb (SoupMessage *message,
                    guint        n_bytes,
                    gpointer     user_data)
{
  Attempt *self = user_data;

  g_mutex_lock (&self->lock);
  self->n_sent += n_bytes;
  if (self->n_sent - self->n_marked >= HEADWAY || self->n_sent == self->plan->size)
    {
      self->n_marked = self->n_sent;
      self->moved = self->answer.headway = g_get_monotonic_time ();
    }
  g_mutex_unlock (&self->lock);
}

/* In the main context: something has arrived, or the connection has ended. Once is enough, for
 * what is not complete now is looked for again when the try ends. */
static gboolean
socket_ready_cb (int          fd,
                 GIOCondition condition,
                 gpointer     user_data)
{
  Attempt *self = user_data;
  gboolean is_early;

  g_mutex_lock (&self->lock);
  is_early = self->n_sent < self->plan->size;
  g_mutex_unlock (&self->lock);

  if (is_early && self->reason == NULL && look_for_early_answer (self))
    g_cancellable_cancel (self->abort);

  return G_SOURCE_REMOVE;
}

static void
network_event_cb (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *connection,
                  gpointer            user_data)
{
  Attempt *self = user_data;
  int fd;

  if (event != G_SOCKET_CLIENT_CONNECTED || !G_IS_SOCKET_CONNECTION (connection) ||
      self->socket_fd >= 0)
    return;

  /* libsoup closes its own when something is wrong. */
  fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection)));
  self->socket_fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (self->socket_fd < 0)
    return;

  self->socket_source = g_unix_fd_source_new (self->socket_fd, G_IO_IN);
  g_source_set_callback (self->socket_source, G_SOURCE_FUNC (socket_ready_cb), self, NULL);
  g_source_attach (self->socket_source, g_task_get_context (self->task));
}

/* --- Small bodies --- */

static void skip_answer (Attempt      *self,
                         GInputStream *stream);

static void
skipped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Attempt *self = user_data;
  gssize n = g_input_stream_skip_finish (G_INPUT_STREAM (object), result, NULL);

  self->n_skipped += (gsize) MAX (n, 0);
  if (n > 0 && self->n_skipped < MAX_ANSWER_BODY)
    skip_answer (self, G_INPUT_STREAM (object));
  else
    finish (self, NULL);
}

/* Only a connection that was read to the end of the answer serves the next upload. */
static void
skip_answer (Attempt      *self,
             GInputStream *stream)
{
  g_input_stream_skip_async (stream, MAX_ANSWER_BODY, G_PRIORITY_DEFAULT, self->abort, skipped_cb,
                             self);
}

static void
sent_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Attempt *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GInputStream) stream = NULL;

  stream = soup_session_send_finish (SOUP_SESSION (object), result, &error);
  self->is_answered = stream != NULL;
  if (stream != NULL)
    skip_answer (self, stream);
  else
    finish (self, g_steal_pointer (&error));
}

static void
set_small_body (Attempt *self)
{
  soup_message_set_request_body_from_bytes (self->message, NULL, self->body);
  if (self->plan->content_type != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (self->message),
                                  "Content-Type", self->plan->content_type);
}

/* A connection that was kept has turned out to be dead, so libsoup sends all once more; without a
 * new one the body would be empty now. */
static void
restarted_cb (SoupMessage *message,
              gpointer     user_data)
{
  set_small_body (user_data);
}

static void
send_small (Attempt *self)
{
  g_autoptr(GError) error = NULL;

  self->body = _runtime_use_file_body_read (self->plan->fd, (gsize) self->plan->size,
                                            self->plan->expected, &error);
  if (self->body == NULL)
    {
      finish (self, g_steal_pointer (&error));
      return;
    }

  set_small_body (self);
  g_signal_connect (self->message, "restarted", G_CALLBACK (restarted_cb), self);
  _runtime_use_trust_apply (self->plan->connections->session);
  soup_session_send_async (self->plan->connections->session, self->message, G_PRIORITY_DEFAULT,
                           self->abort, sent_cb, self);
}

/* --- Large bodies --- */

static gboolean
thread_done_cb (gpointer user_data)
{
  Attempt *self = user_data;

  g_thread_join (g_steal_pointer (&self->thread));
  finish (self, g_steal_pointer (&self->thread_error));

  return G_SOURCE_REMOVE;
}

static void
send_and_wait (Attempt *self)
{
  g_autoptr(SoupSession) session = session_new ();
  g_autoptr(GInputStream) stream = NULL;

  _runtime_use_trust_apply (session);
  stream = soup_session_send (session, self->message, self->abort, &self->thread_error);
  self->is_answered = stream != NULL;
  if (stream != NULL)
    g_input_stream_skip (stream, MAX_ANSWER_BODY, self->abort, NULL);
  soup_session_abort (session);
}

static gpointer
thread_func (gpointer user_data)
{
  Attempt *self = user_data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GSource) done = g_idle_source_new ();

  g_main_context_push_thread_default (context);
  send_and_wait (self);
  g_main_context_pop_thread_default (context);

  g_source_set_priority (done, G_PRIORITY_DEFAULT);
  g_source_set_callback (done, thread_done_cb, self, NULL);
  g_source_attach (done, g_task_get_context (self->task));

  return NULL;
}

static void
send_large (Attempt *self)
{
  g_autoptr(GInputStream) body = NULL;
  GError *error = NULL;

  body = _runtime_use_file_body_new (self->plan->fd, self->plan->size, self->plan->expected);
  soup_message_set_request_body (self->message, NULL, body, (gssize) self->plan->size);
  if (self->plan->content_type != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (self->message),
                                  "Content-Type", self->plan->content_type);
  self->thread = g_thread_try_new ("upload", thread_func, self, &error);
  if (self->thread == NULL)
    finish (self, error);
}

/* --- */

static Attempt *
attempt_new (const RuntimeUseUploadPlan *plan)
{
  Attempt *self = g_new0 (Attempt, 1);

  self->plan = plan;
  self->answer.headway = plan->headway;
  self->answer.hint.delay = -1;
  self->abort = g_cancellable_new ();
  self->started = g_get_monotonic_time ();
  self->socket_fd = -1;
  g_mutex_init (&self->lock);

  self->message = soup_message_new_from_uri (SOUP_METHOD_PUT, plan->url);
  soup_message_set_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  _runtime_use_http1_require (self->message);
  g_signal_connect (self->message, "starting", G_CALLBACK (starting_cb), self);
  g_signal_connect (self->message, "wrote-body-data", G_CALLBACK (wrote_body_data_cb), self);
  g_signal_connect (self->message, "network-event", G_CALLBACK (network_event_cb), self);

  return self;
}

/* The result comes when nothing of the try is left, also when it is cancelled. */
void
_runtime_use_upload_attempt_async (const RuntimeUseUploadPlan *plan,
                                   GCancellable               *cancellable,
                                   GAsyncReadyCallback         callback,
                                   gpointer                    user_data)
{
  Attempt *self = attempt_new (plan);

  self->task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (self->task, _runtime_use_upload_attempt_async);
  g_task_set_check_cancellable (self->task, FALSE);
  g_task_set_task_data (self->task, self, (GDestroyNotify) attempt_free);

  arm_watchdog (self, self->started);
  if (plan->size <= MAX_SMALL_BODY)
    send_small (self);
  else
    send_large (self);
}

/* Any answer is a success. @answer is filled in either case. */
gboolean
_runtime_use_upload_attempt_finish (GAsyncResult            *result,
                                    RuntimeUseUploadAnswer  *answer,
                                    GError                 **error)
{
  Attempt *self = g_task_get_task_data (G_TASK (result));

  *answer = self->answer;
  self->answer.location = NULL;

  return g_task_propagate_boolean (G_TASK (result), error);
}
