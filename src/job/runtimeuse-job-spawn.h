/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-job-protocol-private.h"

#include <sys/types.h>

pid_t job_spawn (const int            descriptors[RUNTIME_USE_JOB_N_DESCRIPTORS],
                 RuntimeUseJobReport *report);
