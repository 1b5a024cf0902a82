/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-model-request-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-http1-private.h"
#include "runtime-use-json-pick-private.h"
#include "runtime-use-segment-stream-private.h"
#include "runtime-use-source-private.h"
#include "runtime-use-trust-private.h"

#define BUFFER_SIZE (64 * 1024)

/* What is read of the body of an answer that says what went wrong. */
#define MAX_ERROR_BODY (64 * 1024)

/* So much of it is shown when it is not of the form that we know. */
#define MAX_SHOWN 500

/* Milliseconds that a stream may stay open when all of the answer is there; a connection whose
 * stream has ended can be used again. */
#define END_PATIENCE 100

struct _RuntimeUseModelRequest
{
  SoupSession                       *session;
  RuntimeUseModelQuestion            question;   /* strings and body are ours */
  const RuntimeUseModelRequestOwner *owner;
  gpointer                           owner_data;
  GMainContext                      *context;

  GTask                             *task;       /* (nullable): not at work */
  GCancellable                      *inner;      /* of what is under way at the moment */
  gulong                             cancelled_id;
  SoupMessage                       *message;    /* (nullable) */
  GInputStream                      *stream;     /* (nullable) */
  char                              *buffer;
  RuntimeUseSseParser                parser;
  GSource                           *timer;      /* (nullable): a pause, or the end of patience */
  GSource                           *watch;      /* (nullable): looks for silence */
  gint64                             heard;      /* when there was a sign of life */
  guint                              n_retries;
  gboolean                           is_paused;
  gboolean                           is_connected;
  gboolean                           is_kept;    /* the connection, from an earlier request */
  gboolean                           is_late;

  RuntimeUseModelFailure             failure;
};

static void start_attempt (RuntimeUseModelRequest *self,
                           SoupMessageFlags        flags);
static void forget_message (RuntimeUseModelRequest *self);
static void read_more (RuntimeUseModelRequest *self);

static void
failure_clear (RuntimeUseModelFailure *self)
{
  g_free (self->message);
  g_free (self->type);
  g_free (self->code);
  g_free (self->param);
  g_free (self->request_id);
  memset (self, 0, sizeof *self);
}

RuntimeUseModelRequest *
_runtime_use_model_request_new (SoupSession                       *session,
                                const RuntimeUseModelQuestion     *question,
                                const RuntimeUseModelRequestOwner *owner,
                                gpointer                           owner_data)
{
  RuntimeUseModelRequest *self = g_new0 (RuntimeUseModelRequest, 1);

  self->session = g_object_ref (session);
  self->question = *question;
  self->question.url = g_strdup (question->url);
  self->question.key = g_strdup (question->key);
  self->question.organization = g_strdup (question->organization);
  self->question.project = g_strdup (question->project);
  self->question.body = g_ptr_array_ref (question->body);
  if (question->logger != NULL)
    g_object_ref (question->logger);
  self->owner = owner;
  self->owner_data = owner_data;
  self->context = g_main_context_ref_thread_default ();
  self->inner = g_cancellable_new ();
  _runtime_use_sse_parser_init (&self->parser, RUNTIME_USE_SSE_LIMIT);

  return self;
}

/* Only when it is not at work. */
void
_runtime_use_model_request_free (RuntimeUseModelRequest *self)
{
  g_assert (self->task == NULL);

  _runtime_use_sse_parser_clear (&self->parser);
  failure_clear (&self->failure);
  g_clear_object (&self->message);
  g_clear_object (&self->stream);
  g_object_unref (self->inner);
  g_object_unref (self->session);
  g_main_context_unref (self->context);
  g_ptr_array_unref (self->question.body);
  g_free ((char *) self->question.url);
  if (self->question.key != NULL)
    explicit_bzero ((char *) self->question.key, strlen (self->question.key));
  g_free ((char *) self->question.key);
  g_free ((char *) self->question.organization);
  g_free ((char *) self->question.project);
  g_clear_object (&self->question.logger);
  g_free (self->buffer);
  g_free (self);
}

/* --- the end --- */

