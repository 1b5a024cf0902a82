/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-client-session.h"
#include "runtime-use-client-settings-private.h"
#include "runtime-use-clock-private.h"
#include "runtime-use-request-message.h"
#include "runtime-use-session.h"

G_BEGIN_DECLS

/* What is at the other end of a channel inside a process, @runtime, is ended with the session. */
RuntimeUseClientSession *
_runtime_use_client_session_new_full (RuntimeUseChannel              *channel,
                                      RuntimeUseClock                *clock,
                                      const RuntimeUseClientSettings *settings,
                                      RuntimeUseSession              *runtime);

/* Sends @message, and returns @task, which is taken over, with what the server answers. */
void _runtime_use_client_session_call (RuntimeUseClientSession  *self,
                                       RuntimeUseRequestMessage *message,
                                       GTask                    *task);

G_END_DECLS
