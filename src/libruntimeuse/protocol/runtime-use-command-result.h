/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND_RESULT (runtime_use_command_result_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommandResult,
                      runtime_use_command_result,
                      RUNTIME_USE, COMMAND_RESULT,
                      GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseCommandResult *
runtime_use_command_result_new (const char *command,
                                int         exit_code,
                                const char *stdout_text,
                                gboolean    stdout_truncated);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_command_result_get_command (RuntimeUseCommandResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
int
runtime_use_command_result_get_exit_code (RuntimeUseCommandResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_command_result_get_stdout_text (RuntimeUseCommandResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GBytes *
runtime_use_command_result_get_stdout_bytes (RuntimeUseCommandResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_command_result_get_stdout_truncated (RuntimeUseCommandResult *self);

G_END_DECLS