/* Takes @error; the last thing that happens. */
static void
finish (RuntimeUseModelRequest *self,
        GError                 *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);

  _runtime_use_clear_source (&self->timer);
  _runtime_use_clear_source (&self->watch);
  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancelled_id);
  self->cancelled_id = 0;
  g_clear_object (&self->stream);
  forget_message (self);

  if (g_task_return_error_if_cancelled (task))
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static const char *
get_host (RuntimeUseModelRequest *self)
{
  return self->message != NULL ? g_uri_get_host (soup_message_get_uri (self->message)) : "?";
}

static GError *
make_error (RuntimeUseModelRequest *self,
            const char             *what,
            const char             *why)
{
  if (self->is_late && !self->is_connected)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                        "Cannot reach %s: there was no connection after %u seconds",
                        get_host (self), self->question.connect_timeout);
  if (self->is_late)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                        "%s has said nothing for %u seconds", get_host (self),
                        self->question.idle_timeout);

  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, "%s %s: %s", what,
                      get_host (self), why);
}

/* --- silence --- */

static gboolean
watch_cb (gpointer user_data)
{
  RuntimeUseModelRequest *self = user_data;
  guint limit = self->is_connected ? self->question.idle_timeout : self->question.connect_timeout;

  if (self->is_paused || g_get_monotonic_time () - self->heard < limit * G_TIME_SPAN_SECOND)
    return G_SOURCE_CONTINUE;

  self->is_late = TRUE;
  g_cancellable_cancel (self->inner);

  return G_SOURCE_CONTINUE;
}

static GSource *
attach_timer (RuntimeUseModelRequest *self,
              guint                   interval,
              GSourceFunc             func)
{
  GSource *source = g_timeout_source_new (interval);

  g_source_set_callback (source, func, self, NULL);
  g_source_set_static_name (source, "RuntimeUseModelRequest");
  g_source_attach (source, self->context);

  return source;
}

/* --- once more --- */

static gboolean
pause_over_cb (gpointer user_data)
{
  RuntimeUseModelRequest *self = user_data;

  _runtime_use_clear_source (&self->timer);
  start_attempt (self, 0);

  return G_SOURCE_REMOVE;
}

/* A service may close a kept connection just when it is used again, which is no failure of the
 * service and costs no retry. */
static gboolean
try_new_connection (RuntimeUseModelRequest *self)
{
  if (!self->is_kept || self->is_late ||
      g_cancellable_is_cancelled (g_task_get_cancellable (self->task)))
    return FALSE;

  start_attempt (self, SOUP_MESSAGE_NEW_CONNECTION);

  return TRUE;
}

/* What became of the attempt, without the words of the service, which may repeat anything. */
static char *
describe_attempt (RuntimeUseModelRequest *self,
                  guint                   status,
                  const char             *why)
{
  const char *id = self->failure.request_id;

  if (status == 0 && self->is_late)
    return g_strdup_printf ("%s: no connection after %u seconds", get_host (self),
                            self->question.connect_timeout);
  if (status == 0)
    return g_strdup_printf ("%s: %s", get_host (self), why);

  return g_strdup_printf ("%s answered with %u%s%.*s%s", get_host (self), status,
                          id != NULL ? " (request " : "", MAX_SHOWN, id != NULL ? id : "",
                          id != NULL ? ")" : "");
}

static void
log_retry (RuntimeUseModelRequest *self,
           guint                   status,
           const char             *why,
           gint64                  delay)
{
  g_autofree char *what = NULL;
  g_autofree char *text = NULL;

  if (self->question.logger == NULL)
    return;

  what = describe_attempt (self, status, why);
  text = g_strdup_printf ("%s; trying again in %.1f seconds (%u of %u)", what,
                          (double) delay / 1000, self->n_retries,
                          self->question.policy.max_retries);
  runtime_use_logger_info (self->question.logger, text);
}

static void
log_failure (RuntimeUseModelRequest *self,
             guint                   status)
{
  g_autofree char *text = NULL;

  if (self->question.logger == NULL)
    return;

  text = describe_attempt (self, status, NULL);
  runtime_use_logger_warning (self->question.logger, text);
}

/* The attempt was cancelled for it, which a cancel of all does to the next one. */
static void
forget_lateness (RuntimeUseModelRequest *self)
{
  g_object_unref (self->inner);
  self->inner = g_cancellable_new ();
  self->is_late = FALSE;
}

