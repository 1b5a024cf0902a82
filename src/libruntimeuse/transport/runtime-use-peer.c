/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-peer-private.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <unistd.h>

/*
 * Who is at the other end of a socket.
 */

static gboolean
get_credentials (int           fd,
                 struct ucred *credentials)
{
  socklen_t length = sizeof *credentials;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, credentials, &length) == 0 &&
         length == sizeof *credentials;
}

static gboolean
is_loopback (const struct sockaddr *address)
{
  const struct in6_addr *ipv6;

  if (address->sa_family == AF_INET)
    return ntohl (((const struct sockaddr_in *) (const void *) address)->sin_addr.s_addr) >> 24 ==
           IN_LOOPBACKNET;

  if (address->sa_family != AF_INET6)
    return FALSE;

  ipv6 = &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr;

  return IN6_IS_ADDR_LOOPBACK (ipv6) ||
         (IN6_IS_ADDR_V4MAPPED (ipv6) && ipv6->s6_addr[12] == IN_LOOPBACKNET);
}

/*
 * _runtime_use_peer_classify:
 * @fd: an accepted socket
 * @address: what accept() said about it
 *
 * Tells what is known about a peer. Credentials are those of the moment when it
 * connected; root could be anybody anyhow.
 */
RuntimeUsePeer
_runtime_use_peer_classify (int                    fd,
                            const struct sockaddr *address)
{
  struct ucred credentials;

  if (address->sa_family != AF_UNIX)
    return is_loopback (address) ? RUNTIME_USE_PEER_LOOPBACK : RUNTIME_USE_PEER_NETWORK;

  if (get_credentials (fd, &credentials) &&
      (credentials.uid == 0 || credentials.uid == geteuid ()))
    return RUNTIME_USE_PEER_USER;

  return RUNTIME_USE_PEER_STRANGER;
}

/*
 * _runtime_use_peer_describe:
 * @fd: a connected socket
 *
 * Returns: (nullable): address and port of the peer, or the process and user of a Unix socket
 */
char *
_runtime_use_peer_describe (int fd)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  g_autoptr(GSocketAddress) address = NULL;
  struct ucred credentials;

  if (getpeername (fd, (struct sockaddr *) &storage, &length) < 0)
    return NULL;

  if (storage.ss_family == AF_UNIX)
    return get_credentials (fd, &credentials)
           ? g_strdup_printf ("unix:pid=%d,uid=%u", credentials.pid, credentials.uid)
           : NULL;

  address = g_socket_address_new_from_native (&storage, length);
  if (address == NULL)
    return NULL;

  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}
