/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_RESULT_MESSAGE (runtime_use_result_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseResultMessage,
                      runtime_use_result_message,
                      RUNTIME_USE, RESULT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_result_message_new_text (const char *text,
                                     const char *metadata_json);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_result_message_new_structured_output (const char *object_json,
                                                  const char *metadata_json);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_result_message_get_text (RuntimeUseResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_result_message_get_structured_output_json (RuntimeUseResultMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_result_message_get_metadata_json (RuntimeUseResultMessage *self);

G_END_DECLS
