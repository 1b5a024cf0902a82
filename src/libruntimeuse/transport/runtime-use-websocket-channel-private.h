/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-websocket-channel.h"

G_BEGIN_DECLS

/* What the peer did wrong, or NULL if nothing. */
GError *_runtime_use_websocket_channel_dup_violation (RuntimeUseWebsocketChannel *self);

G_END_DECLS
