/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-session.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SERVER (runtime_use_server_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseServer, runtime_use_server, RUNTIME_USE, SERVER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseServer *runtime_use_server_new (void);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_server_start (RuntimeUseServer  *self,
                                   GError           **error);

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
char **runtime_use_server_dup_addresses (RuntimeUseServer *self);

RUNTIME_USE_AVAILABLE_IN_0_1
GListModel *runtime_use_server_list_sessions (RuntimeUseServer *self);

G_END_DECLS
