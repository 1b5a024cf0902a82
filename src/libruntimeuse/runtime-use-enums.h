/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_EXTRACT (runtime_use_extract_get_type ())
#define RUNTIME_USE_TYPE_OPENAI_API (runtime_use_openai_api_get_type ())
#define RUNTIME_USE_TYPE_OUTPUT_STREAM (runtime_use_output_stream_get_type ())
#define RUNTIME_USE_TYPE_REDACT_ENV (runtime_use_redact_env_get_type ())
#define RUNTIME_USE_TYPE_REQUEST_OUTCOME (runtime_use_request_outcome_get_type ())
#define RUNTIME_USE_TYPE_REQUEST_PHASE (runtime_use_request_phase_get_type ())
#define RUNTIME_USE_TYPE_SESSION_STATE (runtime_use_session_state_get_type ())

/**
 * RuntimeUseExtract:
 * @RUNTIME_USE_EXTRACT_ZIP: files whose name ends in exactly `.zip` are unpacked and removed
 * @RUNTIME_USE_EXTRACT_AUTO: these, and every other file that turns out to be an archive, whatever
 *   its name
 * @RUNTIME_USE_EXTRACT_NEVER: no file is unpacked
 *
 * What of a download is unpacked.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_EXTRACT_ZIP,
  RUNTIME_USE_EXTRACT_AUTO,
  RUNTIME_USE_EXTRACT_NEVER,
} RuntimeUseExtract;

/**
 * RuntimeUseOpenaiApi:
 * @RUNTIME_USE_OPENAI_API_AUTO: the Responses API, and where a server of one's own answers 404 to
 *   that, Chat Completions
 * @RUNTIME_USE_OPENAI_API_RESPONSES: the Responses API
 * @RUNTIME_USE_OPENAI_API_CHAT: Chat Completions, which most servers of local models have
 *
 * How a model is spoken to.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_OPENAI_API_AUTO,
  RUNTIME_USE_OPENAI_API_RESPONSES,
  RUNTIME_USE_OPENAI_API_CHAT,
} RuntimeUseOpenaiApi;

/**
 * RuntimeUseOutputStream:
 * @RUNTIME_USE_OUTPUT_STREAM_STDOUT: standard output
 * @RUNTIME_USE_OUTPUT_STREAM_STDERR: standard error
 *
 * Where a command printed something.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_OUTPUT_STREAM_STDOUT,
  RUNTIME_USE_OUTPUT_STREAM_STDERR,
} RuntimeUseOutputStream;

/**
 * RuntimeUsePageFlags:
 * @RUNTIME_USE_PAGE_FLAGS_NONE: who may open a WebSocket may see the page; from another machine
 *   only with a token
 * @RUNTIME_USE_PAGE_FLAGS_OPEN: everybody may see it, except the pages of origins that are not
 *   allowed
 *
 * Who may see a page of a server.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_PAGE_FLAGS_NONE = 0,
  RUNTIME_USE_PAGE_FLAGS_OPEN = 1 << 0,
} RuntimeUsePageFlags;

/**
 * RuntimeUseRedactEnv:
 * @RUNTIME_USE_REDACT_ENV_SECRETS: values of at least six characters whose variable name contains
 *   `KEY`, `TOKEN`, `SECRET`, `PASSWORD`, `PASSWD` or `CREDENTIAL`
 * @RUNTIME_USE_REDACT_ENV_ALL: every value that is not empty
 * @RUNTIME_USE_REDACT_ENV_NONE: no value
 *
 * Which values of a request's environment variables are secrets.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_REDACT_ENV_SECRETS,
  RUNTIME_USE_REDACT_ENV_ALL,
  RUNTIME_USE_REDACT_ENV_NONE,
} RuntimeUseRedactEnv;

/**
 * RuntimeUseRequestOutcome:
 * @RUNTIME_USE_REQUEST_OUTCOME_SUCCEEDED: it has its result; a list of commands has one whatever
 *   their exit codes are
 * @RUNTIME_USE_REQUEST_OUTCOME_FAILED: it ended with an error
 * @RUNTIME_USE_REQUEST_OUTCOME_CANCELLED: it was cancelled, be it that its client went away
 *
 * What became of a request.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_REQUEST_OUTCOME_SUCCEEDED,
  RUNTIME_USE_REQUEST_OUTCOME_FAILED,
  RUNTIME_USE_REQUEST_OUTCOME_CANCELLED,
} RuntimeUseRequestOutcome;

/**
 * RuntimeUseRequestPhase:
 * @RUNTIME_USE_REQUEST_PHASE_NONE: no request is running, or it has just begun
 * @RUNTIME_USE_REQUEST_PHASE_DOWNLOAD: its artifact folders are prepared and its files fetched
 * @RUNTIME_USE_REQUEST_PHASE_BEFORE: the commands before the agent are running
 * @RUNTIME_USE_REQUEST_PHASE_AGENT: the agent is at work, or the commands of a list of commands
 * @RUNTIME_USE_REQUEST_PHASE_AFTER: the commands after the agent are running
 * @RUNTIME_USE_REQUEST_PHASE_UPLOAD: the answer is held back until the artifacts are on their way
 *
 * How far a request has come. A phase in which there is nothing to do is left out.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_REQUEST_PHASE_NONE,
  RUNTIME_USE_REQUEST_PHASE_DOWNLOAD,
  RUNTIME_USE_REQUEST_PHASE_BEFORE,
  RUNTIME_USE_REQUEST_PHASE_AGENT,
  RUNTIME_USE_REQUEST_PHASE_AFTER,
  RUNTIME_USE_REQUEST_PHASE_UPLOAD,
} RuntimeUseRequestPhase;

/**
 * RuntimeUseSessionState:
 * @RUNTIME_USE_SESSION_STATE_IDLE: waits for a request
 * @RUNTIME_USE_SESSION_STATE_BUSY: a request is running
 * @RUNTIME_USE_SESSION_STATE_CANCELLING: a request was cancelled and is being ended
 * @RUNTIME_USE_SESSION_STATE_ENDING: the client said that it will send no more
 * @RUNTIME_USE_SESSION_STATE_CLOSED: the connection is gone and nothing of the session is left
 *
 * What a session is doing.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_SESSION_STATE_IDLE,
  RUNTIME_USE_SESSION_STATE_BUSY,
  RUNTIME_USE_SESSION_STATE_CANCELLING,
  RUNTIME_USE_SESSION_STATE_ENDING,
  RUNTIME_USE_SESSION_STATE_CLOSED,
} RuntimeUseSessionState;

RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_extract_get_type         (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_openai_api_get_type      (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_output_stream_get_type   (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_page_flags_get_type      (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_redact_env_get_type      (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_request_outcome_get_type (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_request_phase_get_type   (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType runtime_use_session_state_get_type   (void);

G_END_DECLS
