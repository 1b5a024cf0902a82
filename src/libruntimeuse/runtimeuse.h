/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-enums.h"
#include "runtime-use-error.h"
#include "runtime-use-types.h"
#include "runtime-use-version.h"

/* base */
#include "runtime-use-logger.h"
#include "runtime-use-redactor.h"
#include "runtime-use-redactor-stream.h"

/* protocol */
#include "runtime-use-artifact-upload-request-message.h"
#include "runtime-use-artifact-upload-response-message.h"
#include "runtime-use-artifact-upload-result-message.h"
#include "runtime-use-assistant-delta-message.h"
#include "runtime-use-assistant-message.h"
#include "runtime-use-cancel-message.h"
#include "runtime-use-command.h"
#include "runtime-use-command-execution-message.h"
#include "runtime-use-command-execution-result-message.h"
#include "runtime-use-command-output-message.h"
#include "runtime-use-command-result.h"
#include "runtime-use-download-progress-message.h"
#include "runtime-use-downloadable.h"
#include "runtime-use-end-session-confirm-message.h"
#include "runtime-use-end-session-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-heartbeat-message.h"
#include "runtime-use-invocation-message.h"
#include "runtime-use-message.h"
#include "runtime-use-request-message.h"
#include "runtime-use-result-message.h"

/* command */
#include "runtime-use-command-handler.h"

/* transfer */
#include "runtime-use-download-handler.h"
#include "runtime-use-upload.h"

/* artifact */
#include "runtime-use-artifact-manager.h"
#include "runtime-use-upload-tracker.h"

/* agent */
#include "runtime-use-agent-handler.h"
#include "runtime-use-built-in-agents.h"
#include "runtime-use-claude-handler.h"
#include "runtime-use-echo-handler.h"
#include "runtime-use-hosted-handler.h"
#include "runtime-use-invocation.h"
#include "runtime-use-openai-handler.h"
#include "runtime-use-shell-handler.h"

/* session */
#include "runtime-use-channel.h"
#include "runtime-use-memory-channel.h"
#include "runtime-use-session.h"

/* transport */
#include "runtime-use-server.h"
#include "runtime-use-websocket-channel.h"

/* client */
#include "runtime-use-client.h"
#include "runtime-use-client-session.h"
#include "runtime-use-execution-result.h"
#include "runtime-use-file-exchange.h"
#include "runtime-use-query-result.h"
