/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-upload-request-message.h"
#include "runtime-use-artifact-upload-response-message.h"
#include "runtime-use-artifact-upload-result-message.h"
#include "runtime-use-client-session.h"
#include "runtime-use-file-exchange.h"

G_BEGIN_DECLS

/* The signals with which a session tells of files that the server found. */
void _runtime_use_client_artifacts_install     (GType                    session_type);

/* The answer to an offer, or NULL if that is left to who listens to @session. */
RuntimeUseArtifactUploadResponseMessage *
     _runtime_use_client_artifacts_answer      (RuntimeUseClientSession *session,
                                                RuntimeUseFileExchange  *files,
                                                RuntimeUseArtifactUploadRequestMessage
                                                                        *message);
void _runtime_use_client_artifacts_take_result (RuntimeUseClientSession *session,
                                                RuntimeUseFileExchange  *files,
                                                RuntimeUseArtifactUploadResultMessage
                                                                        *message);

G_END_DECLS
