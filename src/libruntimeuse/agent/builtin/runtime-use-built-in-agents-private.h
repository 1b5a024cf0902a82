/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-built-in-agents.h"

G_BEGIN_DECLS

/* Those that have a name, for messages: "a, b, c". */
char *_runtime_use_built_in_agents_dup_names (void);

G_END_DECLS
