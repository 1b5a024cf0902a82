/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-upload-response-message.h"
#include "runtime-use-channel.h"
#include "runtime-use-command-execution-message.h"
#include "runtime-use-execution-result.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-query-result.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CLIENT_SESSION (runtime_use_client_session_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseClientSession, runtime_use_client_session,
                      RUNTIME_USE, CLIENT_SESSION, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseClientSession *
runtime_use_client_session_new (RuntimeUseChannel *channel);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_query_async (RuntimeUseClientSession     *self,
                                        RuntimeUseInvocationMessage *message,
                                        GCancellable                *cancellable,
                                        GAsyncReadyCallback          callback,
                                        gpointer                     user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseQueryResult *
runtime_use_client_session_query_finish (RuntimeUseClientSession  *self,
                                         GAsyncResult             *result,
                                         GError                  **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_execute_commands_async (RuntimeUseClientSession           *self,
                                                   RuntimeUseCommandExecutionMessage *message,
                                                   GCancellable                      *cancellable,
                                                   GAsyncReadyCallback                callback,
                                                   gpointer                           user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseExecutionResult *
runtime_use_client_session_execute_commands_finish (RuntimeUseClientSession  *self,
                                                    GAsyncResult             *result,
                                                    GError                  **error);

RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode *
runtime_use_client_session_dup_error_metadata (RuntimeUseClientSession *self,
                                               GAsyncResult            *result);
RUNTIME_USE_AVAILABLE_IN_0_1
char *
runtime_use_client_session_dup_error_metadata_json (RuntimeUseClientSession *self,
                                                    GAsyncResult            *result);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_answer_upload (RuntimeUseClientSession                 *self,
                                          RuntimeUseArtifactUploadResponseMessage *message);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_set_paused (RuntimeUseClientSession *self,
                                       gboolean                 paused);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_end_async (RuntimeUseClientSession *self,
                                      GCancellable            *cancellable,
                                      GAsyncReadyCallback      callback,
                                      gpointer                 user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_client_session_end_finish (RuntimeUseClientSession  *self,
                                       GAsyncResult             *result,
                                       GError                  **error);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_client_session_close (RuntimeUseClientSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_client_session_is_closed (RuntimeUseClientSession *self);

G_END_DECLS
