/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_INVOCATION (runtime_use_invocation_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseInvocation, runtime_use_invocation,
                      RUNTIME_USE, INVOCATION, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_get_system_prompt (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_get_user_prompt (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_invocation_get_model (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode *
runtime_use_invocation_get_output_format (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GHashTable *
runtime_use_invocation_get_env (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_invocation_get_secrets (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GCancellable *
runtime_use_invocation_get_cancellable (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseLogger *
runtime_use_invocation_get_logger (RuntimeUseInvocation *self);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_invocation_is_full (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_send_assistant_message (RuntimeUseInvocation *self,
                                               const char * const   *text_blocks);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_send_assistant_message_async (RuntimeUseInvocation *self,
                                                     const char * const   *text_blocks,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_invocation_send_assistant_message_finish (RuntimeUseInvocation  *self,
                                                      GAsyncResult          *result,
                                                      GError               **error);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_invocation_get_stream_deltas (RuntimeUseInvocation *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_send_assistant_delta (RuntimeUseInvocation *self,
                                             const char           *text);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_send_error_message (RuntimeUseInvocation *self,
                                           const char           *text,
                                           JsonNode             *metadata);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_return_text (RuntimeUseInvocation *self,
                                    const char           *text,
                                    JsonNode             *metadata);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_return_structured_output (RuntimeUseInvocation *self,
                                                 JsonNode             *object,
                                                 JsonNode             *metadata);
RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_invocation_return_error (RuntimeUseInvocation *self,
                                     const GError         *error);

G_END_DECLS
