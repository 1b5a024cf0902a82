/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"

G_BEGIN_DECLS

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseAgentHandler *runtime_use_agent_handler_new_for_name (const char  *name,
                                                                GError     **error);

G_END_DECLS
