/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-request-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_INVOCATION_MESSAGE (runtime_use_invocation_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseInvocationMessage,
                      runtime_use_invocation_message,
                      RUNTIME_USE, INVOCATION_MESSAGE,
                      RuntimeUseRequestMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_message_get_system_prompt (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_message_get_user_prompt (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_message_get_model (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_invocation_message_get_agent_env (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_message_get_output_format_json_schema_str
  (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_invocation_message_get_pre_commands (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_invocation_message_get_post_commands (RuntimeUseInvocationMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_invocation_message_get_stream_deltas (RuntimeUseInvocationMessage *self);

G_END_DECLS
