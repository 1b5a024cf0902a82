/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"

G_BEGIN_DECLS

/* What commands are given to as "SHELL -c COMMAND" when nobody says otherwise. */
#define RUNTIME_USE_DEFAULT_SHELL "/bin/sh"

GByteArray *_runtime_use_job_request_new (RuntimeUseCommand   *command,
                                          const char * const  *shell,
                                          const char * const  *base_environ,
                                          GError             **error);

void _runtime_use_job_request_free (GByteArray *request);

G_END_DECLS
