/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-request-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE \
  (runtime_use_command_execution_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommandExecutionMessage,
                      runtime_use_command_execution_message,
                      RUNTIME_USE, COMMAND_EXECUTION_MESSAGE,
                      RuntimeUseRequestMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_command_execution_message_get_commands (RuntimeUseCommandExecutionMessage *self);

G_END_DECLS
