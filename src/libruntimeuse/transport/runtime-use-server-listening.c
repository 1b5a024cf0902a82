/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-server-private.h"

#include "runtime-use-error.h"

/*
 * Where a server listens, and what it has to know before it may.
 */

static void
add_inet_address (GPtrArray    *addresses,
                  GInetAddress *address,
                  guint         port)
{
  g_ptr_array_add (addresses, g_inet_socket_address_new (address, port));
}

static GPtrArray *
find_main_addresses (RuntimeUseServer  *self,
                     GError           **error)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GInetAddress) literal = NULL;
  g_autolist(GInetAddress) found = NULL;

  if (!self->listen_default)
    return g_steal_pointer (&addresses);

  if (self->host == NULL || g_ascii_strcasecmp (self->host, "localhost") == 0)
    {
      g_autoptr(GInetAddress) ipv4 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
      g_autoptr(GInetAddress) ipv6 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);

      add_inet_address (addresses, ipv4, self->port);
      add_inet_address (addresses, ipv6, self->port);
      return g_steal_pointer (&addresses);
    }

  literal = g_inet_address_new_from_string (self->host);
  if (literal != NULL)
    {
      add_inet_address (addresses, literal, self->port);
      return g_steal_pointer (&addresses);
    }

  found = g_resolver_lookup_by_name (g_resolver_get_default (), self->host, NULL, error);
  if (found == NULL)
    {
      g_prefix_error (error, "Could not find the address of host \"%s\": ", self->host);
      return NULL;
    }

  for (GList *link = found; link != NULL; link = link->next)
    add_inet_address (addresses, link->data, self->port);

  return g_steal_pointer (&addresses);
}

/* All addresses that there will be, of sockets that others made as well. */
static GPtrArray *
list_addresses (RuntimeUseServer *self,
                GPtrArray        *main_addresses)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < main_addresses->len; i++)
    g_ptr_array_add (all, g_object_ref (main_addresses->pdata[i]));

  for (guint i = 0; i < self->addresses->len; i++)
    g_ptr_array_add (all, g_object_ref (self->addresses->pdata[i]));

  for (guint i = 0; i < self->sockets->len; i++)
    {
      GSocketAddress *address = g_socket_get_local_address (self->sockets->pdata[i], NULL);

      if (G_IS_INET_SOCKET_ADDRESS (address))
        g_ptr_array_add (all, g_steal_pointer (&address));
      g_clear_object (&address);
    }

  return g_steal_pointer (&all);
}

static gboolean
check_auth (RuntimeUseServer  *self,
            GPtrArray         *addresses,
            GError           **error)
{
  if (self->is_token_empty)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           "The token is empty: set one that nobody can guess, or none");
      return FALSE;
    }

  if (self->token_digest != NULL || self->insecure_no_auth)
    return TRUE;

  for (guint i = 0; i < addresses->len; i++)
    if (!_runtime_use_listening_address_is_local (addresses->pdata[i]))
      {
        g_autofree char *text = NULL;

        text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (addresses->pdata[i]));
        g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                     "Listening on %s lets other machines run commands here: set a token that "
                     "clients have to show, or allow it expressly with insecure-no-auth", text);
        return FALSE;
      }

  return TRUE;
}

/* The host names that clients may use because we listen there. */
static char **
list_hosts (RuntimeUseServer *self,
            GPtrArray        *addresses)
{
  g_autoptr(GPtrArray) hosts = g_ptr_array_new_null_terminated (addresses->len + 1, NULL, TRUE);

  if (self->host != NULL)
    g_ptr_array_add (hosts, g_strdup (self->host));

  for (guint i = 0; i < addresses->len; i++)
    if (G_IS_INET_SOCKET_ADDRESS (addresses->pdata[i]))
      {
        GInetSocketAddress *inet = addresses->pdata[i];

        g_ptr_array_add (hosts,
                         g_inet_address_to_string (g_inet_socket_address_get_address (inet)));
      }

  return (char **) g_ptr_array_free (g_steal_pointer (&hosts), FALSE);
}

/*
 * _runtime_use_server_plan:
 * @plan: (out caller-allocates): to be cleared with _runtime_use_server_clear_plan(), even when
 *   this fails
 * @hosts: (out) (transfer full): the host names that come with that
 *
 * Finds out where to listen, and whether that is allowed.
 */
