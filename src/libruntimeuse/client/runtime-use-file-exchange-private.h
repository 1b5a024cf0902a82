/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-upload-result-message.h"
#include "runtime-use-file-exchange.h"
#include "runtime-use-request-message.h"

G_BEGIN_DECLS

/* @message with the files of @self, or NULL with @error set. */
RuntimeUseRequestMessage *
     _runtime_use_file_exchange_add_to    (RuntimeUseFileExchange                *self,
                                           RuntimeUseRequestMessage              *message,
                                           GError                               **error);

gboolean
     _runtime_use_file_exchange_is_started (RuntimeUseFileExchange                *self);

RuntimeUseArtifactUploadResponseMessage *
     _runtime_use_file_exchange_refuse    (RuntimeUseFileExchange                *self,
                                           RuntimeUseArtifactUploadRequestMessage *request,
                                           const GError                          *error);

/* What the runtime says became of a file. */
void _runtime_use_file_exchange_take_result (RuntimeUseFileExchange                *self,
                                             RuntimeUseArtifactUploadResultMessage *result);

G_END_DECLS
