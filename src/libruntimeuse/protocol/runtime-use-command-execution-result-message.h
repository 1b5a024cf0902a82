/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND_EXECUTION_RESULT_MESSAGE \
  (runtime_use_command_execution_result_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommandExecutionResultMessage,
                      runtime_use_command_execution_result_message,
                      RUNTIME_USE, COMMAND_EXECUTION_RESULT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_command_execution_result_message_new (GPtrArray *results);
RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_command_execution_result_message_get_results
  (RuntimeUseCommandExecutionResultMessage *self);

G_END_DECLS