gboolean
_runtime_use_server_plan (RuntimeUseServer      *self,
                          RuntimeUseListenPlan  *plan,
                          char                ***hosts,
                          GError               **error)
{
  g_autoptr(GPtrArray) all = NULL;

  plan->main_addresses = find_main_addresses (self, error);
  plan->addresses = self->addresses;
  plan->sockets = self->sockets;
  plan->backlog = self->listen_backlog;
  if (plan->main_addresses == NULL)
    return FALSE;

  if (plan->main_addresses->len + plan->addresses->len + plan->sockets->len == 0)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           "There is nothing to listen on: add an address or a socket");
      return FALSE;
    }

  all = list_addresses (self, plan->main_addresses);
  if (!check_auth (self, all, error))
    return FALSE;

  *hosts = list_hosts (self, all);

  return TRUE;
}

void
_runtime_use_server_clear_plan (RuntimeUseListenPlan *plan)
{
  g_clear_pointer (&plan->main_addresses, g_ptr_array_unref);
}

/**
 * runtime_use_server_add_address:
 * @self: a server
 * @address: a [class@Gio.UnixSocketAddress] with a path, or a [class@Gio.InetSocketAddress]
 *
 * Has the server listen on @address too, from its next start on.
 *
 * The file of a Unix socket is made with the mode 0600, so that nobody but the
 * user that this process runs as, and root, may connect; they need no
 * [property@RuntimeUse.Server:token]. The folder has to exist. What a server
 * left there that nobody stopped is replaced. A socket that a server listens
 * on, one of another user, and a file that is no socket make the start fail,
 * and so do abstract names. When the server is stopped the file is removed.
 *
 * An address that others can reach asks for a token, as
 * [property@RuntimeUse.Server:host] does. The port may be 0, for one that is
 * free; see [method@RuntimeUse.Server.dup_addresses].
 *
 * Since: 0.1
 */
void
runtime_use_server_add_address (RuntimeUseServer *self,
                                GSocketAddress   *address)
{
  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));
  g_return_if_fail (G_IS_UNIX_SOCKET_ADDRESS (address) || G_IS_INET_SOCKET_ADDRESS (address));

  g_ptr_array_add (self->addresses, g_object_ref (address));
}

/**
 * runtime_use_server_add_socket:
 * @self: a server that is not running
 * @socket: a socket that listens already, over TCP or with a path
 *
 * Has the server accept from @socket too, from its next start on.
 *
 * This is for sockets that something else has made, such as a service manager.
 * A socket of another kind makes the start fail. It is closed when the server
 * is stopped or goes away, and is not used for a start after that; its path is
 * left alone.
 *
 * Who may connect over a Unix socket is up to whoever made it. Of those, only
 * the user that this process runs as, and root, are let in without a
 * [property@RuntimeUse.Server:token].
 *
 * Since: 0.1
 */
void
runtime_use_server_add_socket (RuntimeUseServer *self,
                               GSocket          *socket)
{
  g_return_if_fail (RUNTIME_USE_IS_SERVER (self));
  g_return_if_fail (G_IS_SOCKET (socket));
  g_return_if_fail (self->listener == NULL);

  g_ptr_array_add (self->sockets, g_object_ref (socket));
}

/* Those that were added but never listened on. */
void
_runtime_use_server_close_sockets (RuntimeUseServer *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    g_socket_close (self->sockets->pdata[i], NULL);
  g_ptr_array_set_size (self->sockets, 0);
}

/**
 * runtime_use_server_dup_addresses:
 * @self: a server
 *
 * Gets where clients can connect to.
 *
 * These are URIs such as `ws://127.0.0.1:8080/`, `ws://[::1]:8080/` and
 * `ws+unix:/run/user/1000/runtimeuse/socket`, in which bytes of a path that a
 * URI cannot have are escaped with `%`. There are none while the server does
 * not listen.
 *
 * Returns: (transfer full): a list of URIs
 *
 * Since: 0.1
 */
char **
runtime_use_server_dup_addresses (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), NULL);

  return self->listener != NULL ? _runtime_use_listener_dup_uris (self->listener)
                                : g_new0 (char *, 1);
}

/**
 * runtime_use_server_get_port: (get-property port)
 * @self: a server
 *
 * Gets the TCP port that the server listens on, or will listen on.
 *
 * Where there are several, it is that of the first; see
 * [method@RuntimeUse.Server.dup_addresses].
 *
 * Returns: a port; 0 when any will do and the server is not running, or when it
 *   runs and listens on Unix sockets only
 *
 * Since: 0.1
 */
guint
runtime_use_server_get_port (RuntimeUseServer *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SERVER (self), 0);

  return self->listener != NULL ? _runtime_use_listener_get_port (self->listener) : self->port;
}
