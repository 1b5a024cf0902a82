/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-artifact-upload-request-message.h"
#include "runtime-use-artifact-upload-response-message.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_FILE_EXCHANGE (runtime_use_file_exchange_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseFileExchange, runtime_use_file_exchange,
                      RUNTIME_USE, FILE_EXCHANGE, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseFileExchange *
runtime_use_file_exchange_new (void);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_file_exchange_add_upload (RuntimeUseFileExchange *self,
                                      const char             *local_dir,
                                      const char             *remote_dir);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_file_exchange_add_artifacts (RuntimeUseFileExchange *self,
                                         const char             *remote_dir,
                                         const char             *local_dir);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_file_exchange_start_async (RuntimeUseFileExchange *self,
                                       GCancellable           *cancellable,
                                       GAsyncReadyCallback     callback,
                                       gpointer                user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_file_exchange_start_finish (RuntimeUseFileExchange  *self,
                                        GAsyncResult            *result,
                                        GError                 **error);

RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_file_exchange_get_downloadables (RuntimeUseFileExchange *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_file_exchange_get_artifacts_dirs (RuntimeUseFileExchange *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_file_exchange_get_left_out (RuntimeUseFileExchange *self);

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseArtifactUploadResponseMessage *
runtime_use_file_exchange_answer (RuntimeUseFileExchange              *self,
                                  RuntimeUseArtifactUploadRequestMessage *request,
                                  GError                             **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_file_exchange_stop_async (RuntimeUseFileExchange *self,
                                      GAsyncReadyCallback     callback,
                                      gpointer                user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_file_exchange_stop_finish (RuntimeUseFileExchange  *self,
                                       GAsyncResult            *result,
                                       GError                 **error);

G_END_DECLS
