/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-invocation.h"

G_BEGIN_DECLS

typedef struct
{
  guint       idle_timeout;   /* s */
  guint       max_retries;
  guint       max_turns;
  gsize       max_line_size;
  GHashTable *versions;       /* char *: programs whose version the log knows already */
} RuntimeUseClaudeSettings;

/* Has the program "claude" answer @invocation. */
gboolean
_runtime_use_claude_run (RuntimeUseInvocation            *invocation,
                         const RuntimeUseClaudeSettings  *settings,
                         GError                         **error);

G_END_DECLS
