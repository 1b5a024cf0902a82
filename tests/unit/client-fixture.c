/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include <string.h>

#include "runtimeuse.h"

static void
received_cb (RuntimeUseChannel *channel,
             GBytes            *message,
             ClientFixture     *self)
{
  g_ptr_array_add (self->received, g_strndup (g_bytes_get_data (message, NULL),
                                              g_bytes_get_size (message)));
}

static void
assistant_message_cb (RuntimeUseClientSession *session,
                      const char * const      *text_blocks,
                      ClientFixture           *self)
{
  g_autofree char *text = g_strjoinv ("|", (char **) text_blocks);

  g_string_append_printf (self->events, "says %s;", text);
}

static void
command_output_cb (RuntimeUseClientSession        *session,
                   RuntimeUseCommandOutputMessage *message,
                   ClientFixture                  *self)
{
  g_string_append_printf (self->events, "prints %s;",
                          runtime_use_command_output_message_get_text (message));
}

static void
heartbeat_cb (RuntimeUseClientSession *session,
              const char              *phase,
              gint64                   elapsed_ms,
              ClientFixture           *self)
{
  g_string_append_printf (self->events, "%s %" G_GINT64_FORMAT ";", phase, elapsed_ms);
}

static void
upload_cb (RuntimeUseClientSession          *session,
           RuntimeUseArtifactUploadRequestMessage *message,
           ClientFixture                    *self)
{
  g_string_append_printf (self->events, "uploads %s;",
                          runtime_use_artifact_upload_request_message_get_filepath (message));
}

static void
closed_cb (RuntimeUseClientSession *session,
           ClientFixture           *self)
{
  g_assert_true (runtime_use_client_session_is_closed (session));
  self->n_closed++;
}

ClientFixture *
client_fixture_new (void)
{
  ClientFixture *self = g_new0 (ClientFixture, 1);
  g_autoptr(RuntimeUseMemoryChannel) client = NULL;

  self->clock = fake_clock_new ();
  self->received = g_ptr_array_new_with_free_func (g_free);
  self->events = g_string_new (NULL);
  runtime_use_memory_channel_new_pair (&client, &self->server);
  g_signal_connect (self->server, "message", G_CALLBACK (received_cb), self);
  self->session = _runtime_use_client_session_new_full (RUNTIME_USE_CHANNEL (client),
                                                        RUNTIME_USE_CLOCK (self->clock), NULL,
                                                        NULL);
  g_object_connect (self->session,
                    "signal::assistant-message", assistant_message_cb, self,
                    "signal::command-output", command_output_cb, self,
                    "signal::heartbeat", heartbeat_cb, self,
                    "signal::artifact-upload-request", upload_cb, self,
                    "signal::closed", closed_cb, self,
                    NULL);

  return self;
}

void
client_fixture_free (ClientFixture *self)
{
  gboolean was_closed = self->n_closed > 0;

  runtime_use_client_session_close (self->session);
  client_fixture_settle ();
  g_assert_cmpuint (self->n_closed, ==, 1);
  g_assert_true (was_closed || runtime_use_client_session_is_closed (self->session));

  /* Nothing may be left that would ring for a session that is gone. */
  g_assert_cmpuint (fake_clock_get_alarms (self->clock), ==, 0);

  g_assert_finalize_object (self->session);
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_clear_object (&self->server);
  g_clear_object (&self->clock);
  g_ptr_array_unref (self->received);
  g_string_free (self->events, TRUE);
  g_free (self);
}

/* Runs whatever is ready to run. */
void
client_fixture_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
client_fixture_say (ClientFixture *self,
                    const char    *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  runtime_use_channel_send (RUNTIME_USE_CHANNEL (self->server), bytes);
  client_fixture_settle ();
}

/* What the server got next, or NULL if nothing. */
const char *
client_fixture_take (ClientFixture *self)
{
  client_fixture_settle ();
  if (self->n_taken == self->received->len)
    return NULL;

  return g_ptr_array_index (self->received, self->n_taken++);
}

/* By the session, with @code. */
void
client_fixture_assert_closed (ClientFixture *self,
                              int            code)
{
  client_fixture_settle ();
  g_assert_cmpuint (self->n_closed, ==, 1);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (self->server), ==, code);
}

static void
queried_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  RuntimeUseClientSession *session = RUNTIME_USE_CLIENT_SESSION (object);
  Answer *answer = user_data;

  g_assert_false (answer->is_done);
  answer->is_done = TRUE;
  answer->result = (GObject *) runtime_use_client_session_query_finish (session, result,
                                                                        &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
  answer->metadata = runtime_use_client_session_dup_error_metadata_json (session, result);
}

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  RuntimeUseClientSession *session = RUNTIME_USE_CLIENT_SESSION (object);
  Answer *answer = user_data;

  g_assert_false (answer->is_done);
  answer->is_done = TRUE;
  answer->result = (GObject *)
    runtime_use_client_session_execute_commands_finish (session, result, &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
  answer->metadata = runtime_use_client_session_dup_error_metadata_json (session, result);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->is_done);
  answer->is_done = TRUE;
  g_assert_true (runtime_use_client_session_is_closed (RUNTIME_USE_CLIENT_SESSION (object)));
  g_assert_true (runtime_use_client_session_end_finish (RUNTIME_USE_CLIENT_SESSION (object),
                                                        result, &answer->error) ==
                 (answer->error == NULL));
  g_assert_null (runtime_use_client_session_dup_error_metadata_json
                   (RUNTIME_USE_CLIENT_SESSION (object), result));
}

/* @request is the text of either kind. */
Answer *
client_fixture_ask (ClientFixture *self,
                    const char    *request,
                    GCancellable  *cancellable)
{
  Answer *answer = g_new0 (Answer, 1);
  g_autoptr(GBytes) bytes = g_bytes_new (request, strlen (request));
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  message = runtime_use_message_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  if (RUNTIME_USE_IS_INVOCATION_MESSAGE (message))
    runtime_use_client_session_query_async (self->session, RUNTIME_USE_INVOCATION_MESSAGE (message),
                                            cancellable, queried_cb, answer);
  else
    runtime_use_client_session_execute_commands_async
      (self->session, RUNTIME_USE_COMMAND_EXECUTION_MESSAGE (message), cancellable, executed_cb,
       answer);
  client_fixture_settle ();

  return answer;
}

Answer *
client_fixture_end (ClientFixture *self,
                    GCancellable  *cancellable)
{
  Answer *answer = g_new0 (Answer, 1);

  runtime_use_client_session_end_async (self->session, cancellable, ended_cb, answer);
  client_fixture_settle ();

  return answer;
}

void
answer_free (Answer *self)
{
  g_assert_true (self->is_done);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
  g_free (self->metadata);
  g_free (self);
}
