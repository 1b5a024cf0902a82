/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_END_SESSION_MESSAGE (runtime_use_end_session_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseEndSessionMessage,
                      runtime_use_end_session_message,
                      RUNTIME_USE, END_SESSION_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *runtime_use_end_session_message_new (void);

G_END_DECLS
