/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-one-shot-private.h"

#include "runtime-use-file-exchange.h"

/*
 * One request from the first connection to the last goodbye: what the answer was is kept until the
 * session is closed, and told then. This is what most programs want of a client.
 */

/* The data of the task. */
typedef struct
{
  RuntimeUseRequestMessage       *message;
  const RuntimeUseOneShotReports *reports;
  RuntimeUseClientSession        *session;         /* (nullable): not there yet */
  GObject                        *result;          /* (nullable) */
  GError                         *error;           /* (nullable) */
  char                           *metadata_json;   /* (nullable) */
} OneShot;

static void
one_shot_free (OneShot *self)
{
  g_clear_object (&self->message);
  g_clear_object (&self->session);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
  g_clear_pointer (&self->metadata_json, g_free);
  g_free (self);
}

static void
one_shot_return (GTask *task)
{
  OneShot *shot = g_task_get_task_data (task);

  if (shot->error != NULL)
    g_task_return_error (task, g_steal_pointer (&shot->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&shot->result), g_object_unref);
}

/* With the session everything has ended that the request started in this process. */
static void
one_shot_closed_cb (RuntimeUseClientSession *session,
                    GTask                   *task)
{
  G_GNUC_UNUSED g_autoptr(GTask) owned = task;

  g_signal_handlers_disconnect_by_data (session, task);
  one_shot_return (task);
}

static gboolean
has_files (RuntimeUseClient *client)
{
  g_autoptr(RuntimeUseFileExchange) files = NULL;

  g_object_get (client, "file-exchange", &files, NULL);

  return files != NULL;
}

static void
one_shot_answered_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  RuntimeUseClientSession *session = RUNTIME_USE_CLIENT_SESSION (object);
  g_autoptr(GTask) task = user_data;
  RuntimeUseClient *client = g_task_get_source_object (task);
  OneShot *shot = g_task_get_task_data (task);

  shot->result = g_task_propagate_pointer (G_TASK (result), &shot->error);
  shot->metadata_json = runtime_use_client_session_dup_error_metadata_json (session, result);
  g_signal_handlers_disconnect_by_data (session, client);

  if (runtime_use_client_session_is_closed (session))
    {
      one_shot_return (task);
      return;
    }

  g_signal_connect (session, "closed", G_CALLBACK (one_shot_closed_cb), g_steal_pointer (&task));
  /* What the runtime has found is sent before it confirms the end. */
  if (has_files (client))
    runtime_use_client_session_end_async (session, NULL, NULL, NULL);
  else
    runtime_use_client_session_close (session);
}

static void
one_shot_connected_cb (GObject      *object,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  RuntimeUseClient *client = RUNTIME_USE_CLIENT (object);
  g_autoptr(GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  OneShot *shot = g_task_get_task_data (task);

  shot->session = runtime_use_client_connect_finish (client, result, &shot->error);
  if (shot->session == NULL)
    {
      one_shot_return (task);
      return;
    }

  g_signal_connect (shot->session, "assistant-message",
                    G_CALLBACK (shot->reports->assistant_message), client);
  g_signal_connect (shot->session, "command-output", G_CALLBACK (shot->reports->command_output),
                    client);
  g_signal_connect (shot->session, "heartbeat", G_CALLBACK (shot->reports->heartbeat), client);

  if (RUNTIME_USE_IS_INVOCATION_MESSAGE (shot->message))
    runtime_use_client_session_query_async (shot->session,
                                            RUNTIME_USE_INVOCATION_MESSAGE (shot->message),
                                            cancellable, one_shot_answered_cb,
                                            g_steal_pointer (&task));
  else
    runtime_use_client_session_execute_commands_async
      (shot->session, RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (shot->message), cancellable,
       one_shot_answered_cb, g_steal_pointer (&task));
}

/*
 * _runtime_use_one_shot_start:
 * @task: (transfer full): a task of a client
 */
void
_runtime_use_one_shot_start (GTask                          *task,
                             RuntimeUseRequestMessage       *message,
                             const RuntimeUseOneShotReports *reports)
{
  OneShot *shot = g_new0 (OneShot, 1);

  shot->message = g_object_ref (message);
  shot->reports = reports;
  g_task_set_task_data (task, shot, (GDestroyNotify) one_shot_free);
  /* What was cancelled in time is known when all is over. */
  g_task_set_check_cancellable (task, FALSE);
  runtime_use_client_connect_async (g_task_get_source_object (task),
                                    g_task_get_cancellable (task), one_shot_connected_cb, task);
}

const char *
_runtime_use_one_shot_get_metadata_json (GTask *task)
{
  OneShot *shot = g_task_get_task_data (task);

  return shot != NULL ? shot->metadata_json : NULL;
}
