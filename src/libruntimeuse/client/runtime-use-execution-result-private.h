/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-execution-result-message.h"
#include "runtime-use-execution-result.h"

G_BEGIN_DECLS

RuntimeUseExecutionResult *
_runtime_use_execution_result_new (RuntimeUseCommandExecutionResultMessage *message);

G_END_DECLS
