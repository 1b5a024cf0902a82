/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-outcome-private.h"

G_BEGIN_DECLS

/* What our first request to the program is called. */
#define RUNTIME_USE_CLAUDE_INITIALIZE_ID "initialize"

/* Kinds of tokens that are counted apart. */
#define RUNTIME_USE_CLAUDE_N_TOKENS 4

/* What the results told that were not the last. The program adds up its cost alone. */
typedef struct
{
  gint64 tokens[RUNTIME_USE_CLAUDE_N_TOKENS];
  gint64 turns;
  gint64 duration;
} RuntimeUseClaudeAccount;

/* What was heard of the program before its result. */
typedef struct
{
  gboolean                 wants_object;
  gboolean                 lacks_object;    /* the last result is sound, but without that */
  guint                    n_corrections;   /* results that were not the last */
  char                    *version;         /* (nullable) */
  char                    *model;           /* (nullable) */
  char                    *problem;         /* (nullable): the last failure of the service, in its
                                             * words */
  char                    *problem_kind;    /* (nullable) */
  RuntimeUseClaudeAccount  earlier;
  RuntimeUseClaudeAccount  last;            /* with the earlier ones */
} RuntimeUseClaudeSession;

RuntimeUseOutcome *
_runtime_use_claude_result_read        (RuntimeUseClaudeSession *session,
                                        const char              *line,
                                        gsize                    length);
void
_runtime_use_claude_result_fail        (RuntimeUseOutcome       *outcome,
                                        const char              *text);
RuntimeUseOutcome *
_runtime_use_claude_result_new_refused (const char              *text);

G_END_DECLS
