/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-session-private.h"

/* The request that is shown: it runs, or its end is being told. */
static RuntimeUseRequest *
get_shown (RuntimeUseSession *self)
{
  return self->request != NULL ? self->request : self->finished;
}

/**
 * runtime_use_session_get_id:
 * @self: a session
 *
 * Gets a name for @self that nobody can guess.
 *
 * Returns: a name
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_id (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->id;
}

/**
 * runtime_use_session_get_channel:
 * @self: a session
 *
 * Gets how @self speaks to its client.
 *
 * Returns: (transfer none): a channel
 *
 * Since: 0.1
 */
RuntimeUseChannel *
runtime_use_session_get_channel (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->channel;
}

/**
 * runtime_use_session_get_state:
 * @self: a session
 *
 * Gets what @self is doing.
 *
 * Returns: a state
 *
 * Since: 0.1
 */
RuntimeUseSessionState
runtime_use_session_get_state (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), RUNTIME_USE_SESSION_STATE_CLOSED);

  return self->state;
}

/**
 * runtime_use_session_get_peer:
 * @self: a session
 *
 * Gets who is at the other end.
 *
 * See [property@RuntimeUse.Session:peer].
 *
 * Returns: (transfer none) (nullable): a description, or `NULL` if the channel has none
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_peer (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->peer;
}

/**
 * runtime_use_session_get_connected_at:
 * @self: a session
 *
 * Gets when @self began.
 *
 * See [property@RuntimeUse.Session:connected-at].
 *
 * Returns: microseconds since the epoch
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_connected_at (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->connected_at;
}

/**
 * runtime_use_session_get_request_kind:
 * @self: a session
 *
 * Gets what kind of request is running.
 *
 * See [property@RuntimeUse.Session:request-kind].
 *
 * Returns: (transfer none) (nullable): `invocation`, `command`, or `NULL` if none is running
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_request_kind (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = get_shown (self);

  return request != NULL ? _runtime_use_request_get_kind (request) : NULL;
}

/**
 * runtime_use_session_get_source_id:
 * @self: a session
 *
 * Gets the client's own name for the request that is running.
 *
 * See [property@RuntimeUse.Session:source-id].
 *
 * Returns: (transfer none) (nullable): a name without secrets, of at most 256 bytes, or
 *   `NULL`; valid as long as the request is
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_source_id (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = get_shown (self);

  return request != NULL ? _runtime_use_request_get_source_id (request) : NULL;
}

/**
 * runtime_use_session_get_model:
 * @self: a session
 *
 * Gets the model that the invocation that is running names.
 *
 * See [property@RuntimeUse.Session:model].
 *
 * Returns: (transfer none) (nullable): a name without secrets, of at most 256 bytes, or
 *   `NULL`; valid as long as the request is
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_model (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = get_shown (self);

  return request != NULL ? _runtime_use_request_get_model (request) : NULL;
}

/**
 * runtime_use_session_get_phase:
 * @self: a session
 *
 * Gets how far the request that is running has come.
 *
 * See [property@RuntimeUse.Session:phase].
 *
 * Returns: a phase
 *
 * Since: 0.1
 */
RuntimeUseRequestPhase
runtime_use_session_get_phase (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), RUNTIME_USE_REQUEST_PHASE_NONE);

  request = get_shown (self);

  return request != NULL ? _runtime_use_request_get_phase (request)
                         : RUNTIME_USE_REQUEST_PHASE_NONE;
}

/**
 * runtime_use_session_get_command:
 * @self: a session
 *
 * Gets the command that is running.
 *
 * See [property@RuntimeUse.Session:command].
 *
 * Returns: (transfer none) (nullable): a command without secrets, of at most 1,024 bytes, or
 *   `NULL`; valid until [property@RuntimeUse.Session:command] changes
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_command (RuntimeUseSession *self)
{
  RuntimeUseRequest *request;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  request = get_shown (self);

  return request != NULL ? _runtime_use_request_get_command (request) : NULL;
}

/**
 * runtime_use_session_get_request_started_at:
 * @self: a session
 *
 * Gets when the request that is running was accepted.
 *
 * See [property@RuntimeUse.Session:request-started-at].
 *
 * Returns: microseconds since the epoch, or 0 if none is running
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_request_started_at (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->request_started_at;
}

/**
 * runtime_use_session_get_requests_done:
 * @self: a session
 *
 * Gets how many requests came to their end.
 *
 * See [property@RuntimeUse.Session:requests-done].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_done (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_done;
}

/**
 * runtime_use_session_get_requests_failed:
 * @self: a session
 *
 * Gets how many requests ended with an error and were not cancelled.
 *
 * See [property@RuntimeUse.Session:requests-failed].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_failed (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_failed;
}

/**
 * runtime_use_session_get_requests_cancelled:
 * @self: a session
 *
 * Gets how many requests were cancelled.
 *
 * See [property@RuntimeUse.Session:requests-cancelled].
 *
 * Returns: a number
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_requests_cancelled (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->n_cancelled;
}

/**
 * runtime_use_session_get_output_bytes:
 * @self: a session
 *
 * Gets how much command output and how much of what the agent said was sent.
 *
 * See [property@RuntimeUse.Session:output-bytes].
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_session_get_output_bytes (RuntimeUseSession *self)
{
  guint64 running = 0;

  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  /* While its end is being told a request is counted already. */
  if (self->request != NULL)
    running = _runtime_use_request_get_output_bytes (self->request);

  return self->output_bytes + running;
}

/**
 * runtime_use_session_get_last_error:
 * @self: a session
 *
 * Gets what went wrong with the last request that failed.
 *
 * See [property@RuntimeUse.Session:last-error].
 *
 * Returns: (transfer none) (nullable): a text without secrets, of at most 512 bytes, or
 *   `NULL`; valid until the next request fails
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_last_error (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->last_error;
}

/**
 * runtime_use_session_get_last_error_name:
 * @self: a session
 *
 * Gets the name of the error of the last request that failed.
 *
 * See [property@RuntimeUse.Session:last-error-name].
 *
 * Returns: (transfer none) (nullable): a name, or `NULL`
 *
 * Since: 0.1
 */
const char *
runtime_use_session_get_last_error_name (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), NULL);

  return self->last_error_name;
}

/**
 * runtime_use_session_get_last_duration:
 * @self: a session
 *
 * Gets how long the last request took.
 *
 * See [property@RuntimeUse.Session:last-duration].
 *
 * Returns: a number of microseconds
 *
 * Since: 0.1
 */
gint64
runtime_use_session_get_last_duration (RuntimeUseSession *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_SESSION (self), 0);

  return self->last_duration;
}
