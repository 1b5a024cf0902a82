/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"
#include "runtime-use-listener-private.h"
#include "runtime-use-server.h"
#include "runtime-use-session-list-private.h"
#include "runtime-use-session-settings-private.h"

G_BEGIN_DECLS

struct _RuntimeUseServer
{
  GObject                    parent_instance;

  RuntimeUseAgentHandler    *handler;             /* (nullable) */
  char                      *host;                /* (nullable): loopback */
  guint                      port;
  char                     **allowed_origins;     /* (nullable) */
  char                     **allowed_hosts;       /* (nullable) */
  guint8                    *token_digest;        /* (nullable): no token */
  gboolean                   is_token_empty;
  gboolean                   insecure_no_auth;
  guint                      max_connections;
  guint64                    max_message_size;
  guint64                    max_unfinished_size;
  guint                      handshake_timeout;
  guint                      ping_interval;
  guint                      stall_timeout;
  guint                      upload_timeout;
  guint                      listen_backlog;
  gboolean                   listen_default;
  GPtrArray                 *addresses;           /* of GSocketAddress, besides host */
  GPtrArray                 *sockets;             /* of GSocket; the listener has them once it is */
  RuntimeUseLogger          *logger;
  RuntimeUseSessionSettings  settings;

  RuntimeUseListener        *listener;            /* (nullable): not started */
  RuntimeUseAgentHandler    *session_handler;     /* asks our signal, then handler */
  RuntimeUseClock           *clock;               /* (nullable): not started */
  RuntimeUseUploadTracker   *tracker;             /* (nullable): not started */
  GMainContext              *context;             /* (nullable): not started */
  RuntimeUseSessionList     *sessions;
  GPtrArray                 *pages;               /* of RuntimeUsePage */
  guint64                    n_refused;
  gboolean                   is_draining;
  GPtrArray                 *stop_tasks;          /* of GTask that wait for the end */
  GSource                   *stop_deadline;       /* (nullable): not stopping */
  GSource                   *stop_check;          /* (nullable): looks whether all is done */
};

void _runtime_use_server_install_properties (GObjectClass     *object_class);
void _runtime_use_server_init_properties    (RuntimeUseServer *self);
void _runtime_use_server_clear_properties   (RuntimeUseServer *self);

gboolean _runtime_use_server_plan          (RuntimeUseServer      *self,
                                            RuntimeUseListenPlan  *plan,
                                            char                ***hosts,
                                            GError               **error);
void     _runtime_use_server_clear_plan    (RuntimeUseListenPlan  *plan);
void     _runtime_use_server_close_sockets (RuntimeUseServer      *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseListenPlan, _runtime_use_server_clear_plan)

G_END_DECLS
