/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "http-sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (20 * 1000)
#define KEPT (64 * 1024)
#define BLOCK (256 * 1024)

struct _HttpSink
{
  int             fd;
  int             stop_pipe[2];
  GThread        *thread;
  const HttpStep *steps;
  gsize           n_steps;

  GMutex          lock;
  GCond           changed;
  GPtrArray      *requests;
  GPtrArray      *threads;
  gboolean        is_held;
  guint           n_held;
  guint           n_at_once;
  guint           max_at_once;
  int             compare_fd;
  gboolean        is_different;
  guint64         call_at;
  void          (*call) (gpointer user_data);
  gpointer        call_data;
};

typedef struct
{
  HttpSink   *sink;
  int         fd;
  guint       number;
  GByteArray *input;   /* received, not taken yet */
} Connection;

static void
request_free (gpointer data)
{
  HttpRequest *request = data;

  g_free (request->head);
  g_byte_array_unref (request->body);
  g_free (request);
}

/* Waits until there is something to read; FALSE when the server ends or nothing comes. */
static gboolean
wait_readable (HttpSink *self,
               int       fd)
{
  struct pollfd polls[] = {
    { .fd = fd, .events = POLLIN },
    { .fd = self->stop_pipe[0], .events = POLLIN },
  };

  return poll (polls, 2, PATIENCE) > 0 && polls[1].revents == 0;
}

static gssize
receive (Connection *self,
         guint8     *buffer,
         gsize       count)
{
  if (self->input->len > 0)
    {
      gsize n = MIN (count, self->input->len);

      memcpy (buffer, self->input->data, n);
      g_byte_array_remove_range (self->input, 0, n);
      return n;
    }

  return wait_readable (self->sink, self->fd) ? recv (self->fd, buffer, count, 0) : -1;
}

static char *
receive_head (Connection *self)
{
  guint8 buffer[4096];
  char *end = NULL;

  while (end == NULL)
    {
      gssize n;

      end = self->input->len > 0 ? g_strstr_len ((char *) self->input->data, self->input->len,
                                                 "\r\n\r\n") : NULL;
      if (end != NULL)
        break;
      n = wait_readable (self->sink, self->fd) ? recv (self->fd, buffer, sizeof buffer, 0) : -1;
      if (n <= 0)
        return NULL;
      g_byte_array_append (self->input, buffer, n);
    }

  {
    gsize length = end + 4 - (char *) self->input->data;
    char *head = g_strndup ((char *) self->input->data, length);

    g_byte_array_remove_range (self->input, 0, length);
    return head;
  }
}

static guint64
get_length (const char *head)
{
  const char *header = strstr (head, "\r\nContent-Length: ");

  return header != NULL ? g_ascii_strtoull (header + 18, NULL, 10) : 0;
}

static gboolean
is_in_file (int           fd,
            guint64       position,
            const guint8 *bytes,
            gsize         length,
            guint8       *buffer)
{
  return (pread (fd, buffer, length, position) == (gssize) length &&
          memcmp (buffer, bytes, length) == 0);
}

static void
took (Connection   *self,
      HttpRequest  *request,
      const guint8 *bytes,
      gsize         length,
      guint8       *other)
{
  HttpSink *sink = self->sink;
  gboolean is_same = sink->compare_fd < 0 || is_in_file (sink->compare_fd, request->n_body, bytes,
                                                         length, other);
  void (*call) (gpointer) = NULL;

  g_mutex_lock (&sink->lock);
  if (request->body->len < KEPT)
    g_byte_array_append (request->body, bytes, MIN (length, KEPT - request->body->len));
  request->n_body += length;
  sink->is_different |= !is_same;
  if (sink->call != NULL && request->n_body >= sink->call_at)
    call = g_steal_pointer (&sink->call);
  g_mutex_unlock (&sink->lock);

  if (call != NULL)
    call (sink->call_data);
}

static gboolean
receive_body (Connection  *self,
              HttpRequest *request,
              guint64      length)
{
  g_autofree guint8 *buffer = g_malloc (BLOCK);
  g_autofree guint8 *other = g_malloc (BLOCK);

  while (length > 0)
    {
      gssize n = receive (self, buffer, MIN (BLOCK, length));

      if (n <= 0)
        return FALSE;
      took (self, request, buffer, n, other);
      length -= n;
    }

  return TRUE;
}

static void
stall (Connection *self)
{
  struct pollfd polls[] = {
    { .fd = self->fd, .events = POLLRDHUP },
    { .fd = self->sink->stop_pipe[0], .events = POLLIN },
  };

  poll (polls, 2, PATIENCE);
}

