/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-connection-private.h"

#include <errno.h>
#include <string.h>

#include "runtime-use-channel.h"
#include "runtime-use-connection-stream-private.h"
#include "runtime-use-frame-monitor-private.h"

/*
 * One accepted connection, from its first byte to the end of its descriptor:
 * answers the request to open a WebSocket, hands the stream to libsoup, and
 * looks after the deadlines.
 */

#define RECEIVE_SIZE 4096

/* So many pings in a row stay unanswered before a peer counts as dead. */
#define MAX_PINGS 2

struct _RuntimeUseConnection
{
  const RuntimeUseConnectionOptions *options;
  const RuntimeUseConnectionEvents  *events;
  gpointer                           user_data;
  GList                              link;          /* in the owner's list */

  RuntimeUseConnectionStream        *stream;
  RuntimeUseVisitor                  visitor;
  GByteArray                        *request;       /* (nullable): until it was answered */
  gsize                              searched;
  gint64                             accepted_at;
  SoupWebsocketConnection           *websocket;     /* (nullable) */
  RuntimeUseWebsocketChannel        *channel;       /* (nullable) */
  gboolean                           is_late;       /* the peer did not close in time */
  guint                              n_pings;       /* since pinged_input */
  gint64                             pinged_input;
  gboolean                          *is_freed;      /* (nullable): who wants to know */
};

static void
clear_request (RuntimeUseConnection *self)
{
  if (self->request == NULL)
    return;

  /* It may hold a token. */
  if (self->request->len > 0)
    explicit_bzero (self->request->data, self->request->len);
  g_clear_pointer (&self->request, g_byte_array_unref);
}

static void
open_websocket (RuntimeUseConnection      *self,
                const RuntimeUseHandshake *handshake)
{
  RuntimeUsePoller *poller = _runtime_use_connection_stream_get_poller (self->stream);

  _runtime_use_poller_enter (poller);
  self->websocket = soup_websocket_connection_new (G_IO_STREAM (self->stream),
                                                   self->options->uri,
                                                   SOUP_WEBSOCKET_CONNECTION_SERVER,
                                                   handshake->origin,
                                                   handshake->protocol,
                                                   NULL);
  /* The stream knows the limit, and answers properly when it is passed. */
  soup_websocket_connection_set_max_incoming_payload_size (self->websocket, 0);
  _runtime_use_poller_leave (poller);

  if (self->options->ping_interval > 0)
    _runtime_use_poller_arm (poller, self->accepted_at +
                                     self->options->ping_interval * G_TIME_SPAN_MILLISECOND);
  _runtime_use_connection_stream_set_user (self->stream, G_OBJECT (self->websocket));
  self->channel = runtime_use_websocket_channel_new (self->websocket);
}

static void
answer_page (RuntimeUseConnection      *self,
             const RuntimeUseHandshake *handshake)
{
  gboolean is_freed = FALSE;
  g_autoptr(GBytes) answer = NULL;

  /* Whoever makes the page may stop the server. */
  self->is_freed = &is_freed;
  answer = self->events->page (self, handshake->page, handshake->is_head, self->user_data);
  if (is_freed)
    return;

  self->is_freed = NULL;
  if (answer == NULL)
    {
      _runtime_use_connection_refuse (self, 503, "Too many pages are being sent");
      return;
    }

  clear_request (self);
  _runtime_use_connection_stream_send_page (self->stream, answer);
}

static void
answer_request (RuntimeUseConnection *self,
                gsize                 header_length)
{
  g_autoptr(GString) answer = g_string_sized_new (256);
  RuntimeUseVisitor visitor = self->visitor;
  RuntimeUseHandshake handshake;

  if (visitor.closed == NULL)
    visitor.closed = self->options->closed;

  _runtime_use_handshake_answer (&self->options->policy, &visitor, (char *) self->request->data,
                                 header_length, &handshake, answer);

  if (handshake.page != NULL)
    {
      answer_page (self, &handshake);
    }
  else if (!_runtime_use_connection_stream_answer (self->stream, answer))
    {
      clear_request (self);
      _runtime_use_connection_stream_linger (self->stream);
    }
  else if (handshake.status == 101)
    {
      _runtime_use_connection_stream_open (self->stream,
                                           self->request->data + header_length,
                                           self->request->len - header_length);
      clear_request (self);
      open_websocket (self, &handshake);
      self->events->opened (self, self->channel, self->user_data);
    }
  else
    {
      clear_request (self);
      _runtime_use_connection_stream_linger (self->stream);
      self->events->refused (self, handshake.status, handshake.reason, self->user_data);
    }

  _runtime_use_handshake_clear (&handshake);
}

