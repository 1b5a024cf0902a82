/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_EXECUTION_RESULT (runtime_use_execution_result_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseExecutionResult, runtime_use_execution_result,
                      RUNTIME_USE, EXECUTION_RESULT, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *runtime_use_execution_result_get_results (RuntimeUseExecutionResult *self);

G_END_DECLS
