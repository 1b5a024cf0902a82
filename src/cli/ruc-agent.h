/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"
#include "runtimeuse.h"

G_BEGIN_DECLS

RuntimeUseAgentHandler *ruc_agent_new            (RudConfig               *config,
                                                  GError                 **error);
void                    ruc_agent_prepare_async  (RuntimeUseAgentHandler  *self,
                                                  GCancellable            *cancellable,
                                                  GAsyncReadyCallback      callback,
                                                  gpointer                 user_data);
gboolean                ruc_agent_prepare_finish (RuntimeUseAgentHandler  *self,
                                                  GAsyncResult            *result,
                                                  GError                 **error);
void                    ruc_agent_stop_async     (RuntimeUseAgentHandler  *self,
                                                  GAsyncReadyCallback      callback,
                                                  gpointer                 user_data);

G_END_DECLS