/* Returns whether more can be received. */
static gboolean
receive_some (RuntimeUseConnection *self)
{
  gsize length = self->request->len;
  gssize end;
  gssize n;

  g_byte_array_set_size (self->request, length + RECEIVE_SIZE);
  n = _runtime_use_connection_stream_receive (self->stream, self->request->data + length,
                                              RECEIVE_SIZE);
  g_byte_array_set_size (self->request, length + MAX (n, 0));
  if (n < 0 && errno == EAGAIN)
    return FALSE;

  /* Somebody only looked whether there is a server; or gave up. */
  if (n < 0 || (n == 0 && length == 0))
    {
      clear_request (self);
      _runtime_use_connection_stream_linger (self->stream);
      return FALSE;
    }

  end = n == 0 ? -1 : _runtime_use_handshake_find_end ((const char *) self->request->data,
                                                       self->request->len, self->searched);
  self->searched = self->request->len;

  /* Whoever is told of the end of this may take us away. */
  if (end > 0)
    answer_request (self, end);
  else if (end < 0)
    _runtime_use_connection_refuse (self, 400, "This is not an HTTP request");
  else if (self->request->len > RUNTIME_USE_MAX_REQUEST_HEADER)
    _runtime_use_connection_refuse (self, 431, "The header of this request is too long");
  else
    return TRUE;

  return FALSE;
}

static void
stream_readable_cb (gpointer user_data)
{
  RuntimeUseConnection *self = user_data;

  if (self->request == NULL)
    return;

  while (receive_some (self))
    continue;
}

