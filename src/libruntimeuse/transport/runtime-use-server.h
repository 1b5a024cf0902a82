/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-enums.h"
#include "runtime-use-session.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SERVER (runtime_use_server_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseServer, runtime_use_server, RUNTIME_USE, SERVER, GObject)

/**
 * RuntimeUsePageFunc:
 * @server: the server that was asked
 * @content_type: (out) (transfer full) (nullable): what @content is, such as `text/html`; plain
 *   text if it is left at `NULL`
 * @content: (out) (transfer full) (nullable): what to answer, up to 1 MiB; nothing if it is left
 *   at `NULL`
 * @user_data: (closure): data of the page
 *
 * Makes the content of a page, in the main context of @server.
 *
 * It must not block.
 *
 * Returns: an HTTP status from 200 to 599, such as 200; with anything else, or content that is too
 *   long, the client is answered 500 and a warning is logged
 *
 * Since: 0.1
 */
typedef guint (* RuntimeUsePageFunc) (RuntimeUseServer  *server,
                                      char             **content_type,
                                      GBytes           **content,
                                      gpointer           user_data);

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseServer *runtime_use_server_new (void);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_server_start (RuntimeUseServer  *self,
                                   GError           **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_server_drain (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_server_is_draining (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_server_stop_async (RuntimeUseServer    *self,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_server_stop_finish (RuntimeUseServer  *self,
                                         GAsyncResult      *result,
                                         GError           **error);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_server_is_running (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
guint runtime_use_server_get_port (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_server_add_address (RuntimeUseServer *self,
                                     GSocketAddress   *address);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_server_add_socket (RuntimeUseServer *self,
                                    GSocket          *socket);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_server_add_page (RuntimeUseServer    *self,
                                  const char          *path,
                                  RuntimeUsePageFlags  flags,
                                  RuntimeUsePageFunc   func,
                                  gpointer             user_data,
                                  GDestroyNotify       destroy);

RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_server_get_refused_connections (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
char **runtime_use_server_dup_addresses (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
GListModel *runtime_use_server_list_sessions (RuntimeUseServer *self);

G_END_DECLS
