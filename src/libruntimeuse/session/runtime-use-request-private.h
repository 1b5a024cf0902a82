/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-clock-private.h"
#include "runtime-use-redactor.h"
#include "runtime-use-request-message.h"
#include "runtime-use-request-owner-private.h"
#include "runtime-use-session-settings-private.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_REQUEST (_runtime_use_request_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseRequest, _runtime_use_request, RUNTIME_USE, REQUEST, GObject)

RuntimeUseRequest *
_runtime_use_request_new (RuntimeUseRequestMessage        *message,
                          const char                      *name,
                          RuntimeUseAgentHandler          *handler,
                          RuntimeUseClock                 *clock,
                          const RuntimeUseSessionSettings *settings,
                          const RuntimeUseRequestOwner    *owner,
                          gpointer                         owner_data);
void
_runtime_use_request_start (RuntimeUseRequest *self);
void
_runtime_use_request_cancel (RuntimeUseRequest *self);
void
_runtime_use_request_abandon (RuntimeUseRequest *self);
void
_runtime_use_request_notify_drained (RuntimeUseRequest *self);
gboolean
_runtime_use_request_is_cancelled (RuntimeUseRequest *self);
RuntimeUseRedactor *
_runtime_use_request_get_redactor (RuntimeUseRequest *self);

/* What is shown of a request to whoever watches: short, without secrets, and made when somebody
 * asks. The texts are valid as long as the request, that of the command until the next one. */
RuntimeUseRequestPhase
_runtime_use_request_get_phase (RuntimeUseRequest *self);
const char *
_runtime_use_request_get_kind (RuntimeUseRequest *self);
const char *
_runtime_use_request_get_source_id (RuntimeUseRequest *self);
const char *
_runtime_use_request_get_model (RuntimeUseRequest *self);
const char *
_runtime_use_request_get_command (RuntimeUseRequest *self);

/* Bytes of command output and of the agent's words that were sent. */
guint64
_runtime_use_request_get_output_bytes (RuntimeUseRequest *self);

/* The name of the error that it ended with; static, or NULL. */
const char *
_runtime_use_request_get_error_name (RuntimeUseRequest *self);

/* The terminal that says what went wrong. */
RuntimeUseMessage *
_runtime_use_error_message_for (const GError       *error,
                                const char         *metadata,
                                RuntimeUseRedactor *redactor);

G_END_DECLS
