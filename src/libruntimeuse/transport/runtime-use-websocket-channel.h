/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_WEBSOCKET_CHANNEL (runtime_use_websocket_channel_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseWebsocketChannel, runtime_use_websocket_channel,
                      RUNTIME_USE, WEBSOCKET_CHANNEL, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseWebsocketChannel *runtime_use_websocket_channel_new (SoupWebsocketConnection *connection);

RUNTIME_USE_AVAILABLE_IN_0_1
SoupWebsocketConnection *
runtime_use_websocket_channel_get_connection (RuntimeUseWebsocketChannel *self);

RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_websocket_channel_get_high_water (RuntimeUseWebsocketChannel *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void runtime_use_websocket_channel_set_high_water (RuntimeUseWebsocketChannel *self,
                                                   guint64                     high_water);

G_END_DECLS