/* Waits and asks again, or returns FALSE if that is of no use. What is late while there is a
 * connection has been asked, and may be at work. */
static gboolean
try_again (RuntimeUseModelRequest *self,
           guint                   status,
           const char             *why)
{
  RuntimeUseRetryHint hint = RUNTIME_USE_RETRY_HINT_INIT;
  gint64 delay;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (self->task)) ||
      (self->is_late && self->is_connected))
    return FALSE;

  if (status != 0)
    _runtime_use_retry_hint_read (&hint, soup_message_get_response_headers (self->message),
                                  g_get_real_time ());
  if (!_runtime_use_retry_policy_decide (&self->question.policy, self->n_retries, status, &hint,
                                         g_random_double (), &delay))
    return FALSE;

  self->n_retries++;
  log_retry (self, status, why, delay);
  if (self->is_late)
    forget_lateness (self);
  self->heard = g_get_monotonic_time () + delay * 1000;
  g_clear_object (&self->stream);
  self->timer = attach_timer (self, (guint) delay, pause_over_cb);

  return TRUE;
}

/* --- an answer that says what went wrong --- */

/* {"error": {…}} as the service has it, or {"error": "…"}, {"message": "…"} as others do. */
static void
read_failure (RuntimeUseModelFailure *failure,
              const char             *body,
              gsize                   length)
{
  static const char * const names[] = { "error", "message" };
  static const char * const members[] = { "message", "type", "code", "param" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  RuntimeUseJsonValue parts[G_N_ELEMENTS (members)];

  if (_runtime_use_json_pick (body, length, names, values, G_N_ELEMENTS (names), NULL))
    {
      _runtime_use_json_pick_from (&values[0], members, parts, G_N_ELEMENTS (members));
      failure->message = _runtime_use_json_pick_string (&parts[0]);
      failure->type = _runtime_use_json_pick_string (&parts[1]);
      failure->code = _runtime_use_json_pick_string (&parts[2]);
      failure->param = _runtime_use_json_pick_string (&parts[3]);
      if (failure->message == NULL)
        failure->message = _runtime_use_json_pick_string (&values[0]);
      if (failure->message == NULL)
        failure->message = _runtime_use_json_pick_string (&values[1]);
    }

  if (failure->message == NULL && length > 0)
    failure->message = g_utf8_make_valid (body, (gssize) MIN (length, MAX_SHOWN));
}

static void
fail_with_status (RuntimeUseModelRequest *self,
                  const char             *body,
                  gsize                   length)
{
  guint status = soup_message_get_status (self->message);
  const char *reason = soup_message_get_reason_phrase (self->message);

  if (try_again (self, status, NULL))
    return;

  log_failure (self, status);
  read_failure (&self->failure, body, length);
  self->failure.status = status;
  finish (self, g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED, "%u %s", status,
                             self->failure.message != NULL ? self->failure.message
                             : reason != NULL ? reason : ""));
}

static void
error_body_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  RuntimeUseModelRequest *self = user_data;
  gsize length = 0;

  /* What was said before it broke off is better than nothing. */
  g_input_stream_read_all_finish (G_INPUT_STREAM (object), result, &length, NULL);
  fail_with_status (self, self->buffer, length);
}

/* --- the stream --- */

static gboolean
event_cb (const RuntimeUseSseEvent  *event,
          gpointer                   user_data,
          GError                   **error)
{
  RuntimeUseModelRequest *self = user_data;

  return self->owner->event (event, self->owner_data, error);
}

static gboolean
patience_over_cb (gpointer user_data)
{
  RuntimeUseModelRequest *self = user_data;

  _runtime_use_clear_source (&self->timer);
  g_cancellable_cancel (self->inner);

  return G_SOURCE_REMOVE;
}

/* Returns FALSE if that was the end. */
static gboolean
take_bytes (RuntimeUseModelRequest *self,
            gsize                   length)
{
  GError *error = NULL;

  if (!self->owner->is_complete (self->owner_data) &&
      !_runtime_use_sse_parser_push (&self->parser, self->buffer, length, event_cb, self, &error))
    {
      finish (self, error);
      return FALSE;
    }

  self->owner->pause (self->owner_data);

  return TRUE;
}

