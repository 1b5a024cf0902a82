/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"

G_BEGIN_DECLS

GByteArray *_runtime_use_job_request_new (RuntimeUseCommand   *command,
                                          const char * const  *base_environ,
                                          GError             **error);

void _runtime_use_job_request_free (GByteArray *request);

G_END_DECLS
