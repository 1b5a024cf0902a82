/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-error.h"

/**
 * runtime_use_error_quark:
 *
 * Gets the error domain of this library.
 *
 * Returns: the domain
 *
 * Since: 0.1
 */
G_DEFINE_QUARK (runtime-use-error-quark, runtime_use_error)

G_DEFINE_ENUM_TYPE (RuntimeUseError, runtime_use_error,
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_MALFORMED, "malformed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_NOT_A_MESSAGE, "not-a-message"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_INVALID_FIELD, "invalid-field"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_TOO_LARGE, "too-large"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_BUSY, "busy"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_CANCELLED, "cancelled"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_TIMED_OUT, "timed-out"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_UNSUPPORTED, "unsupported"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_SPAWN_FAILED, "spawn-failed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_COMMAND_FAILED, "command-failed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_AGENT_FAILED, "agent-failed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_UNKNOWN_AGENT, "unknown-agent"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_INVALID_ARGUMENT, "invalid-argument"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_REMOTE, "remote"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_PROTOCOL, "protocol"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_REFUSED, "refused"),
                    G_DEFINE_ENUM_VALUE (RUNTIME_USE_ERROR_CHANGED, "changed"))
