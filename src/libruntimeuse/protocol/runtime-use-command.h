/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_COMMAND (runtime_use_command_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCommand, runtime_use_command, RUNTIME_USE, COMMAND, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseCommand  *runtime_use_command_new         (const char         *command,
                                                     const char         *cwd,
                                                     const char * const *env);
RUNTIME_USE_AVAILABLE_IN_0_1
const char         *runtime_use_command_get_command (RuntimeUseCommand  *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char         *runtime_use_command_get_cwd     (RuntimeUseCommand  *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *runtime_use_command_get_env     (RuntimeUseCommand  *self);

G_END_DECLS
