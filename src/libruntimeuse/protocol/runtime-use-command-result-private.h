/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command-result.h"

G_BEGIN_DECLS

RuntimeUseCommandResult *
_runtime_use_command_result_new_counted (const char *command,
                                         int         exit_code,
                                         const char *stdout_text,
                                         gsize       length,
                                         gboolean    stdout_truncated);

G_END_DECLS
