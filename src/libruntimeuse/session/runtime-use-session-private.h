/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"
#include "runtime-use-request-private.h"
#include "runtime-use-session.h"

G_BEGIN_DECLS

/* Documented defaults of the properties that sessions and servers share. */
#define RUNTIME_USE_DEFAULT_HEARTBEAT_INTERVAL 15000
#define RUNTIME_USE_DEFAULT_CANCEL_GRACE 5000
#define RUNTIME_USE_DEFAULT_KILL_GRACE 2000
#define RUNTIME_USE_DEFAULT_INVOCATION_TIMEOUT (24 * 60 * 60)
#define RUNTIME_USE_DEFAULT_COMMAND_TIMEOUT (24 * 60 * 60)

/* A server gives all its sessions one clock. */
RuntimeUseSession *
_runtime_use_session_new_full (RuntimeUseChannel               *channel,
                               RuntimeUseAgentHandler          *handler,
                               RuntimeUseClock                 *clock,
                               const RuntimeUseSessionSettings *settings);

G_END_DECLS
