/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-logger.h"
#include "runtime-use-unix-socket-private.h"

G_BEGIN_DECLS

/*
 * RuntimeUseListeningSocket:
 * @socket: listens
 * @file: (nullable): its name in the file system, if we made that
 * @is_given: somebody else has made it, and may have it longer than we
 */
typedef struct
{
  GSocket              *socket;
  RuntimeUseUnixSocket *file;
  gboolean              is_given;
} RuntimeUseListeningSocket;

/*
 * RuntimeUseListenPlan:
 * @main_addresses: (nullable) (element-type GInetSocketAddress): addresses that share the port of
 *   the first, where 0 means any; all but the first may be missing on this machine
 * @addresses: (nullable) (element-type GSocketAddress): further ones
 * @sockets: (nullable) (element-type GSocket): sockets that listen already
 * @backlog: for those that are made
 *
 * Where to listen.
 */
typedef struct
{
  GPtrArray *main_addresses;
  GPtrArray *addresses;
  GPtrArray *sockets;
  guint      backlog;
} RuntimeUseListenPlan;

GPtrArray *_runtime_use_listening_sockets_open (const RuntimeUseListenPlan  *plan,
                                                RuntimeUseLogger            *logger,
                                                GError                     **error);

void _runtime_use_listening_socket_free (RuntimeUseListeningSocket *self);

guint _runtime_use_listening_socket_get_port (const RuntimeUseListeningSocket *self);

char *_runtime_use_listening_socket_dup_uri (const RuntimeUseListeningSocket *self);

gboolean _runtime_use_listening_address_is_local (GSocketAddress *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseListeningSocket, _runtime_use_listening_socket_free)

G_END_DECLS