static const HttpStep *
begin_request (Connection  *self,
               HttpRequest *request)
{
  HttpSink *sink = self->sink;
  const HttpStep *step;

  request->body = g_byte_array_new ();
  request->connection = self->number;
  request->time = g_get_monotonic_time ();

  g_mutex_lock (&sink->lock);
  step = &sink->steps[MIN (sink->requests->len, sink->n_steps - 1)];
  g_ptr_array_add (sink->requests, request);
  sink->n_at_once++;
  sink->max_at_once = MAX (sink->max_at_once, sink->n_at_once);
  g_mutex_unlock (&sink->lock);

  return step;
}

static void
end_request (Connection *self)
{
  HttpSink *sink = self->sink;

  g_mutex_lock (&sink->lock);
  sink->n_held++;
  while (sink->is_held)
    g_cond_wait (&sink->changed, &sink->lock);
  sink->n_held--;
  sink->n_at_once--;
  g_mutex_unlock (&sink->lock);
}

/* Returns whether another request may come. */
static gboolean
serve (Connection *self)
{
  char *head = receive_head (self);
  const HttpStep *step;
  HttpRequest *request;
  guint64 length;
  gboolean is_complete;

  if (head == NULL)
    return FALSE;

  request = g_new0 (HttpRequest, 1);
  request->head = head;
  step = begin_request (self, request);
  length = get_length (head);
  is_complete = receive_body (self, request, step->n_read < 0 ? length : (guint64) step->n_read);
  end_request (self);

  if (is_complete && step->answer != NULL)
    send (self->fd, step->answer, strlen (step->answer), MSG_NOSIGNAL);
  if (is_complete && step->then == HTTP_THEN_STALL)
    stall (self);

  return is_complete && step->then == HTTP_THEN_NEXT;
}

static gpointer
connection_func (gpointer data)
{
  Connection *self = data;

  while (serve (self))
    continue;

  close (self->fd);
  g_byte_array_unref (self->input);
  g_free (self);

  return NULL;
}

static gpointer
accept_func (gpointer data)
{
  HttpSink *self = data;

  while (TRUE)
    {
      struct pollfd polls[] = {
        { .fd = self->fd, .events = POLLIN },
        { .fd = self->stop_pipe[0], .events = POLLIN },
      };
      Connection *connection;

      poll (polls, 2, -1);
      if (polls[1].revents != 0)
        return NULL;

      connection = g_new0 (Connection, 1);
      connection->sink = self;
      connection->fd = accept4 (self->fd, NULL, NULL, SOCK_CLOEXEC);
      connection->number = self->threads->len + 1;
      connection->input = g_byte_array_new ();
      g_ptr_array_add (self->threads, g_thread_new ("sink", connection_func, connection));
    }
}

HttpSink *
http_sink_new (const HttpStep *steps,
               gsize           n_steps)
{
  HttpSink *self = g_new0 (HttpSink, 1);
  struct sockaddr_in address = { .sin_family = AF_INET };

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  self->steps = steps;
  self->n_steps = n_steps;
  self->compare_fd = -1;
  self->requests = g_ptr_array_new_with_free_func (request_free);
  self->threads = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_assert_no_errno (pipe2 (self->stop_pipe, O_CLOEXEC));
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (self->fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (self->fd, 128));
  self->thread = g_thread_new ("sink", accept_func, self);

  return self;
}

void
http_sink_free (HttpSink *self)
{
  http_sink_hold (self, FALSE);
  close (self->stop_pipe[1]);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  close (self->stop_pipe[0]);
  close (self->fd);

  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->requests);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

guint
http_sink_get_port (HttpSink *self)
{
  struct sockaddr_in address;
  socklen_t length = sizeof address;

  g_assert_no_errno (getsockname (self->fd, (struct sockaddr *) &address, &length));

  return ntohs (address.sin_port);
}

char *
http_sink_dup_url (HttpSink   *self,
                   const char *rest)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", http_sink_get_port (self), rest);
}

void
http_sink_compare (HttpSink *self,
                   int       fd)
{
  self->compare_fd = fd;
}

gboolean
http_sink_is_same (HttpSink *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return !self->is_different;
}

void
http_sink_hold (HttpSink *self,
                gboolean  hold)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_held = hold;
  g_cond_broadcast (&self->changed);
}

void
http_sink_call_at (HttpSink  *self,
                   guint64    n_body,
                   void     (*func) (gpointer user_data),
                   gpointer   user_data)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->call_at = n_body;
  self->call = func;
  self->call_data = user_data;
}

guint
http_sink_get_n_requests (HttpSink *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->requests->len;
}

guint
http_sink_get_n_held (HttpSink *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_held;
}

guint
http_sink_get_max_at_once (HttpSink *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->max_at_once;
}

const HttpRequest *
http_sink_get_request (HttpSink *self,
                       guint     i)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_assert_cmpuint (i, <, self->requests->len);

  return g_ptr_array_index (self->requests, i);
}
