/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-channel.h"
#include "runtime-use-types.h"
#include "runtime-use-upload-tracker.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_SESSION (runtime_use_session_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseSession, runtime_use_session, RUNTIME_USE, SESSION, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseSession      *runtime_use_session_new         (RuntimeUseChannel       *channel,
                                                         RuntimeUseAgentHandler  *handler,
                                                         RuntimeUseUploadTracker *upload_tracker);
RUNTIME_USE_AVAILABLE_IN_0_1
const char             *runtime_use_session_get_id      (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseChannel      *runtime_use_session_get_channel (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseSessionState  runtime_use_session_get_state   (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean                runtime_use_session_cancel      (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void                    runtime_use_session_end         (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void                    runtime_use_session_drain       (RuntimeUseSession       *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void                    runtime_use_session_stop_async  (RuntimeUseSession       *self,
                                                         GCancellable            *cancellable,
                                                         GAsyncReadyCallback      callback,
                                                         gpointer                 user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean                runtime_use_session_stop_finish (RuntimeUseSession       *self,
                                                         GAsyncResult            *result,
                                                         GError                 **error);

/* What it tells about itself. */
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_peer (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gint64 runtime_use_session_get_connected_at (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_request_kind (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_source_id (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_model (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseRequestPhase runtime_use_session_get_phase (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_command (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gint64 runtime_use_session_get_request_started_at (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_session_get_requests_done (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_session_get_requests_failed (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_session_get_requests_cancelled (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_session_get_output_bytes (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_last_error (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_session_get_last_error_name (RuntimeUseSession *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gint64 runtime_use_session_get_last_duration (RuntimeUseSession *self);

G_END_DECLS
