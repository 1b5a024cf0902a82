/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-clock-private.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-outcome-private.h"
#include "runtime-use-request-reporter-private.h"
#include "runtime-use-session-settings-private.h"

G_BEGIN_DECLS

/* One question to an agent, from asking it to its answer, or to giving up on one. What the agent
 * says meanwhile goes to the reporter, what it says later is lost. */
#define RUNTIME_USE_TYPE_AGENT_RUN (_runtime_use_agent_run_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseAgentRun, _runtime_use_agent_run, RUNTIME_USE, AGENT_RUN, GObject)

/* Called once, as the last thing; both are given away. @outcome is NULL if there was no answer in
 * time, and @error, if any, tells why the agent was stopped, whatever it answered after that. There
 * may be neither after stop(). */
typedef void (* RuntimeUseAgentRunDone) (GObject           *owner,
                                         RuntimeUseOutcome *outcome,
                                         GError            *error);

RuntimeUseAgentRun *
_runtime_use_agent_run_new (RuntimeUseClock                 *clock,
                            const RuntimeUseSessionSettings *settings,
                            GCancellable                    *cancellable,
                            RuntimeUseRequestReporter       *reporter);

/* Keeps @owner alive until all is done. */
void
_runtime_use_agent_run_start (RuntimeUseAgentRun          *self,
                              RuntimeUseAgentHandler      *handler,
                              RuntimeUseInvocationMessage *message,
                              JsonNode                    *output_format,
                              RuntimeUseAgentRunDone       done,
                              GObject                     *owner);

/* Triggers the cancellable, and gives the agent some time to end. */
void
_runtime_use_agent_run_stop (RuntimeUseAgentRun *self);

/* The same, but without waiting for it or telling the owner. */
void
_runtime_use_agent_run_abandon (RuntimeUseAgentRun *self);

/* There is room for what it says again. */
void
_runtime_use_agent_run_notify_drained (RuntimeUseAgentRun *self);

G_END_DECLS
