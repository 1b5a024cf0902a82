/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-invocation.h"
#include "runtime-use-openai-turn-private.h"

G_BEGIN_DECLS

/*
 * The shell that a model may use: runs the commands of a call one after the other, shows the client
 * what they print, and keeps it for the model.
 */

typedef struct
{
  guint        timeout_ms;      /* of a command, when the model does not say */
  gsize        max_output;      /* bytes of each stream of a command that are kept */
  const char  *hidden;          /* (nullable): the variable that commands do not get */
} RuntimeUseShellToolSettings;

void       _runtime_use_shell_tool_run_async  (RuntimeUseInvocation               *invocation,
                                               const RuntimeUseShellCall          *call,
                                               const RuntimeUseShellToolSettings  *settings,
                                               GCancellable                       *cancellable,
                                               GAsyncReadyCallback                 callback,
                                               gpointer                            user_data);

/* Returns RuntimeUseShellOutput, one for each command. */
GPtrArray *_runtime_use_shell_tool_run_finish (GAsyncResult                       *result,
                                               GError                            **error);

G_END_DECLS
