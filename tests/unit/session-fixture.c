/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

#include "assert-contains.h"

/* No test waits longer than this for anything. */
#define DEADLINE_SECONDS 20

static void
received_cb (RuntimeUseChannel *channel,
             GBytes            *message,
             SessionFixture    *self)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);

  g_assert_true (g_utf8_validate (text, length, NULL));
  g_assert_cmpuint (length, <=, 1000000);
  g_ptr_array_add (self->received, g_strndup (text, length));
}

static void
closed_cb (RuntimeUseSession *session,
           SessionFixture    *self)
{
  g_assert_false (self->closed);
  self->closed = TRUE;
}

/* A handler of NULL stands for an agent that waits for the test. */
SessionFixture *
session_fixture_new (RuntimeUseAgentHandler *handler)
{
  SessionFixture *self = g_new0 (SessionFixture, 1);

  self->clock = fake_clock_new ();
  if (handler == NULL)
    {
      self->agent = fake_agent_new ();
      self->handler = RUNTIME_USE_AGENT_HANDLER (g_object_ref (self->agent));
    }
  else
    self->handler = g_object_ref (handler);

  self->received = g_ptr_array_new_with_free_func (g_free);
  runtime_use_memory_channel_new_pair (&self->ours, &self->client);
  g_signal_connect (self->client, "message", G_CALLBACK (received_cb), self);
  self->session = _runtime_use_session_new_full (RUNTIME_USE_CHANNEL (self->ours), self->handler,
                                                 NULL, RUNTIME_USE_CLOCK (self->clock), NULL);
  g_signal_connect (self->session, "closed", G_CALLBACK (closed_cb), self);

  return self;
}

void
session_fixture_free (SessionFixture *self)
{
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (self->client), 1000);
  if (self->agent != NULL && fake_agent_peek (self->agent) != NULL)
    g_object_unref (fake_agent_take (self->agent));
  session_fixture_wait_closed (self);

  /* Nothing may be left that would ring for a session that is gone. */
  g_assert_cmpuint (fake_clock_get_alarms (self->clock), ==, 0);

  g_signal_handlers_disconnect_by_data (self->client, self);
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_assert_finalize_object (self->session);
  g_clear_object (&self->ours);
  g_clear_object (&self->client);
  g_clear_object (&self->agent);
  g_clear_object (&self->handler);
  g_clear_object (&self->clock);
  g_ptr_array_unref (self->received);
  g_free (self);
}

/* Runs whatever is ready to run. */
void
session_fixture_settle (SessionFixture *self)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
session_fixture_send (SessionFixture *self,
                      const char     *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  runtime_use_channel_send (RUNTIME_USE_CHANNEL (self->client), bytes);
  session_fixture_settle (self);
}

void
session_fixture_send_prompt (SessionFixture *self,
                             const char     *prompt)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"%s\",\"model\":\"m\",\"secrets_to_redact\":[]}",
                          prompt);
  session_fixture_send (self, text);
}

/* An invocation that has these members, too. */
void
session_fixture_send_invocation (SessionFixture *self,
                                 const char     *members)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"\",\"model\":\"\",%s}", members);
  session_fixture_send (self, text);
}

void
session_fixture_send_commands (SessionFixture *self,
                               const char     *commands)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"command_execution_message\",\"commands\":[%s]}",
                          commands);
  session_fixture_send (self, text);
}

void
session_fixture_cancel (SessionFixture *self)
{
  session_fixture_send (self, "{\"message_type\":\"cancel_message\"}");
}

void
session_fixture_end (SessionFixture *self)
{
  session_fixture_send (self, "{\"message_type\":\"end_session_message\"}");
}

/* Of the fake agent, as the other one below. */
void
session_fixture_say (SessionFixture *self,
                     const char     *text)
{
  const char *blocks[] = { text, NULL };

  runtime_use_invocation_send_assistant_message (fake_agent_peek (self->agent), blocks);
  session_fixture_settle (self);
}

void
session_fixture_answer (SessionFixture *self,
                        const char     *text)
{
  g_autoptr(RuntimeUseInvocation) invocation = fake_agent_take (self->agent);

  runtime_use_invocation_return_text (invocation, text, NULL);
  session_fixture_settle (self);
}

/* The next message, or NULL if there is none yet. */
const char *
session_fixture_take (SessionFixture *self)
{
  if (self->n_taken == self->received->len)
    return NULL;

  return g_ptr_array_index (self->received, self->n_taken++);
}

/* The next message, which is there and has that part. */
void
session_fixture_take_part (SessionFixture *self,
                           const char     *part)
{
  assert_contains (session_fixture_take (self), part);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("waited in vain");

  return G_SOURCE_REMOVE;
}

/* The next message, whenever it comes. */
const char *
session_fixture_wait (SessionFixture *self)
{
  guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);

  while (self->n_taken == self->received->len)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);

  return session_fixture_take (self);
}

void
session_fixture_wait_part (SessionFixture *self,
                           const char     *part)
{
  assert_contains (session_fixture_wait (self), part);
}

static gboolean
is_terminal (const char *message)
{
  return strstr (message, "\"message_type\":\"result_message\"") != NULL ||
         strstr (message, "\"message_type\":\"command_execution_result_message\"") != NULL ||
         strstr (message, "\"message_type\":\"error_message\"") != NULL;
}

const char *
session_fixture_wait_terminal (SessionFixture *self)
{
  const char *message;

  do
    message = session_fixture_wait (self);
  while (!is_terminal (message));

  return message;
}

void
session_fixture_assert_quiet (SessionFixture *self)
{
  session_fixture_settle (self);
  g_assert_cmpstr (session_fixture_take (self), ==, NULL);
}

void
session_fixture_wait_closed (SessionFixture *self)
{
  guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);

  while (!self->closed)
    {
      fake_clock_advance (self->clock, 1000);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (deadline);
}

/* Of requests. */
void
session_fixture_assert_counts (SessionFixture *self,
                               guint64         done,
                               guint64         failed,
                               guint64         cancelled)
{
  g_assert_cmpuint (runtime_use_session_get_requests_done (self->session), ==, done);
  g_assert_cmpuint (runtime_use_session_get_requests_failed (self->session), ==, failed);
  g_assert_cmpuint (runtime_use_session_get_requests_cancelled (self->session), ==, cancelled);
}

/* 0 is how a client is let go that has ended its session. */
void
session_fixture_assert_closed (SessionFixture *self,
                               guint           code)
{
  g_assert_cmpuint (runtime_use_channel_get_close_code (RUNTIME_USE_CHANNEL (self->client), NULL),
                    ==, code);
}
