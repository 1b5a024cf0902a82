/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

/**
 * RUNTIME_USE_ERROR:
 *
 * The error domain of this library.
 *
 * Since: 0.1
 */
#define RUNTIME_USE_ERROR (runtime_use_error_quark ())

#define RUNTIME_USE_TYPE_ERROR (runtime_use_error_get_type ())

/**
 * RuntimeUseError:
 * @RUNTIME_USE_ERROR_FAILED: something went wrong that has no code of its own
 * @RUNTIME_USE_ERROR_MALFORMED: a text is not one JSON document, or is `null`
 * @RUNTIME_USE_ERROR_NOT_A_MESSAGE: a JSON document is not a message that we know; peers ignore
 *   such input
 * @RUNTIME_USE_ERROR_INVALID_FIELD: a member of a known message is missing, has the wrong type or
 *   a value that cannot be used; the text names it
 * @RUNTIME_USE_ERROR_TOO_LARGE: something exceeds a limit, which the text names
 * @RUNTIME_USE_ERROR_BUSY: a request arrived while another one was running, or a server was
 *   to be started while it was being stopped
 * @RUNTIME_USE_ERROR_CANCELLED: a request was cancelled
 * @RUNTIME_USE_ERROR_TIMED_OUT: something took longer than its deadline
 * @RUNTIME_USE_ERROR_UNSUPPORTED: this build cannot do what was asked for
 * @RUNTIME_USE_ERROR_SPAWN_FAILED: a command could not be started
 * @RUNTIME_USE_ERROR_COMMAND_FAILED: a command ended with a non-zero exit status
 * @RUNTIME_USE_ERROR_AGENT_FAILED: the agent reported a failure
 * @RUNTIME_USE_ERROR_UNKNOWN_AGENT: there is no agent of that name
 * @RUNTIME_USE_ERROR_CLOSED: the other end went away
 * @RUNTIME_USE_ERROR_INVALID_ARGUMENT: an option or property has a value that cannot be used
 * @RUNTIME_USE_ERROR_REMOTE: the server answered with an error, whose text this is
 * @RUNTIME_USE_ERROR_PROTOCOL: the other end broke the rules of the protocol
 * @RUNTIME_USE_ERROR_REFUSED: a server did not let the client in
 * @RUNTIME_USE_ERROR_CHANGED: a file became another one while it was in use; it may be tried again
 *
 * What can go wrong.
 *
 * Since: 0.1
 */
typedef enum
{
  RUNTIME_USE_ERROR_FAILED,
  RUNTIME_USE_ERROR_MALFORMED,
  RUNTIME_USE_ERROR_NOT_A_MESSAGE,
  RUNTIME_USE_ERROR_INVALID_FIELD,
  RUNTIME_USE_ERROR_TOO_LARGE,
  RUNTIME_USE_ERROR_BUSY,
  RUNTIME_USE_ERROR_CANCELLED,
  RUNTIME_USE_ERROR_TIMED_OUT,
  RUNTIME_USE_ERROR_UNSUPPORTED,
  RUNTIME_USE_ERROR_SPAWN_FAILED,
  RUNTIME_USE_ERROR_COMMAND_FAILED,
  RUNTIME_USE_ERROR_AGENT_FAILED,
  RUNTIME_USE_ERROR_UNKNOWN_AGENT,
  RUNTIME_USE_ERROR_CLOSED,
  RUNTIME_USE_ERROR_INVALID_ARGUMENT,
  RUNTIME_USE_ERROR_REMOTE,
  RUNTIME_USE_ERROR_PROTOCOL,
  RUNTIME_USE_ERROR_REFUSED,
  RUNTIME_USE_ERROR_CHANGED,
} RuntimeUseError;

RUNTIME_USE_AVAILABLE_IN_0_1
GQuark runtime_use_error_quark    (void);
RUNTIME_USE_AVAILABLE_IN_0_1
GType  runtime_use_error_get_type (void);

G_END_DECLS
