/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-listening-socket-private.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime-use-error.h"

/*
 * Opening, naming and closing what a server listens on.
 */

#define PORT_ATTEMPTS 16

static RuntimeUseListeningSocket *
listening_socket_new (GSocket              *socket,
                      RuntimeUseUnixSocket *file)
{
  RuntimeUseListeningSocket *self = g_new0 (RuntimeUseListeningSocket, 1);

  self->socket = g_object_ref (socket);
  self->file = file;

  return self;
}

/*
 * _runtime_use_listening_socket_free:
 *
 * Closes the socket, and takes away its file if there is one that is ours.
 */
void
_runtime_use_listening_socket_free (RuntimeUseListeningSocket *self)
{
  /* First, for nobody else uses the path while somebody listens. */
  g_clear_pointer (&self->file, _runtime_use_unix_socket_remove);
  /* Whoever gave us the socket may hold it longer. */
  g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_free (self);
}

/* TCP */

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

  return G_IS_INET_SOCKET_ADDRESS (address)
         ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
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
open_on_one_port (const RuntimeUseListenPlan  *plan,
                  RuntimeUseLogger            *logger,
                  GError                     **error)
{
  g_autoptr(GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  GPtrArray *addresses = plan->main_addresses;
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

      socket = open_socket (address, port, plan->backlog, &local_error);
      if (socket == NULL)
        {
          /* A machine without IPv6 has no address of it. */
          if (i > 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
            {
              if (logger != NULL)
                runtime_use_logger_info (logger, local_error->message);
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

static gboolean
open_main (const RuntimeUseListenPlan  *plan,
           GPtrArray                   *all,
           RuntimeUseLogger            *logger,
           GError                     **error)
{
  g_autoptr(GPtrArray) sockets = NULL;
  guint n_attempts = 1;

  if (plan->main_addresses == NULL || plan->main_addresses->len == 0)
    return TRUE;

  /* A port that is free for one address may be taken for the other. */
  if (g_inet_socket_address_get_port (plan->main_addresses->pdata[0]) == 0)
    n_attempts = PORT_ATTEMPTS;

  for (guint i = 0; sockets == NULL && i < n_attempts; i++)
    {
      g_clear_error (error);
      sockets = open_on_one_port (plan, logger, error);
    }

  for (guint i = 0; sockets != NULL && i < sockets->len; i++)
    g_ptr_array_add (all, listening_socket_new (sockets->pdata[i], NULL));

  return sockets != NULL;
}

/* Sockets with a name */

/* Whoever comes first has such a name, and nobody is kept from connecting. */
static gboolean
check_unix_address (GUnixSocketAddress  *address,
                    GError             **error)
{
  if (g_unix_socket_address_get_address_type (address) == G_UNIX_SOCKET_ADDRESS_PATH &&
      *g_unix_socket_address_get_path (address) != '\0')
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                       "Only Unix sockets with a path are listened on, none with an abstract name "
                       "or without one");

  return FALSE;
}

static RuntimeUseListeningSocket *
open_unix (GUnixSocketAddress  *address,
           guint                backlog,
           GError             **error)
{
  g_autofree char *path = NULL;
  g_autoptr(GSocket) socket = NULL;
  RuntimeUseUnixSocket *file;
  int fd;

  if (!check_unix_address (address, error))
    return NULL;

  path = g_canonicalize_filename (g_unix_socket_address_get_path (address), NULL);
  file = _runtime_use_unix_socket_listen (path, backlog, &fd, error);
  if (file == NULL)
    return NULL;

  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    {
      _runtime_use_unix_socket_remove (file);
      close (fd);
      return NULL;
    }

  return listening_socket_new (socket, file);
}

static RuntimeUseListeningSocket *
open_address (GSocketAddress  *address,
              guint            backlog,
              GError         **error)
{
  g_autoptr(GSocket) socket = NULL;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return open_unix (G_UNIX_SOCKET_ADDRESS (address), backlog, error);

  socket = open_socket (G_INET_SOCKET_ADDRESS (address),
                        g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), backlog,
                        error);

  return socket != NULL ? listening_socket_new (socket, NULL) : NULL;
}

/* Sockets of others */

static gboolean
check_socket (GSocket  *socket,
              GError  **error)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  int listens = 0;

  if (g_socket_get_socket_type (socket) != G_SOCKET_TYPE_STREAM ||
      !g_socket_get_option (socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, NULL) || !listens ||
      !(G_IS_INET_SOCKET_ADDRESS (address) || G_IS_UNIX_SOCKET_ADDRESS (address)))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "The socket with the descriptor %d is none that listens for TCP or Unix streams",
                   g_socket_get_fd (socket));
      return FALSE;
    }

  return !G_IS_UNIX_SOCKET_ADDRESS (address) ||
         check_unix_address (G_UNIX_SOCKET_ADDRESS (address), error);
}

/*
 * _runtime_use_listening_sockets_open:
 *
 * Opens everything that @plan names, or nothing.
 *
 * Returns: (transfer full) (element-type RuntimeUseListeningSocket): the sockets, in the order of
 *   @plan
 */
GPtrArray *
_runtime_use_listening_sockets_open (const RuntimeUseListenPlan  *plan,
                                     RuntimeUseLogger            *logger,
                                     GError                     **error)
{
  g_autoptr(GPtrArray) all = NULL;

  all = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_listening_socket_free);
  if (!open_main (plan, all, logger, error))
    return NULL;

  for (guint i = 0; plan->addresses != NULL && i < plan->addresses->len; i++)
    {
      RuntimeUseListeningSocket *socket;

      socket = open_address (plan->addresses->pdata[i], plan->backlog, error);
      if (socket == NULL)
        return NULL;

      g_ptr_array_add (all, socket);
    }

  /* Those of others are ours only when nothing can fail any more. */
  for (guint i = 0; plan->sockets != NULL && i < plan->sockets->len; i++)
    if (!check_socket (plan->sockets->pdata[i], error))
      return NULL;

  for (guint i = 0; plan->sockets != NULL && i < plan->sockets->len; i++)
    {
      RuntimeUseListeningSocket *socket = listening_socket_new (plan->sockets->pdata[i], NULL);

      socket->is_given = TRUE;
      g_ptr_array_add (all, socket);
    }

  return g_steal_pointer (&all);
}

/* Returns 0 for a Unix socket. */
guint
_runtime_use_listening_socket_get_port (const RuntimeUseListeningSocket *self)
{
  return get_socket_port (self->socket);
}

/*
 * _runtime_use_listening_socket_dup_uri:
 *
 * Returns: what a client connects to
 */
char *
_runtime_use_listening_socket_dup_uri (const RuntimeUseListeningSocket *self)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (self->socket, NULL);
  g_autofree char *text = NULL;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    {
      const char *path = g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));

      text = g_uri_escape_bytes ((const guint8 *) path, strlen (path),
                                 G_URI_RESERVED_CHARS_ALLOWED_IN_PATH);
      return g_strconcat ("ws+unix:", text, NULL);
    }

  if (address == NULL)
    return NULL;

  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  return g_strdup_printf ("ws://%s/", text);
}

/* Whether nobody but this machine reaches what listens on @address. */
gboolean
_runtime_use_listening_address_is_local (GSocketAddress *address)
{
  GInetSocketAddress *inet;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return TRUE;

  inet = G_INET_SOCKET_ADDRESS (address);

  return g_inet_address_get_is_loopback (g_inet_socket_address_get_address (inet));
}
