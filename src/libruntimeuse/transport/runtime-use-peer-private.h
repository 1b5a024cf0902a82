/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/*
 * RuntimeUsePeer:
 * @RUNTIME_USE_PEER_NETWORK: comes over a network
 * @RUNTIME_USE_PEER_LOOPBACK: any program of this machine, over TCP
 * @RUNTIME_USE_PEER_USER: over a Unix socket: the user that we run as, or root
 * @RUNTIME_USE_PEER_STRANGER: over a Unix socket: somebody else
 *
 * What the kernel knows about who is at the other end.
 */
typedef enum
{
  RUNTIME_USE_PEER_NETWORK,
  RUNTIME_USE_PEER_LOOPBACK,
  RUNTIME_USE_PEER_USER,
  RUNTIME_USE_PEER_STRANGER,
} RuntimeUsePeer;

RuntimeUsePeer _runtime_use_peer_classify (int                    fd,
                                           const struct sockaddr *address);

char *_runtime_use_peer_describe (int fd);

G_END_DECLS
