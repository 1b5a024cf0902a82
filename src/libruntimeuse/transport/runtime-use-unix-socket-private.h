/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Linux takes one byte more; but GUnixSocketAddress cuts what is longer down to that, so that such
 * a path may be only the beginning of the one that was meant.
 */
#define RUNTIME_USE_MAX_SOCKET_PATH 106

/*
 * RuntimeUseUnixSocket:
 * @path: absolute
 * @device: where the file is
 * @inode: which file it is
 *
 * The file of a socket that was made by us, so that it is told apart from what others put there.
 */
typedef struct
{
  char    *path;
  guint64  device;
  guint64  inode;
} RuntimeUseUnixSocket;

RuntimeUseUnixSocket *_runtime_use_unix_socket_listen (const char  *path,
                                                       guint        backlog,
                                                       int         *fd,
                                                       GError     **error);

void _runtime_use_unix_socket_remove (RuntimeUseUnixSocket *self);

G_END_DECLS
