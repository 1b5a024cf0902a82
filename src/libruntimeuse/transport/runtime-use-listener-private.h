/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-connection-private.h"
#include "runtime-use-listening-socket-private.h"
#include "runtime-use-logger.h"

G_BEGIN_DECLS

typedef struct _RuntimeUseListener RuntimeUseListener;

/*
 * RuntimeUseListenerEvents:
 * @opened: a client was let in
 * @refused: a client was not let in
 * @page: a client asks for a page; returns the bytes of the answer
 * @gone: the descriptor of a connection is closed; the listener frees it right after
 *
 * What the owner of a listener is told, from its main context.
 */
typedef struct
{
  void (* opened) (RuntimeUseConnection       *connection,
                   RuntimeUseWebsocketChannel *channel,
                   gpointer                    user_data);
  void (* refused) (gpointer user_data);
  GBytes * (* page) (RuntimeUsePage *page,
                     gboolean        is_head,
                     gpointer        user_data);
  void (* gone) (RuntimeUseConnection *connection,
                 gpointer              user_data);
} RuntimeUseListenerEvents;

RuntimeUseListener *_runtime_use_listener_new (RuntimeUseConnectionOptions    *options,
                                               guint                           max_connections,
                                               RuntimeUseLogger               *logger,
                                               const RuntimeUseListenerEvents *events,
                                               gpointer                        user_data);

void _runtime_use_listener_free (RuntimeUseListener *self);

gboolean _runtime_use_listener_start (RuntimeUseListener          *self,
                                      const RuntimeUseListenPlan  *plan,
                                      GError                     **error);

char **_runtime_use_listener_dup_uris (RuntimeUseListener *self);

guint _runtime_use_listener_get_port (RuntimeUseListener *self);

guint _runtime_use_listener_get_n_connections (RuntimeUseListener *self);

void _runtime_use_listener_close (RuntimeUseListener *self,
                                  const char         *why);

void _runtime_use_listener_close_given (RuntimeUseListener *self);

void _runtime_use_listener_stop_accepting (RuntimeUseListener *self);

void _runtime_use_connection_options_free (RuntimeUseConnectionOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseListener, _runtime_use_listener_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseConnectionOptions, _runtime_use_connection_options_free)

G_END_DECLS
