/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_ERROR_MESSAGE (runtime_use_error_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseErrorMessage,
                      runtime_use_error_message,
                      RUNTIME_USE, ERROR_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_error_message_new (const char *error,
                               const char *metadata_json);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_error_message_get_error (RuntimeUseErrorMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_error_message_get_metadata_json (RuntimeUseErrorMessage *self);

G_END_DECLS
