/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-session-private.h"

#include "runtime-use-json-node-private.h"

/*
 * What can be asked of a runtime, and what comes back. How that gets there and who has to wait
 * is left to the session.
 */

/**
 * runtime_use_client_session_query_async:
 * @self: a session
 * @message: what is asked of the agent
 * @cancellable: (nullable): cancels the request at the server
 * @callback: (scope async): called when the request has ended
 * @user_data: (closure callback): passed to @callback
 *
 * Asks the agent for something.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_query_async (RuntimeUseClientSession     *self,
                                        RuntimeUseInvocationMessage *message,
                                        GCancellable                *cancellable,
                                        GAsyncReadyCallback          callback,
                                        gpointer                     user_data)
{
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));
  g_return_if_fail (RUNTIME_USE_IS_INVOCATION_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_session_query_async);
  _runtime_use_client_session_call (self, RUNTIME_USE_REQUEST_MESSAGE (message), task);
}

/**
 * runtime_use_client_session_query_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.ClientSession.query_async].
 *
 * Fails with `RUNTIME_USE_ERROR_REMOTE` and the text of the server when the
 * server answered with an error,
 * [method@RuntimeUse.ClientSession.dup_error_metadata] has the details; with
 * `G_IO_ERROR_CANCELLED` when the request was cancelled; with
 * `RUNTIME_USE_ERROR_BUSY` when another one was running; with
 * `RUNTIME_USE_ERROR_TIMED_OUT` after one of the timeouts; with
 * `RUNTIME_USE_ERROR_CLOSED` when the channel is closed; with
 * `RUNTIME_USE_ERROR_PROTOCOL` or `RUNTIME_USE_ERROR_INVALID_FIELD` when the
 * server said something that makes no sense, and with
 * `RUNTIME_USE_ERROR_TOO_LARGE` when it said too much. After the last three the
 * session is closed.
 *
 * Returns: (transfer full): what the agent answered, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseQueryResult *
runtime_use_client_session_query_finish (RuntimeUseClientSession  *self,
                                         GAsyncResult             *result,
                                         GError                  **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * runtime_use_client_session_execute_commands_async:
 * @self: a session
 * @message: the commands
 * @cancellable: (nullable): cancels the request at the server
 * @callback: (scope async): called when the request has ended
 * @user_data: (closure callback): passed to @callback
 *
 * Asks for commands to be run without an agent.
 *
 * Since: 0.1
 */
void
runtime_use_client_session_execute_commands_async (RuntimeUseClientSession           *self,
                                                   RuntimeUseCommandExecutionMessage *message,
                                                   GCancellable                      *cancellable,
                                                   GAsyncReadyCallback                callback,
                                                   gpointer                           user_data)
{
  GTask *task;

  g_return_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self));
  g_return_if_fail (RUNTIME_USE_IS_COMMAND_EXECUTION_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, runtime_use_client_session_execute_commands_async);
  _runtime_use_client_session_call (self, RUNTIME_USE_REQUEST_MESSAGE (message), task);
}

/**
 * runtime_use_client_session_execute_commands_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error, or `NULL`
 *
 * Finishes [method@RuntimeUse.ClientSession.execute_commands_async].
 *
 * A command that fails is no error: its exit code is in the result. Otherwise
 * fails as [method@RuntimeUse.ClientSession.query_finish].
 *
 * Returns: (transfer full): how the commands ended, or `NULL` with @error set
 *
 * Since: 0.1
 */
RuntimeUseExecutionResult *
runtime_use_client_session_execute_commands_finish (RuntimeUseClientSession  *self,
                                                    GAsyncResult             *result,
                                                    GError                  **error)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The result of an end has other data. */
static const char *
get_error_metadata (GAsyncResult *result)
{
  if (g_async_result_is_tagged (result, runtime_use_client_session_end_async))
    return NULL;

  return g_task_get_task_data (G_TASK (result));
}

/**
 * runtime_use_client_session_dup_error_metadata:
 * @self: a session
 * @result: what the callback of a request was given
 *
 * Gets the details that the server sent with its error.
 *
 * Returns: (transfer full) (nullable): an object, or `NULL` when the server sent no error
 *
 * Since: 0.1
 */
JsonNode *
runtime_use_client_session_dup_error_metadata (RuntimeUseClientSession *self,
                                               GAsyncResult            *result)
{
  const char *json;

  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  json = get_error_metadata (result);

  return json != NULL ? _runtime_use_json_to_node (json, NULL) : NULL;
}

/**
 * runtime_use_client_session_dup_error_metadata_json:
 * @self: a session
 * @result: what the callback of a request was given
 *
 * Gets the details that the server sent with its error, exactly as it did.
 *
 * Returns: (transfer full) (nullable): the compact text of a JSON object, or `NULL` when the
 *   server sent no error
 *
 * Since: 0.1
 */
char *
runtime_use_client_session_dup_error_metadata_json (RuntimeUseClientSession *self,
                                                    GAsyncResult            *result)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CLIENT_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_strdup (get_error_metadata (result));
}
