/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_REQUEST_MESSAGE (runtime_use_request_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (RuntimeUseRequestMessage,
                          runtime_use_request_message,
                          RUNTIME_USE, REQUEST_MESSAGE,
                          RuntimeUseMessage)

struct _RuntimeUseRequestMessageClass
{
  RuntimeUseMessageClass parent_class;
};

RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_request_message_get_source_id (RuntimeUseRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_request_message_get_secrets_to_redact (RuntimeUseRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char * const *
runtime_use_request_message_get_artifacts_dirs (RuntimeUseRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_request_message_get_artifacts_ignore_content (RuntimeUseRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
GPtrArray *
runtime_use_request_message_get_downloadables (RuntimeUseRequestMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_request_message_get_report_progress (RuntimeUseRequestMessage *self);

G_END_DECLS
