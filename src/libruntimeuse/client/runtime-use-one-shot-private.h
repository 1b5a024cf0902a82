/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-client.h"
#include "runtime-use-command-output-message.h"
#include "runtime-use-request-message.h"

G_BEGIN_DECLS

/* What a client does with the reports of a request; handlers of the signals of its session. */
typedef struct
{
  void (* assistant_message) (RuntimeUseClientSession        *session,
                              const char * const             *text_blocks,
                              RuntimeUseClient               *client);
  void (* command_output)    (RuntimeUseClientSession        *session,
                              RuntimeUseCommandOutputMessage *message,
                              RuntimeUseClient               *client);
  void (* heartbeat)         (RuntimeUseClientSession        *session,
                              const char                     *phase,
                              gint64                          elapsed_ms,
                              RuntimeUseClient               *client);
} RuntimeUseOneShotReports;

/* Makes a request with a session of its own. Returns @task, a task of the client, which is taken
 * over, with what came of it when the session is closed.
 */
void        _runtime_use_one_shot_start             (GTask                          *task,
                                                     RuntimeUseRequestMessage       *message,
                                                     const RuntimeUseOneShotReports *reports);

/* What the runtime said besides its error, or NULL; of any task of a client. */
const char *_runtime_use_one_shot_get_metadata_json (GTask                          *task);

G_END_DECLS