static void
go_on (RuntimeUseModelRequest *self)
{
  if (!self->owner->is_complete (self->owner_data))
    self->is_paused = self->owner->is_full (self->owner_data);
  else if (self->timer == NULL)
    self->timer = attach_timer (self, END_PATIENCE, patience_over_cb);

  if (!self->is_paused)
    read_more (self);
}

/* Reads what is there already. Each event tends to be a chunk of its own, of which there is one
 * at a time; what came together is told together. */
static gssize
read_rest (RuntimeUseModelRequest  *self,
           gsize                   *length,
           GError                 **error)
{
  GPollableInputStream *stream = G_POLLABLE_INPUT_STREAM (self->stream);
  gssize n;

  do
    {
      n = g_pollable_input_stream_read_nonblocking (stream, self->buffer + *length,
                                                    BUFFER_SIZE - *length, self->inner, error);
      *length += (gsize) MAX (n, 0);
    }
  while (n > 0 && *length < BUFFER_SIZE);

  return n;
}

static gboolean
may_read_rest (RuntimeUseModelRequest *self,
               gsize                   length)
{
  return length < BUFFER_SIZE && G_IS_POLLABLE_INPUT_STREAM (self->stream) &&
         g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (self->stream));
}

static void
read_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  RuntimeUseModelRequest *self = user_data;
  g_autoptr(GError) error = NULL;
  gssize last = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);
  gsize length = (gsize) MAX (last, 0);

  self->heard = g_get_monotonic_time ();
  if (last > 0 && may_read_rest (self, length))
    last = read_rest (self, &length, &error);
  if (length > 0 && !take_bytes (self, length))
    return;

  if (last > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    go_on (self);
  else if (last == 0 || self->owner->is_complete (self->owner_data))
    finish (self, NULL);
  else
    finish (self, make_error (self, "Lost the connection in the middle of the answer of",
                              error->message));
}

static void
read_more (RuntimeUseModelRequest *self)
{
  g_input_stream_read_async (self->stream, self->buffer, BUFFER_SIZE, G_PRIORITY_DEFAULT,
                             self->inner, read_cb, self);
}

/* There is room again. */
void
_runtime_use_model_request_resume (RuntimeUseModelRequest *self)
{
  if (self->task == NULL || !self->is_paused)
    return;

  self->is_paused = FALSE;
  self->heard = g_get_monotonic_time ();
  read_more (self);
}

/* --- asking --- */

static gboolean
is_event_stream (RuntimeUseModelRequest *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  /* Some servers say nothing about it. */
  return type == NULL || g_ascii_strcasecmp (type, "text/event-stream") == 0;
}

/* A service that is not believed now will not be a moment later. */
static void
fail_to_reach (RuntimeUseModelRequest *self,
               const GError           *error)
{
  g_autofree char *why = NULL;

  if (error->domain != G_TLS_ERROR &&
      (try_new_connection (self) || try_again (self, 0, error->message)))
    return;

  why = _runtime_use_trust_explain (self->message, error);
  finish (self, make_error (self, "Cannot reach", why));
}

static void
read_request_id (RuntimeUseModelRequest *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *id = soup_message_headers_get_one (headers, "x-request-id");

  self->failure.request_id = id != NULL ? g_utf8_make_valid (id, -1) : NULL;
}

static void
sent_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  RuntimeUseModelRequest *self = user_data;
  g_autoptr(GError) error = NULL;

  self->stream = soup_session_send_finish (SOUP_SESSION (object), result, &error);
  self->heard = g_get_monotonic_time ();
  if (self->stream == NULL)
    {
      fail_to_reach (self, error);
      return;
    }

  read_request_id (self);
  if (self->buffer == NULL)
    self->buffer = g_malloc (MAX (BUFFER_SIZE, MAX_ERROR_BODY));
  if (soup_message_get_status (self->message) != SOUP_STATUS_OK)
    g_input_stream_read_all_async (self->stream, self->buffer, MAX_ERROR_BODY, G_PRIORITY_DEFAULT,
                                   self->inner, error_body_cb, self);
  else if (!is_event_stream (self))
    finish (self, make_error (self, "Cannot use the answer of", "it is no stream of events"));
  else
    read_more (self);
}

