/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-outcome-private.h"

G_BEGIN_DECLS

/* What our first request to the program is called. */
#define RUNTIME_USE_CLAUDE_INITIALIZE_ID "initialize"

/* What was heard of the program before its result. */
typedef struct
{
  gboolean  wants_object;
  char     *version;        /* (nullable) */
  char     *model;          /* (nullable) */
  char     *problem;        /* (nullable): the last failure of the service, in its words */
  char     *problem_kind;   /* (nullable) */
} RuntimeUseClaudeSession;

RuntimeUseOutcome *
_runtime_use_claude_result_read        (const RuntimeUseClaudeSession *session,
                                        const char                    *line,
                                        gsize                          length);
void
_runtime_use_claude_result_fail        (RuntimeUseOutcome             *outcome,
                                        const char                    *text);
RuntimeUseOutcome *
_runtime_use_claude_result_new_refused (const char                    *text);

G_END_DECLS
