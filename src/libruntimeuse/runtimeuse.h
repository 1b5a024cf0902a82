/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-enums.h"
#include "runtime-use-error.h"
#include "runtime-use-types.h"
#include "runtime-use-version.h"

/* base */
#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"
#include "runtime-use-redactor-stream.h"

/* protocol */

/* command */

/* agent */

/* session */
#include "runtime-use-channel.h"

/* transport */
