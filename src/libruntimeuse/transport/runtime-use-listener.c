/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-listener-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Accepts, and has all connections that came from that.
 */

/* So many are accepted before others get their turn. */
#define ACCEPTS_PER_TURN 32

/* Kernel memory of a connection whose peer is slow; little enough to notice it early. */
#define SEND_BUFFER (128 * 1024)

/* Descriptors that are left for everything else: commands, files, other servers. */
#define MIN_RESERVE 64

/* So many more than the limit are told in peace that there is no room. */
#define MAX_REFUSED 32

/* So many pages may wait for clients to take them, each of 1 MiB at most. */
#define MAX_PAGES 16

/* Once nobody is let in any more: how long a client may take to close, and then to end. */
#define LAST_CLOSE_TIMEOUT_MS  1000
#define LAST_LINGER_TIMEOUT_MS 500

#define PAUSE         (200 * G_TIME_SPAN_MILLISECOND)
#define LOG_INTERVAL  (10 * G_TIME_SPAN_SECOND)

#define NO_ROOM "Too many connections"

typedef struct
{
  RuntimeUsePollEntry        entry;
  RuntimeUseListener        *listener;
  RuntimeUseListeningSocket *listening;
  int                        fd;
  gboolean                   is_watched;
} WatchedSocket;

struct _RuntimeUseListener
{
  RuntimeUsePoller               *poller;
  GPtrArray                      *sockets;        /* of WatchedSocket */
  guint                           port;
  RuntimeUseConnectionOptions    *options;
  guint                           max_connections;
  RuntimeUseLogger               *logger;         /* (nullable) */
  const RuntimeUseListenerEvents *events;
  gpointer                        user_data;
  GQueue                          connections;    /* of RuntimeUseConnection */
  int                             spare_fd;       /* given up to refuse when none is left */
  gint64                          paused_until;   /* 0 when accepting */
  gint64                          logged_at;
  guint                           n_unlogged;
};

void
_runtime_use_connection_options_free (RuntimeUseConnectionOptions *options)
{
  if (options->policy.token_digest != NULL)
    explicit_bzero (options->policy.token_digest, RUNTIME_USE_TOKEN_DIGEST_LENGTH);
  g_free (options->policy.token_digest);
  g_clear_pointer (&options->policy.pages, g_ptr_array_unref);
  g_strfreev (options->policy.allowed_origins);
  g_strfreev (options->policy.allowed_hosts);
  g_strfreev (options->policy.bound_hosts);
  g_clear_pointer (&options->uri, g_uri_unref);
  g_clear_pointer (&options->input_budget, _runtime_use_input_budget_unref);
  g_free (options);
}

typedef void (* LogFunc) (RuntimeUseLogger *logger,
                          const char       *text);

/* A line for each connection would let a client fill the log. */
static void
log_line (RuntimeUseListener *self,
          LogFunc             log_func,
          const char         *text)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *line = NULL;

  self->n_unlogged++;
  if (self->logged_at != 0 && now - self->logged_at < LOG_INTERVAL)
    return;

  line = g_strdup_printf ("%s (%u since the last such line)", text, self->n_unlogged);
  self->logged_at = now;
  self->n_unlogged = 0;
  if (self->logger != NULL)
    log_func (self->logger, line);
}

/* What the owner of this machine should know. */
static void
log_trouble (RuntimeUseListener *self,
             const char         *text)
{
  log_line (self, runtime_use_logger_warning, text);
}

static void
connection_opened_cb (RuntimeUseConnection       *connection,
                      RuntimeUseWebsocketChannel *channel,
                      gpointer                    user_data)
{
  RuntimeUseListener *self = user_data;

  self->events->opened (connection, channel, self->user_data);
}

static void
connection_refused_cb (RuntimeUseConnection *connection,
                       guint                 status,
                       const char           *why,
                       gpointer              user_data)
{
  RuntimeUseListener *self = user_data;
  g_autofree char *peer = _runtime_use_connection_dup_peer (connection);
  g_autofree char *text = NULL;

  text = g_strdup_printf ("Refused a request of %s with %u: %s",
                          peer != NULL ? peer : "a client", status, why);
  /* That there is no room is something to do about; that the server goes away is not. */
  log_line (self, status == 503 && why != self->options->closed ? runtime_use_logger_warning
                                                               : runtime_use_logger_info, text);
  self->events->refused (self->user_data);
}