static void
set_headers (RuntimeUseModelRequest *self)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (self->message);

  soup_message_headers_replace (headers, "Accept", "text/event-stream");
  soup_message_headers_replace (headers, "User-Agent", "runtimeuse/" PACKAGE_VERSION);
  if (self->question.key != NULL)
    {
      g_autofree char *value = g_strconcat ("Bearer ", self->question.key, NULL);

      soup_message_headers_replace (headers, "Authorization", value);
      explicit_bzero (value, strlen (value));
    }
  if (self->question.organization != NULL)
    soup_message_headers_replace (headers, "OpenAI-Organization", self->question.organization);
  if (self->question.project != NULL)
    soup_message_headers_replace (headers, "OpenAI-Project", self->question.project);
}

static gsize
get_body_length (RuntimeUseModelRequest *self)
{
  gsize length = 0;

  for (guint i = 0; i < self->question.body->len; i++)
    length += g_bytes_get_size (g_ptr_array_index (self->question.body, i));

  return length;
}

static void
connected_cb (SoupMessage            *message,
              RuntimeUseModelRequest *self)
{
  self->is_connected = TRUE;
  self->heard = g_get_monotonic_time ();
}

/* There are events of a new connection only. */
static void
network_event_cb (SoupMessage            *message,
                  GSocketClientEvent      event,
                  GIOStream              *connection,
                  RuntimeUseModelRequest *self)
{
  self->is_kept = FALSE;
}

static void
forget_message (RuntimeUseModelRequest *self)
{
  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
}

static void
set_body (RuntimeUseModelRequest *self)
{
  g_autoptr(GInputStream) body = _runtime_use_segment_stream_new (self->question.body);

  soup_message_set_request_body (self->message, "application/json", body,
                                 (gssize) get_body_length (self));
}

/* libsoup sends it again by itself, and has used up the body. */
static void
restarted_cb (SoupMessage            *message,
              RuntimeUseModelRequest *self)
{
  self->is_connected = FALSE;
  self->heard = g_get_monotonic_time ();
  set_body (self);
}

static void
start_attempt (RuntimeUseModelRequest *self,
               SoupMessageFlags        flags)
{
  forget_message (self);
  failure_clear (&self->failure);
  self->is_connected = FALSE;
  self->is_kept = (flags & SOUP_MESSAGE_NEW_CONNECTION) == 0;
  self->heard = g_get_monotonic_time ();
  self->message = soup_message_new (SOUP_METHOD_POST, self->question.url);
  /* A request without an answer is sent again in any case. For others than such ones libsoup does
   * not use a connection that was kept. */
  soup_message_add_flags (self->message,
                          SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT | flags);
  _runtime_use_http1_require (self->message);
  g_signal_connect (self->message, "network-event", G_CALLBACK (network_event_cb), self);
  g_signal_connect (self->message, "wrote-headers", G_CALLBACK (connected_cb), self);
  g_signal_connect (self->message, "restarted", G_CALLBACK (restarted_cb), self);
  set_headers (self);
  set_body (self);
  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT, self->inner, sent_cb,
                           self);
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  RuntimeUseModelRequest *self = user_data;

  g_cancellable_cancel (self->inner);
  /* It may be waiting for its next try, or for the client. */
  if (self->timer != NULL)
    g_source_set_ready_time (self->timer, 0);
  _runtime_use_model_request_resume (self);
}

/* Once. The URL must be one that libsoup can use. */
void
_runtime_use_model_request_run_async (RuntimeUseModelRequest *self,
                                      GCancellable           *cancellable,
                                      GAsyncReadyCallback     callback,
                                      gpointer                user_data)
{
  self->task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (self->task, _runtime_use_model_request_run_async);
  self->watch = attach_timer (self, 1000, watch_cb);
  start_attempt (self, 0);
  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
}

gboolean
_runtime_use_model_request_run_finish (RuntimeUseModelRequest  *self,
                                       GAsyncResult            *result,
                                       GError                 **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

const RuntimeUseModelFailure *
_runtime_use_model_request_get_failure (RuntimeUseModelRequest *self)
{
  return &self->failure;
}
