/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_HEARTBEAT_MESSAGE (runtime_use_heartbeat_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseHeartbeatMessage,
                      runtime_use_heartbeat_message,
                      RUNTIME_USE, HEARTBEAT_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_heartbeat_message_new (const char *phase,
                                   gint64      elapsed_ms);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_heartbeat_message_get_phase (RuntimeUseHeartbeatMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gint64
runtime_use_heartbeat_message_get_elapsed_ms (RuntimeUseHeartbeatMessage *self);

G_END_DECLS
