/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ABSENT_HANDLER (_runtime_use_absent_handler_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseAbsentHandler, _runtime_use_absent_handler,
                      RUNTIME_USE, ABSENT_HANDLER, GObject)

RuntimeUseAgentHandler *_runtime_use_absent_handler_new (void);

G_END_DECLS
