/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"
#include "runtime-use-websocket-channel.h"

G_BEGIN_DECLS

/*
 * RuntimeUseConnectOptions:
 * @url: (nullable): of the server
 * @token: (nullable): what it asks clients for
 * @timeout: how long all may take, in seconds
 * @max_message_size: what one message from the server may have
 */
typedef struct
{
  const char *url;
  const char *token;
  guint       timeout;
  guint64     max_message_size;
} RuntimeUseConnectOptions;

/* The channel is paused, so that nothing it says gets lost before somebody listens. */
void _runtime_use_connect_async (const RuntimeUseConnectOptions *options,
                                 RuntimeUseClock                *clock,
                                 GCancellable                   *cancellable,
                                 GAsyncReadyCallback             callback,
                                 gpointer                        user_data);

RuntimeUseWebsocketChannel *_runtime_use_connect_finish (GAsyncResult  *result,
                                                         GError       **error);

G_END_DECLS
