/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-job-protocol-private.h"

#include <sys/types.h>

pid_t job_spawn (const int           *descriptors,
                 size_t               n_descriptors,
                 RuntimeUseJobReport *report);
