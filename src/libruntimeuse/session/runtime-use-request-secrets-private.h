/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"
#include "runtime-use-enums.h"
#include "runtime-use-redactor.h"
#include "runtime-use-request-message.h"

G_BEGIN_DECLS

RuntimeUseRedactor *
_runtime_use_request_secrets_redactor (RuntimeUseRequestMessage *message,
                                       RuntimeUseAgentHandler   *handler,
                                       RuntimeUseRedactEnv       redact_env);

G_END_DECLS
