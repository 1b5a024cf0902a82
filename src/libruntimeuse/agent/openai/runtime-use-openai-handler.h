/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_OPENAI_HANDLER (runtime_use_openai_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseOpenaiHandler, runtime_use_openai_handler,
                      RUNTIME_USE, OPENAI_HANDLER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseAgentHandler *runtime_use_openai_handler_new (void);

G_END_DECLS