static guint
count_pages (RuntimeUseListener *self)
{
  guint n = 0;

  for (GList *link = self->connections.head; link != NULL; link = link->next)
    n += _runtime_use_connection_is_answering (link->data);

  return n;
}

static GBytes *
connection_page_cb (RuntimeUseConnection *connection,
                    RuntimeUsePage       *page,
                    gboolean              is_head,
                    gpointer              user_data)
{
  RuntimeUseListener *self = user_data;

  return count_pages (self) < MAX_PAGES ? self->events->page (page, is_head, self->user_data)
                                        : NULL;
}

static void
connection_crowded_cb (RuntimeUseConnection *connection,
                       gpointer              user_data)
{
  g_autofree char *peer = _runtime_use_connection_dup_peer (connection);
  g_autofree char *text = NULL;

  text = g_strdup_printf ("Closing the connection of %s: the messages that are being received "
                          "have reached max-unfinished-size",
                          peer != NULL ? peer : "a client");
  log_trouble (user_data, text);
}

static void
connection_gone_cb (RuntimeUseConnection *connection,
                    gpointer              user_data)
{
  RuntimeUseListener *self = user_data;

  g_queue_unlink (&self->connections, _runtime_use_connection_get_link (connection));
  self->events->gone (connection, self->user_data);
  _runtime_use_connection_free (connection);
}

static const RuntimeUseConnectionEvents connection_events = {
  connection_opened_cb,
  connection_refused_cb,
  connection_page_cb,
  connection_crowded_cb,
  connection_gone_cb,
};

