/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-handshake-private.h"
#include "runtime-use-input-budget-private.h"
#include "runtime-use-poller-private.h"
#include "runtime-use-websocket-channel.h"

G_BEGIN_DECLS

typedef struct _RuntimeUseConnection RuntimeUseConnection;

/*
 * RuntimeUseConnectionOptions:
 * @uri: what libsoup is told that the address of the WebSocket is
 * @max_message_size: in bytes
 * @input_budget: (nullable): for the bytes of messages that have not come whole
 * @handshake_timeout: from accept to the answer
 * @ping_interval: when nothing came for so long, a ping is sent; 0 for no pings
 * @stall_timeout: how long a peer may take nothing of what is pending; 0 for ever
 * @close_timeout: the same, once one side has begun to close the WebSocket
 * @linger_timeout: how long the end of the peer's input is waited for after the last output
 * @closed: (nullable): why no WebSocket is opened any more; static
 *
 * What all connections of a listener have in common. Times are in milliseconds.
 */
typedef struct
{
  RuntimeUseHandshakePolicy policy;
  GUri                     *uri;
  guint64                   max_message_size;
  RuntimeUseInputBudget    *input_budget;
  guint                     handshake_timeout;
  guint                     ping_interval;
  guint                     stall_timeout;
  guint                     close_timeout;
  guint                     linger_timeout;
  const char               *closed;
} RuntimeUseConnectionOptions;

/*
 * RuntimeUseConnectionEvents:
 * @opened: the client was let in; called from the main context
 * @refused: it was not
 * @page: it asks for a page; returns the bytes of the answer, or `NULL` when there are too many
 *   such answers already; may take the connection away
 * @crowded: it is being closed, because there is no room for its message beside those of others
 * @gone: the descriptor is closed, and the connection is no longer of use
 *
 * What the owner of a connection is told.
 */
typedef struct
{
  void (* opened)  (RuntimeUseConnection       *connection,
                    RuntimeUseWebsocketChannel *channel,
                    gpointer                    user_data);
  void (* refused) (RuntimeUseConnection       *connection,
                    guint                       status,
                    const char                 *why,
                    gpointer                    user_data);
  GBytes * (* page) (RuntimeUseConnection      *connection,
                     RuntimeUsePage            *page,
                     gboolean                   is_head,
                     gpointer                   user_data);
  void (* crowded) (RuntimeUseConnection       *connection,
                    gpointer                    user_data);
  void (* gone)    (RuntimeUseConnection       *connection,
                    gpointer                    user_data);
} RuntimeUseConnectionEvents;

RuntimeUseConnection *_runtime_use_connection_new (RuntimeUsePoller                   *poller,
                                                   int                                 fd,
                                                   const RuntimeUseVisitor            *visitor,
                                                   const RuntimeUseConnectionOptions  *options,
                                                   const RuntimeUseConnectionEvents   *events,
                                                   gpointer                            user_data,
                                                   GError                            **error);

void _runtime_use_connection_free (RuntimeUseConnection *self);

GList *_runtime_use_connection_get_link (RuntimeUseConnection *self);

RuntimeUseWebsocketChannel *_runtime_use_connection_get_channel (RuntimeUseConnection *self);

char *_runtime_use_connection_dup_peer (RuntimeUseConnection *self);

void _runtime_use_connection_refuse (RuntimeUseConnection *self,
                                     guint                 status,
                                     const char           *why);

gboolean _runtime_use_connection_is_answering (RuntimeUseConnection *self);

gint64 _runtime_use_connection_check (RuntimeUseConnection *self,
                                      gint64                now);

void _runtime_use_connection_abort (RuntimeUseConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseConnection, _runtime_use_connection_free)

G_END_DECLS
