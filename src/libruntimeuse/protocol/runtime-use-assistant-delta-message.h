/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ASSISTANT_DELTA_MESSAGE (runtime_use_assistant_delta_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseAssistantDeltaMessage,
                      runtime_use_assistant_delta_message,
                      RUNTIME_USE, ASSISTANT_DELTA_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_assistant_delta_message_new (const char *text);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_assistant_delta_message_get_text (RuntimeUseAssistantDeltaMessage *self);

G_END_DECLS
