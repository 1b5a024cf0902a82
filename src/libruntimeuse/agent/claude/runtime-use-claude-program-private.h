/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-command.h"

G_BEGIN_DECLS

typedef struct
{
  const char *model;           /* may be empty */
  guint       max_turns;       /* 0: no limit */
  guint       max_retries;
  gboolean    streams_deltas;
} RuntimeUseClaudeOptions;

/* How to run the program "claude" in the environment of this process with @env laid over it. */
RuntimeUseCommand *
_runtime_use_claude_program_find        (const RuntimeUseClaudeOptions  *options,
                                         const char * const             *env,
                                         char                          **path,
                                         GError                        **error);

/* The keys that it may find in its environment. */
char **
_runtime_use_claude_program_dup_secrets (const char * const             *env);

G_END_DECLS
