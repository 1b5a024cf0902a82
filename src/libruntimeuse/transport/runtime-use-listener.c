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
 * The listening sockets, and all connections that came from them.
 */

/* So many are accepted before others get their turn. */
#define ACCEPTS_PER_TURN 32

/* Kernel memory of a connection whose peer is slow; little enough to notice it early. */
#define SEND_BUFFER (128 * 1024)

/* Descriptors that are left for everything else: commands, files, other servers. */
#define MIN_RESERVE 64

/* So many more than the limit are told in peace that there is no room. */
#define MAX_REFUSED 32

/* Once nobody is let in any more: how long a client may take to close, and then to end. */
#define LAST_CLOSE_TIMEOUT_MS  1000
#define LAST_LINGER_TIMEOUT_MS 500

#define PAUSE         (200 * G_TIME_SPAN_MILLISECOND)
#define LOG_INTERVAL  (10 * G_TIME_SPAN_SECOND)
#define PORT_ATTEMPTS 16

#define NO_ROOM "Too many connections"

typedef struct
{
  RuntimeUsePollEntry  entry;
  RuntimeUseListener  *listener;
  GSocket             *socket;
  int                  fd;
  gboolean             is_watched;
} ListeningSocket;

struct _RuntimeUseListener
{
  RuntimeUsePoller               *poller;
  GPtrArray                      *sockets;        /* of ListeningSocket */
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
  g_strfreev (options->policy.allowed_origins);
  g_strfreev (options->policy.allowed_hosts);
  g_free (options->policy.bound_host);
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
  log_line (self, status == 503 ? runtime_use_logger_warning : runtime_use_logger_info, text);
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
}

static void
add_connection (RuntimeUseListener *self,
                int                 fd)
{
  guint n = g_queue_get_length (&self->connections);
  RuntimeUseConnection *connection;
  g_autoptr(GError) error = NULL;
  int on = 1;
  int size = SEND_BUFFER;

  if (n >= self->max_connections + MAX_REFUSED)
    {
      refuse_at_once (self, fd);
      return;
    }

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

  connection = _runtime_use_connection_new (self->poller, fd, self->options,
                                            &connection_events, self, &error);
  if (connection == NULL)
    {
      log_trouble (self, error->message);
      close (fd);
      return;
    }

  g_queue_push_tail_link (&self->connections, _runtime_use_connection_get_link (connection));
  if (n >= self->max_connections)
    _runtime_use_connection_refuse (connection, 503, NO_ROOM);
}

static void
take_spare_fd (RuntimeUseListener *self)
{
  if (self->spare_fd < 0)
    self->spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
watch_socket (ListeningSocket *socket,
              gboolean         watch)
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
                     ListeningSocket    *socket,
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
  ListeningSocket *socket =
    (ListeningSocket *) (void *) ((char *) entry - G_STRUCT_OFFSET (ListeningSocket, entry));
  RuntimeUseListener *self = socket->listener;

  for (guint i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      int fd = accept4 (socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd >= 0)
        add_connection (self, fd);
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
listening_socket_free (gpointer data)
{
  ListeningSocket *socket = data;

  watch_socket (socket, FALSE);
  g_clear_object (&socket->socket);
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
  self->sockets = g_ptr_array_new_with_free_func (listening_socket_free);
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

static GSocket *
open_socket (GInetSocketAddress  *address,
             guint                port,
             guint                backlog,
             GError             **error)
{
  GInetAddress *inet = g_inet_socket_address_get_address (address);
  g_autoptr(GSocketAddress) with_port = g_inet_socket_address_new (inet, port);
  GSocketFamily family = g_socket_address_get_family (with_port);
  g_autofree char *name = g_inet_address_to_string (inet);
  g_autoptr(GSocket) socket = NULL;

  socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;

  /* All addresses means those of both families. */
  if (family == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY,
                         !g_inet_address_get_is_any (inet), NULL);

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, backlog);
  if (!g_socket_bind (socket, with_port, TRUE, error) || !g_socket_listen (socket, error))
    {
      g_prefix_error (error, "Could not listen on %s port %u: ", name, port);
      return NULL;
    }

  return g_steal_pointer (&socket);
}

static guint
get_socket_port (GSocket *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

/* A host name may be in /etc/hosts twice. */
static gboolean
is_repeated (GPtrArray *addresses,
             guint      position)
{
  GInetSocketAddress *address = g_ptr_array_index (addresses, position);

  for (guint i = 0; i < position; i++)
    if (g_inet_address_equal (g_inet_socket_address_get_address (address),
                              g_inet_socket_address_get_address (addresses->pdata[i])))
      return TRUE;

  return FALSE;
}

/* Opens all of @addresses on one port. */
static GPtrArray *
open_sockets (RuntimeUseListener  *self,
              GPtrArray           *addresses,
              guint                backlog,
              GError             **error)
{
  g_autoptr(GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  guint port = 0;

  for (guint i = 0; i < addresses->len; i++)
    {
      GInetSocketAddress *address = g_ptr_array_index (addresses, i);
      g_autoptr(GError) local_error = NULL;
      GSocket *socket;

      if (is_repeated (addresses, i))
        continue;

      if (i == 0)
        port = g_inet_socket_address_get_port (address);

      socket = open_socket (address, port, backlog, &local_error);
      if (socket == NULL)
        {
          /* A machine without IPv6 has no address of it. */
          if (i > 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
            {
              if (self->logger != NULL)
                runtime_use_logger_info (self->logger, local_error->message);
              continue;
            }

          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }

      g_ptr_array_add (sockets, socket);
      if (port == 0)
        port = get_socket_port (socket);
    }

  return g_steal_pointer (&sockets);
}

/*
 * _runtime_use_listener_start:
 * @addresses: (element-type GInetSocketAddress): where to listen; the port of the first counts
 *   for all, and 0 means any; all but the first may be missing on this machine
 *
 * Starts to accept, in the thread-default context.
 */
gboolean
_runtime_use_listener_start (RuntimeUseListener  *self,
                             GPtrArray           *addresses,
                             guint                backlog,
                             GError             **error)
{
  GInetSocketAddress *first = g_ptr_array_index (addresses, 0);
  gboolean any_port = g_inet_socket_address_get_port (first) == 0;
  g_autoptr(GPtrArray) sockets = NULL;

  self->poller = _runtime_use_poller_new (error);
  if (self->poller == NULL)
    return FALSE;

  /* A port that is free for one address may be taken for the other. */
  for (guint i = 0; sockets == NULL && i < (any_port ? PORT_ATTEMPTS : 1); i++)
    {
      g_clear_error (error);
      sockets = open_sockets (self, addresses, backlog, error);
    }
  if (sockets == NULL)
    return FALSE;

  self->port = get_socket_port (g_ptr_array_index (sockets, 0));
  for (guint i = 0; i < sockets->len; i++)
    {
      ListeningSocket *socket = g_new0 (ListeningSocket, 1);

      socket->entry.func = socket_ready_cb;
      socket->listener = self;
      socket->socket = g_object_ref (g_ptr_array_index (sockets, i));
      socket->fd = g_socket_get_fd (socket->socket);
      g_ptr_array_add (self->sockets, socket);
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

/* Those that are being refused or linger included: each has a descriptor. */
guint
_runtime_use_listener_get_n_connections (RuntimeUseListener *self)
{
  return g_queue_get_length (&self->connections);
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