static void
stream_violated_cb (guint    code,
                    gpointer user_data)
{
  RuntimeUseConnection *self = user_data;

  if (code == RUNTIME_USE_CLOSE_TRY_AGAIN_LATER)
    {
      _runtime_use_connection_stream_set_close_code (self->stream, code);
      code = RUNTIME_USE_CLOSE_TOO_BIG;
      self->events->crowded (self, self->user_data);
    }

  if (soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    runtime_use_channel_close (RUNTIME_USE_CHANNEL (self->channel), code);
  else
    _runtime_use_connection_stream_fail (self->stream, "The client broke the protocol");
}

static void
stream_gone_cb (gpointer user_data)
{
  RuntimeUseConnection *self = user_data;

  self->events->gone (self, self->user_data);
}

static const RuntimeUseConnectionStreamEvents stream_events = {
  stream_readable_cb,
  stream_violated_cb,
  stream_gone_cb,
};

/*
 * _runtime_use_connection_new:
 * @fd: (transfer full): a connected socket, taken only when this succeeds
 * @options: has to live as long as the connection
 */
RuntimeUseConnection *
_runtime_use_connection_new (RuntimeUsePoller                   *poller,
                             int                                 fd,
                             const RuntimeUseVisitor            *visitor,
                             const RuntimeUseConnectionOptions  *options,
                             const RuntimeUseConnectionEvents   *events,
                             gpointer                            user_data,
                             GError                            **error)
{
  RuntimeUseConnection *self = g_new0 (RuntimeUseConnection, 1);

  self->stream = _runtime_use_connection_stream_new (poller, fd, options->max_message_size,
                                                     options->input_budget, &stream_events, self,
                                                     error);
  if (self->stream == NULL)
    {
      g_free (self);
      return NULL;
    }

  self->visitor = *visitor;
  self->options = options;
  self->events = events;
  self->user_data = user_data;
  self->link.data = self;
  /* It may hold a token, of which growing would leave copies. */
  self->request = g_byte_array_sized_new (RUNTIME_USE_MAX_REQUEST_HEADER + RECEIVE_SIZE);
  self->accepted_at = _runtime_use_poller_get_time (poller);
  _runtime_use_poller_arm (poller, self->accepted_at +
                                   options->handshake_timeout * G_TIME_SPAN_MILLISECOND);

  return self;
}

/*
 * _runtime_use_connection_free:
 *
 * Closes the descriptor if that has not happened. Nobody is told.
 */
void
_runtime_use_connection_free (RuntimeUseConnection *self)
{
  if (self->is_freed != NULL)
    *self->is_freed = TRUE;
  _runtime_use_connection_stream_disown (self->stream);
  _runtime_use_connection_stream_abort (self->stream);
  clear_request (self);
  g_clear_object (&self->channel);
  g_clear_object (&self->websocket);
  g_clear_object (&self->stream);
  g_free (self);
}

GList *
_runtime_use_connection_get_link (RuntimeUseConnection *self)
{
  return &self->link;
}

RuntimeUseWebsocketChannel *
_runtime_use_connection_get_channel (RuntimeUseConnection *self)
{
  return self->channel;
}

char *
_runtime_use_connection_dup_peer (RuntimeUseConnection *self)
{
  return _runtime_use_connection_stream_dup_peer (self->stream);
}

/* Whether the peer has not taken a page yet. */
gboolean
_runtime_use_connection_is_answering (RuntimeUseConnection *self)
{
  RuntimeUseConnectionActivity activity;

  _runtime_use_connection_stream_get_activity (self->stream, &activity);

  return activity.answers_since != 0;
}

/*
 * _runtime_use_connection_refuse:
 *
 * Answers a request that was not even looked at.
 */
void
_runtime_use_connection_refuse (RuntimeUseConnection *self,
                                guint                 status,
                                const char           *why)
{
  g_autoptr(GString) answer = g_string_sized_new (256);

  _runtime_use_handshake_refuse (status, why, answer);
  _runtime_use_connection_stream_answer (self->stream, answer);
  clear_request (self);
  _runtime_use_connection_stream_linger (self->stream);
  self->events->refused (self, status, why, self->user_data);
}

static gint64
check_request (RuntimeUseConnection *self,
               gint64                now)
{
  gint64 deadline = self->accepted_at + self->options->handshake_timeout * G_TIME_SPAN_MILLISECOND;

  if (now < deadline)
    return deadline;

  if (self->request->len > 0)
    {
      _runtime_use_connection_refuse (self, 408, "The request took too long");
    }
  else
    {
      clear_request (self);
      _runtime_use_connection_stream_linger (self->stream);
    }

  return 0;
}

/* A page is not worth waiting longer for than a request is. */
static gint64
check_page (RuntimeUseConnection               *self,
            const RuntimeUseConnectionActivity *activity,
            gint64                              now)
{
  gint64 deadline = activity->answers_since +
                    self->options->handshake_timeout * G_TIME_SPAN_MILLISECOND;

  if (now < deadline)
    return deadline;

  _runtime_use_connection_stream_abort (self->stream);

  return 0;
}

static gint64
check_pings (RuntimeUseConnection               *self,
             const RuntimeUseConnectionActivity *activity,
             gint64                              now)
{
  gint64 interval = self->options->ping_interval * G_TIME_SPAN_MILLISECOND;
  gint64 due;

  if (self->pinged_input != activity->last_input)
    self->n_pings = 0;

  self->pinged_input = activity->last_input;
  due = activity->last_input + (self->n_pings + 1) * interval;
  if (now < due)
    return due;

  if (self->n_pings >= MAX_PINGS)
    {
      _runtime_use_connection_stream_fail (self->stream, "The client does not answer");
      return 0;
    }

  if (_runtime_use_connection_stream_ping (self->stream))
    self->n_pings++;

  return now + interval;
}

static gint64
check_open (RuntimeUseConnection               *self,
            const RuntimeUseConnectionActivity *activity,
            gint64                              now)
{
  gint64 deadline = G_MAXINT64;

  if (activity->closing_since != 0)
    deadline = MAX (activity->closing_since, activity->last_output) +
               self->options->close_timeout * G_TIME_SPAN_MILLISECOND;
  else if (activity->is_blocked && self->options->stall_timeout > 0)
    deadline = activity->last_output + self->options->stall_timeout * G_TIME_SPAN_MILLISECOND;

  if (now >= deadline)
    {
      self->is_late = activity->closing_since != 0;
      _runtime_use_connection_stream_fail (self->stream, "The client takes nothing");
      return 0;
    }

  /* A peer that cannot be heard or reached because of us or of itself is not asked. */
  if (self->options->ping_interval > 0 && activity->closing_since == 0 &&
      !activity->is_blocked && !activity->is_held)
    deadline = MIN (deadline, check_pings (self, activity, now));

  return deadline == G_MAXINT64 ? 0 : deadline;
}

/*
 * _runtime_use_connection_check:
 *
 * Does what is due.
 *
 * Returns: when there is something to do next, or 0
 */
gint64
_runtime_use_connection_check (RuntimeUseConnection *self,
                               gint64                now)
{
  RuntimeUseConnectionActivity activity;
  gint64 deadline;

  if (self->request != NULL)
    return check_request (self, now);

  _runtime_use_connection_stream_get_activity (self->stream, &activity);
  if (activity.answers_since != 0)
    return check_page (self, &activity, now);
  if (activity.lingers_since == 0)
    return check_open (self, &activity, now);

  /* A peer that did not answer a close will not end its input either. */
  deadline = activity.lingers_since;
  if (!self->is_late)
    deadline += self->options->linger_timeout * G_TIME_SPAN_MILLISECOND;
  if (now < deadline)
    return deadline;

  _runtime_use_connection_stream_abort (self->stream);

  return 0;
}

/*
 * _runtime_use_connection_abort:
 *
 * Closes the descriptor at once.
 */
void
_runtime_use_connection_abort (RuntimeUseConnection *self)
{
  _runtime_use_connection_stream_abort (self->stream);
}
