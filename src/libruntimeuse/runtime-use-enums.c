/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-enums.h"

G_DEFINE_ENUM_TYPE (RuntimeUseExtract, runtime_use_extract,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_EXTRACT_ZIP, "zip"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_EXTRACT_AUTO, "auto"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_EXTRACT_NEVER, "never"))

G_DEFINE_ENUM_TYPE (RuntimeUseOpenaiApi, runtime_use_openai_api,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_OPENAI_API_AUTO, "auto"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_OPENAI_API_RESPONSES, "responses"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_OPENAI_API_CHAT, "chat"))

/* The nicks of the output streams are the words of the wire protocol. */
G_DEFINE_ENUM_TYPE (RuntimeUseOutputStream, runtime_use_output_stream,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_OUTPUT_STREAM_STDOUT, "stdout"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_OUTPUT_STREAM_STDERR, "stderr"))

G_DEFINE_FLAGS_TYPE (RuntimeUsePageFlags, runtime_use_page_flags,
                     G_DEFINE_ENUM_VALUE (RUNTIME_USE_PAGE_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (RUNTIME_USE_PAGE_FLAGS_OPEN, "open"))

G_DEFINE_ENUM_TYPE (RuntimeUseRedactEnv, runtime_use_redact_env,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REDACT_ENV_SECRETS, "secrets"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REDACT_ENV_ALL, "all"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REDACT_ENV_NONE, "none"))

G_DEFINE_ENUM_TYPE (RuntimeUseRequestOutcome, runtime_use_request_outcome,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_OUTCOME_SUCCEEDED, "succeeded"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_OUTCOME_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_OUTCOME_CANCELLED, "cancelled"))

G_DEFINE_ENUM_TYPE (RuntimeUseRequestPhase, runtime_use_request_phase,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_DOWNLOAD, "download"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_BEFORE, "before"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_AGENT, "agent"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_AFTER, "after"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_REQUEST_PHASE_UPLOAD, "upload"))

G_DEFINE_ENUM_TYPE (RuntimeUseSessionState, runtime_use_session_state,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_SESSION_STATE_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_SESSION_STATE_BUSY, "busy"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_SESSION_STATE_CANCELLING, "cancelling"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_SESSION_STATE_ENDING, "ending"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_SESSION_STATE_CLOSED, "closed"))
