/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-enums.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND_OUTPUT_MESSAGE (runtime_use_command_output_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommandOutputMessage,
                      runtime_use_command_output_message,
                      RUNTIME_USE, COMMAND_OUTPUT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_command_output_message_new (RuntimeUseOutputStream  stream,
                                        const char             *text,
                                        const char             *command);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseOutputStream
runtime_use_command_output_message_get_stream (RuntimeUseCommandOutputMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_command_output_message_get_text (RuntimeUseCommandOutputMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GBytes *
runtime_use_command_output_message_get_text_bytes (RuntimeUseCommandOutputMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_command_output_message_get_command (RuntimeUseCommandOutputMessage *self);

G_END_DECLS