/* The last resort of an answer: it may get lost when the request arrives too late. */
static void
refuse_at_once (RuntimeUseListener *self,
                int                 fd)
{
  g_autoptr(GString) answer = g_string_new (NULL);

  _runtime_use_handshake_refuse (503, NO_ROOM, answer);
  if (send (fd, answer->str, answer->len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    shutdown (fd, SHUT_WR);
  close (fd);
  log_trouble (self, "Refused a connection: there are too many");
  self->events->refused (self->user_data);
}

static void
add_connection (RuntimeUseListener    *self,
                int                    fd,
                const struct sockaddr *address)
{
  guint n = g_queue_get_length (&self->connections);
  RuntimeUseVisitor visitor = { 0 };
  RuntimeUseConnection *connection;
  g_autoptr(GError) error = NULL;
  int on = 1;
  int size = SEND_BUFFER;

  if (n >= self->max_connections + MAX_REFUSED)
    {
      refuse_at_once (self, fd);
      return;
    }

  if (address->sa_family != AF_UNIX)
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

  visitor.peer = _runtime_use_peer_classify (fd, address);
  /* Its request is read all the same: whether the server is well is asked just then. */
  if (n >= self->max_connections)
    visitor.closed = NO_ROOM;

  connection = _runtime_use_connection_new (self->poller, fd, &visitor, self->options,
                                            &connection_events, self, &error);
  if (connection == NULL)
    {
      log_trouble (self, error->message);
      close (fd);
      return;
    }

  g_queue_push_tail_link (&self->connections, _runtime_use_connection_get_link (connection));
}

static void
take_spare_fd (RuntimeUseListener *self)
{
  if (self->spare_fd < 0)
    self->spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
watch_socket (WatchedSocket *socket,
              gboolean       watch)
{
  RuntimeUsePoller *poller = socket->listener->poller;

  if (socket->is_watched == watch)
    return;

  if (watch)
    socket->is_watched = _runtime_use_poller_add (poller, socket->fd, EPOLLIN, &socket->entry,
                                                  NULL);
  else
    _runtime_use_poller_remove (poller, socket->fd, &socket->entry);

  if (!watch)
    socket->is_watched = FALSE;
}

static void
watch_sockets (RuntimeUseListener *self,
               gboolean            watch)
{
  for (guint i = 0; i < self->sockets->len; i++)
    watch_socket (g_ptr_array_index (self->sockets, i), watch);
}

/*
 * Out of something that others have to give back first, or something nobody
 * has thought of: the socket would stay readable, and we would never rest.
 */
static void
pause_accepting (RuntimeUseListener *self,
                 int                 code)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("Could not accept a connection: %s", g_strerror (code));
  log_trouble (self, text);
  watch_sockets (self, FALSE);
  self->paused_until = _runtime_use_poller_get_time (self->poller) + PAUSE;
  _runtime_use_poller_arm (self->poller, self->paused_until);
}

/* Returns whether there may be more to accept. */
static gboolean
handle_accept_error (RuntimeUseListener *self,
                     WatchedSocket      *socket,
                     int                 code)
{
  int fd;

  switch (code)
    {
    case EAGAIN:
      return FALSE;

    /* About the one connection, which is gone already. */
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    /* What the network says about it, which accept(2) tells to treat like EAGAIN. */
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
      return TRUE;

    case EMFILE:
      if (self->spare_fd < 0)
        break;

      close (self->spare_fd);
      self->spare_fd = -1;
      fd = accept4 (socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0)
        refuse_at_once (self, fd);
      take_spare_fd (self);
      return fd >= 0;

    default:
      break;
    }

  pause_accepting (self, code);

  return FALSE;
}

static void
socket_ready_cb (RuntimeUsePollEntry *entry,
                 guint32              events)
{
  WatchedSocket *socket =
    (WatchedSocket *) (void *) ((char *) entry - G_STRUCT_OFFSET (WatchedSocket, entry));
  RuntimeUseListener *self = socket->listener;

  for (guint i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      struct sockaddr_storage address = { 0 };
      socklen_t length = sizeof address;
      int fd = accept4 (socket->fd, (struct sockaddr *) &address, &length,
                        SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd >= 0)
        add_connection (self, fd, (struct sockaddr *) &address);
      else if (!handle_accept_error (self, socket, errno))
        return;
    }
}

static gint64
tick_cb (gint64   now,
         gpointer user_data)
{
  RuntimeUseListener *self = user_data;
  GList *link = self->connections.head;
  gint64 next = G_MAXINT64;

  if (self->paused_until != 0 && now >= self->paused_until)
    {
      self->paused_until = 0;
      take_spare_fd (self);
      watch_sockets (self, TRUE);
    }

  while (link != NULL)
    {
      RuntimeUseConnection *connection = link->data;
      gint64 deadline;

      /* The connection may be gone after this. */
      link = link->next;
      deadline = _runtime_use_connection_check (connection, now);
      if (deadline != 0)
        next = MIN (next, deadline);
    }

  if (self->paused_until != 0)
    next = MIN (next, self->paused_until);

  return next == G_MAXINT64 ? 0 : next;
}

static void
watched_socket_free (gpointer data)
{
  WatchedSocket *socket = data;

  watch_socket (socket, FALSE);
  _runtime_use_listening_socket_free (socket->listening);
  g_free (socket);
}

static guint
find_max_connections (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
    return G_MAXINT;

  /* Each connection has one descriptor, and a running command a few more. */
  return CLAMP (limit.rlim_cur - MIN (limit.rlim_cur - 1,
                                      MAX (MIN_RESERVE + MAX_REFUSED, limit.rlim_cur / 4)),
                1, G_MAXINT);
}

/*
 * _runtime_use_listener_new:
 * @options: (transfer full): what all connections have in common
 * @max_connections: 0 for what the limit of open files allows
 */
RuntimeUseListener *
_runtime_use_listener_new (RuntimeUseConnectionOptions    *options,
                           guint                           max_connections,
                           RuntimeUseLogger               *logger,
                           const RuntimeUseListenerEvents *events,
                           gpointer                        user_data)
{
  RuntimeUseListener *self = g_new0 (RuntimeUseListener, 1);

  self->options = options;
  self->max_connections = max_connections > 0 ? max_connections : find_max_connections ();
  self->logger = logger != NULL ? g_object_ref (logger) : NULL;
  self->events = events;
  self->user_data = user_data;
  self->sockets = g_ptr_array_new_with_free_func (watched_socket_free);
  self->spare_fd = -1;
  g_queue_init (&self->connections);

  return self;
}

/*
 * _runtime_use_listener_free:
 *
 * Closes everything at once. The owner is not told.
 */
void
_runtime_use_listener_free (RuntimeUseListener *self)
{
  _runtime_use_listener_stop_accepting (self);

  while (!g_queue_is_empty (&self->connections))
    _runtime_use_connection_free (g_queue_pop_head_link (&self->connections)->data);

  if (self->poller != NULL)
    _runtime_use_poller_stop (self->poller);

  if (self->spare_fd >= 0)
    close (self->spare_fd);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  g_clear_pointer (&self->poller, _runtime_use_poller_unref);
  g_clear_pointer (&self->options, _runtime_use_connection_options_free);
  g_clear_object (&self->logger);
  g_free (self);
}

/*
 * _runtime_use_listener_start:
 *
 * Starts to accept, in the thread-default context.
 */
gboolean
_runtime_use_listener_start (RuntimeUseListener          *self,
                             const RuntimeUseListenPlan  *plan,
                             GError                     **error)
{
  g_autoptr(GPtrArray) sockets = NULL;

  self->poller = _runtime_use_poller_new (error);
  if (self->poller == NULL)
    return FALSE;

  sockets = _runtime_use_listening_sockets_open (plan, self->logger, error);
  if (sockets == NULL)
    return FALSE;

  g_ptr_array_set_free_func (sockets, NULL);
  for (guint i = 0; i < sockets->len; i++)
    {
      WatchedSocket *socket = g_new0 (WatchedSocket, 1);

      socket->entry.func = socket_ready_cb;
      socket->listener = self;
      socket->listening = g_ptr_array_index (sockets, i);
      socket->fd = g_socket_get_fd (socket->listening->socket);
      g_ptr_array_add (self->sockets, socket);
      if (self->port == 0)
        self->port = _runtime_use_listening_socket_get_port (socket->listening);
    }

  take_spare_fd (self);
  _runtime_use_poller_set_tick (self->poller, tick_cb, self);
  watch_sockets (self, TRUE);

  return TRUE;
}

guint
_runtime_use_listener_get_port (RuntimeUseListener *self)
{
  return self->port;
}

/*
 * _runtime_use_listener_dup_uris:
 *
 * Returns: (transfer full): where clients may connect to
 */
char **
_runtime_use_listener_dup_uris (RuntimeUseListener *self)
{
  g_autoptr(GPtrArray) uris = g_ptr_array_new_null_terminated (self->sockets->len, NULL, TRUE);

  for (guint i = 0; i < self->sockets->len; i++)
    {
      WatchedSocket *socket = g_ptr_array_index (self->sockets, i);
      char *uri = _runtime_use_listening_socket_dup_uri (socket->listening);

      if (uri != NULL)
        g_ptr_array_add (uris, uri);
    }

  return (char **) g_ptr_array_free (g_steal_pointer (&uris), FALSE);
}

/* Those that are being refused or linger included: each has a descriptor. */
guint
_runtime_use_listener_get_n_connections (RuntimeUseListener *self)
{
  return g_queue_get_length (&self->connections);
}

/*
 * _runtime_use_listener_close:
 * @why: what a client is told; static
 *
 * From now on no WebSocket is opened, but pages are still answered.
 */
void
_runtime_use_listener_close (RuntimeUseListener *self,
                             const char         *why)
{
  self->options->closed = why;
}

/*
 * _runtime_use_listener_close_given:
 *
 * Closes the listening sockets that others have made. Who connects to them waits for whoever else
 * has them to accept.
 */
void
_runtime_use_listener_close_given (RuntimeUseListener *self)
{
  for (guint i = self->sockets->len; i > 0; i--)
    {
      WatchedSocket *socket = g_ptr_array_index (self->sockets, i - 1);

      if (socket->listening->is_given)
        g_ptr_array_remove_index (self->sockets, i - 1);
    }
}

/*
 * _runtime_use_listener_stop_accepting:
 *
 * Closes the listening sockets, and what has not become a WebSocket yet. Those that
 * are left get less time to close.
 */
void
_runtime_use_listener_stop_accepting (RuntimeUseListener *self)
{
  GList *link = self->connections.head;

  g_ptr_array_set_size (self->sockets, 0);
  self->paused_until = 0;
  self->options->close_timeout = MIN (self->options->close_timeout, LAST_CLOSE_TIMEOUT_MS);
  self->options->linger_timeout = MIN (self->options->linger_timeout, LAST_LINGER_TIMEOUT_MS);
  if (self->poller != NULL)
    _runtime_use_poller_arm (self->poller, _runtime_use_poller_get_time (self->poller));

  while (link != NULL)
    {
      RuntimeUseConnection *connection = link->data;

      link = link->next;
      if (_runtime_use_connection_get_channel (connection) == NULL)
        _runtime_use_connection_abort (connection);
    }
}
