/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SHELL_HANDLER (runtime_use_shell_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseShellHandler, runtime_use_shell_handler,
                      RUNTIME_USE, SHELL_HANDLER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseAgentHandler *runtime_use_shell_handler_new (void);

G_END_DECLS
