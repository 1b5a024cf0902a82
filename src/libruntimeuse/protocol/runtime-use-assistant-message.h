/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ASSISTANT_MESSAGE (runtime_use_assistant_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseAssistantMessage,
                      runtime_use_assistant_message,
                      RUNTIME_USE, ASSISTANT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_assistant_message_new (const char * const *text_blocks);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_assistant_message_get_text_blocks (RuntimeUseAssistantMessage *self);

G_END_DECLS
