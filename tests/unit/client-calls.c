/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-calls.h"

#include "raw-client.h"

void
answer_clear (Answer *self)
{
  g_assert_true (self->is_done);
  g_clear_object (&self->session);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
}

guint
count_sockets (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && g_str_has_prefix (target, "socket:"))
        n++;
    }

  return n;
}

void
client_connected_cb (GObject      *object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->session = runtime_use_client_connect_finish (RUNTIME_USE_CLIENT (object), result,
                                                       &answer->error);
  g_assert_true ((answer->session == NULL) == (answer->error != NULL));
}

static void
queried_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  if (RUNTIME_USE_IS_CLIENT (object))
    answer->result = (GObject *) runtime_use_client_query_finish (RUNTIME_USE_CLIENT (object),
                                                                  result, &answer->error);
  else
    answer->result = (GObject *)
      runtime_use_client_session_query_finish (RUNTIME_USE_CLIENT_SESSION (object), result,
                                               &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
}

static RuntimeUseInvocationMessage *
invocation_new (const char *prompt)
{
  return g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE,
                       "system-prompt", "", "user-prompt", prompt, "model", "m",
                       NULL);
}

void
client_query (gpointer    client_or_session,
              const char *prompt,
              Answer     *answer)
{
  g_autoptr(RuntimeUseInvocationMessage) message = invocation_new (prompt);

  if (RUNTIME_USE_IS_CLIENT (client_or_session))
    runtime_use_client_query_async (client_or_session, message, NULL, queried_cb, answer);
  else
    runtime_use_client_session_query_async (client_or_session, message, NULL, queried_cb, answer);
}

void
assert_text (Answer     *answer,
             const char *expected)
{
  g_assert_no_error (answer->error);
  g_assert_cmpstr (runtime_use_query_result_get_text (RUNTIME_USE_QUERY_RESULT (answer->result)),
                   ==, expected);
}

void
assert_closes (RuntimeUseClientSession *session)
{
  runtime_use_client_session_close (session);
  raw_wait_for (runtime_use_client_session_is_closed (session));
}

RuntimeUseClient *
client_new (guint       port,
            const char *rest)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u%s", port, rest);

  return runtime_use_client_new (url);
}
