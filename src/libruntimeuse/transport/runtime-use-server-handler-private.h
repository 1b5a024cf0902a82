/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-server.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SERVER_HANDLER (_runtime_use_server_handler_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseServerHandler, _runtime_use_server_handler,
                      RUNTIME_USE, SERVER_HANDLER, GObject)

RuntimeUseAgentHandler *_runtime_use_server_handler_new (RuntimeUseServer *server);

G_END_DECLS
