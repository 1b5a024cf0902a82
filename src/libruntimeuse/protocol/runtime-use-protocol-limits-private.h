/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-limits-private.h"

/* Bounds of what one message may hold, besides those that others need too. */

#define RUNTIME_USE_LIMIT_ARTIFACTS_DIRS 4096
#define RUNTIME_USE_LIMIT_DOWNLOADABLES 4096
#define RUNTIME_USE_LIMIT_ENV_ITEMS 10000
#define RUNTIME_USE_LIMIT_RESULTS RUNTIME_USE_LIMIT_COMMANDS
