/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"
#include "runtime-use-request-private.h"
#include "runtime-use-session.h"

G_BEGIN_DECLS

/* A server gives all its sessions one clock. */
RuntimeUseSession *
_runtime_use_session_new_full (RuntimeUseChannel               *channel,
                               RuntimeUseAgentHandler          *handler,
                               RuntimeUseUploadTracker         *upload_tracker,
                               RuntimeUseClock                 *clock,
                               const RuntimeUseSessionSettings *settings);

G_END_DECLS
