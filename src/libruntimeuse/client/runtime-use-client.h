/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-client-session.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CLIENT (runtime_use_client_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseClient, runtime_use_client, RUNTIME_USE, CLIENT, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseClient *
runtime_use_client_new (const char *url);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseClient *
runtime_use_client_new_for_handler (RuntimeUseAgentHandler *handler);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_connect_async (RuntimeUseClient    *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseClientSession *
runtime_use_client_connect_finish (RuntimeUseClient  *self,
                                   GAsyncResult      *result,
                                   GError           **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_query_async (RuntimeUseClient            *self,
                                RuntimeUseInvocationMessage *message,
                                GCancellable                *cancellable,
                                GAsyncReadyCallback          callback,
                                gpointer                     user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseQueryResult *
runtime_use_client_query_finish (RuntimeUseClient  *self,
                                 GAsyncResult      *result,
                                 GError           **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_execute_commands_async (RuntimeUseClient                  *self,
                                           RuntimeUseCommandExecutionMessage *message,
                                           GCancellable                      *cancellable,
                                           GAsyncReadyCallback                callback,
                                           gpointer                           user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseExecutionResult *
runtime_use_client_execute_commands_finish (RuntimeUseClient  *self,
                                            GAsyncResult      *result,
                                            GError           **error);

RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode *
runtime_use_client_dup_error_metadata (RuntimeUseClient *self,
                                       GAsyncResult     *result);
RUNTIME_USE_AVAILABLE_IN_0_1
char *
runtime_use_client_dup_error_metadata_json (RuntimeUseClient *self,
                                            GAsyncResult     *result);

G_END_DECLS
