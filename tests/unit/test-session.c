/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

#define CANCELLED \
  "{\"message_type\":\"error_message\",\"error\":\"Request cancelled\",\"metadata\":{}}"
#define RESULT(text) \
  "{\"message_type\":\"result_message\",\"metadata\":{},\"data\":{\"type\":\"text\",\"text\":\"" \
  text "\"}}"
#define CONFIRM "{\"message_type\":\"end_session_confirm_message\"}"
#define BUSY \
  "{\"message_type\":\"error_message\"," \
  "\"error\":\"Received request while another is in flight!\"," \
  "\"metadata\":{\"error_name\":\"busy\"}}"

static void
say (SessionFixture *f,
     const char     *text)
{
  const char *blocks[] = { text, NULL };

  runtime_use_invocation_send_assistant_message (fake_agent_peek (f->agent), blocks);
  session_fixture_settle (f);
}

static void
assert_next_contains (SessionFixture *f,
                      const char     *part)
{
  const char *message = session_fixture_take (f);

  g_assert_nonnull (message);
  if (strstr (message, part) == NULL)
    g_error ("no “%s” in “%.400s”", part, message);
}

static void
test_invocation (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("An invocation gets its text, and the slot is free with the result");

  session_fixture_send_prompt (f, "one");
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_BUSY);
  say (f, "hello");
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"assistant_message\",\"text_blocks\":[\"hello\"]}");
  session_fixture_answer (f, "done");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("done"));
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_IDLE);

  session_fixture_send_prompt (f, "two");
  session_fixture_answer (f, "again");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("again"));
  session_fixture_assert_quiet (f);
}

static void
test_refused (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("A second request is refused and leaves the first alone");

  session_fixture_send_prompt (f, "one");
  session_fixture_send_prompt (f, "two");
  g_assert_cmpstr (session_fixture_take (f), ==, BUSY);
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 1);
  session_fixture_answer (f, "first");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("first"));
}

static void
test_cancel_honoured (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GCancellable) cancellable = NULL;

  g_test_summary ("A cancel triggers the cancellable, and whatever follows is replaced");

  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  session_fixture_assert_quiet (f);

  session_fixture_send_prompt (f, "one");
  cancellable = g_object_ref (runtime_use_invocation_get_cancellable (fake_agent_peek (f->agent)));
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_CANCELLING);
  session_fixture_assert_quiet (f);

  session_fixture_answer (f, "in spite of all");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  session_fixture_assert_quiet (f);

  session_fixture_send_prompt (f, "two");
  session_fixture_answer (f, "next");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("next"));
}

static void
test_cancel_ignored (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(RuntimeUseInvocation) late = NULL;
  const char *blocks[] = { "late", NULL };

  g_test_summary ("An agent that ignores the cancel is left behind after the grace period");

  session_fixture_send_prompt (f, "one");
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  fake_clock_advance (f->clock, 4999);
  session_fixture_assert_quiet (f);
  fake_clock_advance (f->clock, 1);
  session_fixture_settle (f);
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);

  late = fake_agent_take (f->agent);
  runtime_use_invocation_send_assistant_message (late, blocks);
  runtime_use_invocation_return_text (late, "late", NULL);
  session_fixture_assert_quiet (f);

  session_fixture_send_prompt (f, "two");
  session_fixture_answer (f, "next");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("next"));
}

static void
test_heartbeat (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("Heartbeats come every 15 s from the acceptance on, only while busy");

  fake_clock_advance (f->clock, 100000);
  session_fixture_assert_quiet (f);

  session_fixture_send_prompt (f, "one");
  fake_clock_advance (f->clock, 14999);
  session_fixture_assert_quiet (f);
  fake_clock_advance (f->clock, 1);
  session_fixture_settle (f);
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"heartbeat_message\",\"phase\":\"request_in_flight\","
                   "\"elapsed_ms\":15000}");
  fake_clock_advance (f->clock, 14000);
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("one"));

  /* The alarm of the first must not ring for the second, nor early. */
  session_fixture_send_prompt (f, "two");
  fake_clock_advance (f->clock, 14999);
  session_fixture_assert_quiet (f);
  fake_clock_advance (f->clock, 1);
  session_fixture_settle (f);
  assert_next_contains (f, "\"elapsed_ms\":15000");
  session_fixture_answer (f, "two");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("two"));
  fake_clock_advance (f->clock, 100000);
  session_fixture_assert_quiet (f);
}

static void
test_deadline (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("An agent that never answers fails after the invocation timeout");

  g_object_set (f->session, "invocation-timeout", 60, "heartbeat-interval", 3600000, NULL);
  session_fixture_send_prompt (f, "one");
  fake_clock_advance (f->clock, 60000);
  session_fixture_assert_quiet (f);
  fake_clock_advance (f->clock, 5000);
  session_fixture_settle (f);
  assert_next_contains (f, "did not answer within 60 seconds");
  session_fixture_assert_quiet (f);
}

static void
test_agent_errors (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(JsonNode) metadata = json_from_string ("{\"k\":[1]}", NULL);
  RuntimeUseInvocation *invocation;

  g_test_summary ("The first error that an agent reports is its request's one terminal");

  session_fixture_send_prompt (f, "one");
  invocation = fake_agent_peek (f->agent);
  runtime_use_invocation_send_error_message (invocation, "first", metadata);
  runtime_use_invocation_send_error_message (invocation, "second", NULL);
  session_fixture_assert_quiet (f);
  session_fixture_answer (f, "result");
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"error_message\",\"error\":\"first\","
                   "\"metadata\":{\"k\":[1]}}");
  session_fixture_assert_quiet (f);
}

static void
test_agent_refuses (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("A handler that fails at once, with or without a reason, is an error");

  fake_agent_set_refusal (f->agent,
                          g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "no"), TRUE);
  session_fixture_send_prompt (f, "one");
  assert_next_contains (f, "\"error\":\"no\"");

  fake_agent_set_refusal (f->agent, NULL, TRUE);
  session_fixture_send_prompt (f, "two");
  assert_next_contains (f, "without saying why");

  fake_agent_set_report (f->agent, "reported");
  session_fixture_send_prompt (f, "reported and then thrown");
  assert_next_contains (f, "\"error\":\"reported\"");
  fake_agent_set_report (f->agent, NULL);

  fake_agent_set_refusal (f->agent, NULL, FALSE);
  session_fixture_send_prompt (f, "three");
  session_fixture_answer (f, "fine");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("fine"));
}

static void
test_agent_forgets (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("An invocation that nobody keeps is an error, not a hang");

  session_fixture_send_prompt (f, "one");
  g_object_unref (fake_agent_take (f->agent));
  session_fixture_settle (f);
  assert_next_contains (f, "without answering");
}

static void
test_unfit_results (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(JsonNode) list = json_from_string ("[1]", NULL);
  g_autoptr(RuntimeUseInvocation) one = NULL;
  g_autoptr(RuntimeUseInvocation) two = NULL;
  g_autofree char *huge = g_strnfill (1000000, 'x');

  g_test_summary ("A result that clients cannot take is an error that says so");

  session_fixture_send_prompt (f, "one");
  one = fake_agent_take (f->agent);
  runtime_use_invocation_return_structured_output (one, list, NULL);
  session_fixture_settle (f);
  assert_next_contains (f, "must be a JSON object");

  session_fixture_send_prompt (f, "two");
  two = fake_agent_take (f->agent);
  runtime_use_invocation_return_text (two, "text", list);
  session_fixture_settle (f);
  assert_next_contains (f, "metadata must be a JSON object");

  session_fixture_send_prompt (f, "three");
  session_fixture_answer (f, huge);
  assert_next_contains (f, "too large");
}

static void
test_long_assistant_text (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *huge = g_strnfill (2500000, '\n');
  gsize length = 0;

  g_test_summary ("Long assistant text arrives whole, in messages that clients can take");

  session_fixture_send_prompt (f, "one");
  say (f, huge);
  g_assert_cmpuint (f->received->len, >, 1);
  for (guint i = 0; i < f->received->len; i++)
    {
      g_autoptr(JsonNode) node = json_from_string (g_ptr_array_index (f->received, i), NULL);
      JsonArray *blocks;

      blocks = json_object_get_array_member (json_node_get_object (node), "text_blocks");
      for (guint j = 0; j < json_array_get_length (blocks); j++)
        length += strlen (json_array_get_string_element (blocks, j));
    }
  g_assert_cmpuint (length, ==, 2500000);
}

static void
test_malformed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("Malformed input is answered when idle and never ends a request");

  session_fixture_send (f, "{");
  assert_next_contains (f, "\"error_message\"");
  session_fixture_send (f, "null");
  assert_next_contains (f, "\"error_message\"");
  session_fixture_send (f, "[1]");
  session_fixture_send (f, "{\"message_type\":\"no_such_message\"}");
  session_fixture_send (f, "{\"message_type\":\"artifact_upload_response_message\"}");
  session_fixture_assert_quiet (f);
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":7}");
  assert_next_contains (f, "commands");

  session_fixture_send_prompt (f, "one");
  session_fixture_send (f, "{");
  session_fixture_send (f, "null");
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":7}");
  session_fixture_assert_quiet (f);
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("one"));
}

static void
test_end (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("The end is confirmed at once and once, then the channel closes");

  session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
  g_assert_cmpstr (session_fixture_take (f), ==, CONFIRM);
  session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
  session_fixture_send_prompt (f, "too late");
  session_fixture_assert_quiet (f);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (f->client), ==, 0);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_CLOSED);
}

static void
test_end_while_busy (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("The end cancels what runs, whose terminal comes before the confirmation");

  session_fixture_send_prompt (f, "one");
  session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_ENDING);
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  g_assert_cmpstr (session_fixture_take (f), ==, CONFIRM);
  session_fixture_assert_quiet (f);
}

static void
test_disconnect (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  GCancellable *cancellable;

  g_test_summary ("A client that goes away cancels what runs, and nothing is said");

  session_fixture_send_prompt (f, "one");
  cancellable = runtime_use_invocation_get_cancellable (fake_agent_peek (f->agent));
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->client), 1000);
  session_fixture_settle (f);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_false (f->closed);
  session_fixture_answer (f, "nobody hears");
  g_assert_true (f->closed);
  session_fixture_assert_quiet (f);
}

static void
stop_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  gboolean *stopped = user_data;

  g_assert_true (runtime_use_session_stop_finish (RUNTIME_USE_SESSION (object), result, NULL));
  *stopped = TRUE;
}

static void
test_stop (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  gboolean stopped = FALSE;

  g_test_summary ("Stopping ends what runs, and closes with 1001");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_stop_async (f->session, NULL, stop_cb, &stopped);
  session_fixture_settle (f);
  g_assert_false (stopped);
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  session_fixture_settle (f);
  g_assert_true (stopped);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (f->client), ==, 1001);
}

static void
not_sent_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError **error = user_data;

  g_assert_false (runtime_use_invocation_send_assistant_message_finish (
                    RUNTIME_USE_INVOCATION (object), result, error));
}

static void
test_dropped (void)
{
  g_autoptr(FakeAgent) agent = fake_agent_new ();
  g_autoptr(RuntimeUseMemoryChannel) ours = NULL;
  g_autoptr(RuntimeUseMemoryChannel) client = NULL;
  g_autoptr(RuntimeUseInvocation) invocation = NULL;
  g_autoptr(GCancellable) cancellable = NULL;
  g_autoptr(GBytes) bytes = NULL;
  const char *blocks[] = { "more than fits", NULL };
  RuntimeUseSession *session;
  GError *error = NULL;
  const char *text =
    "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"user_prompt\":\"\","
    "\"model\":\"\"}";

  g_test_summary ("A session that is dropped while busy says no more and leaves nothing");

  runtime_use_memory_channel_new_pair (&ours, &client);
  session = runtime_use_session_new (RUNTIME_USE_CHANNEL (ours),
                                     RUNTIME_USE_AGENT_HANDLER (agent), NULL);
  bytes = g_bytes_new_static (text, strlen (text));
  runtime_use_channel_send (RUNTIME_USE_CHANNEL (client), bytes);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fake_agent_get_n_runs (agent), ==, 1);
  invocation = fake_agent_take (agent);
  cancellable = g_object_ref (runtime_use_invocation_get_cancellable (invocation));

  _runtime_use_memory_channel_set_high_water (client, 1);
  _runtime_use_memory_channel_set_held (client, TRUE);
  runtime_use_invocation_send_assistant_message (invocation, blocks);
  runtime_use_invocation_send_assistant_message_async (invocation, blocks, NULL,
                                                       not_sent_cb, &error);
  g_assert_finalize_object (session);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_null (runtime_use_invocation_get_cancellable (invocation));
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
  g_clear_error (&error);

  runtime_use_invocation_return_text (invocation, "nobody hears", NULL);
  g_assert_finalize_object (g_steal_pointer (&invocation));
}

static void
test_waiting_cancelled (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GCancellable) foreign = g_cancellable_new ();
  const char *blocks[] = { "more than fits", NULL };
  RuntimeUseInvocation *invocation;
  GError *error = NULL;

  g_test_summary ("A message that waits for room gives up when it or the request is cancelled");

  _runtime_use_memory_channel_set_high_water (f->client, 1);
  session_fixture_send_prompt (f, "one");
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  say (f, "fills the channel");
  invocation = fake_agent_peek (f->agent);

  runtime_use_invocation_send_assistant_message_async (invocation, blocks, foreign,
                                                       not_sent_cb, &error);
  session_fixture_settle (f);
  g_assert_no_error (error);
  g_cancellable_cancel (foreign);
  session_fixture_settle (f);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  runtime_use_invocation_send_assistant_message_async (invocation, blocks, NULL,
                                                       not_sent_cb, &error);
  session_fixture_settle (f);
  g_assert_no_error (error);
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CANCELLED);
  g_clear_error (&error);
  session_fixture_answer (f, "");
  _runtime_use_memory_channel_set_held (f->client, FALSE);
}

static void
test_answers_inside (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("An agent may answer while it is asked and while it is cancelled");

  fake_agent_set_answer_at_once (f->agent, TRUE);
  session_fixture_send_prompt (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("at once"));
  fake_agent_set_answer_at_once (f->agent, FALSE);

  fake_agent_set_answer_cancel (f->agent, TRUE);
  session_fixture_send_prompt (f, "two");
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  session_fixture_send_prompt (f, "three");
  session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  g_assert_cmpstr (session_fixture_take (f), ==, CONFIRM);
  session_fixture_assert_quiet (f);
}

static void
test_redacted_errors (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(JsonNode) metadata = json_from_string ("{\"hush\":1,\"other\":2}", NULL);
  RuntimeUseInvocation *invocation;

  g_test_summary ("Neither errors nor their details show a secret");

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"\",\"model\":\"\","
                        "\"secrets_to_redact\":[\"hush\",\"other\"]}");
  invocation = fake_agent_peek (f->agent);
  runtime_use_invocation_send_error_message (invocation, "no hush", metadata);
  session_fixture_answer (f, "");
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"error_message\",\"error\":\"no [REDACTED]\","
                   "\"metadata\":{\"[REDACTED]\":1,\"[REDACTED] (2)\":2}}");
}

static void
test_redaction (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(JsonNode) metadata = json_from_string ("{\"a-hush\":\"hush\",\"b-hush\":[\"x hush\"]}",
                                                   NULL);
  g_autoptr(RuntimeUseInvocation) invocation = NULL;

  g_test_summary ("No secret of the request or of its environment reaches the client");

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"\",\"model\":\"\","
                        "\"secrets_to_redact\":[\"hush\",\"\",\"message_type\"],"
                        "\"agent_env\":{\"API_TOKEN\":\"from-the-env\",\"LANG\":\"ordinary\"}}");
  say (f, "hush, from-the-env, ordinary");
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"assistant_message\","
                   "\"text_blocks\":[\"[REDACTED], [REDACTED], ordinary\"]}");
  invocation = fake_agent_take (f->agent);
  runtime_use_invocation_return_text (invocation, "hush", metadata);
  session_fixture_settle (f);
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"result_message\","
                   "\"metadata\":{\"a-[REDACTED]\":\"[REDACTED]\","
                   "\"b-[REDACTED]\":[\"x [REDACTED]\"]},"
                   "\"data\":{\"type\":\"text\",\"text\":\"[REDACTED]\"}}");
}

static void
test_secrets_of_the_agent (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("What the agent itself must not say is redacted, whatever the request asks for");

  g_object_set (f->session, "redact-env", RUNTIME_USE_REDACT_ENV_NONE, NULL);
  session_fixture_send_prompt (f, "one");
  say (f, "the key is " FAKE_AGENT_KEY);
  assert_next_contains (f, "\"the key is [REDACTED]\"");
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("one"));
}

#define DELTA(text) "{\"message_type\":\"assistant_delta_message\",\"text\":\"" text "\"}"

static void
test_deltas (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  RuntimeUseInvocation *invocation;

  g_test_summary ("Pieces of a message reach who asked for them, secrets in two pieces excepted");

  session_fixture_send_prompt (f, "nobody asked");
  invocation = fake_agent_peek (f->agent);
  g_assert_false (runtime_use_invocation_get_stream_deltas (invocation));
  runtime_use_invocation_send_assistant_delta (invocation, "unheard");
  session_fixture_assert_quiet (f);
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("one"));

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"\",\"model\":\"\",\"stream_deltas\":true,"
                        "\"secrets_to_redact\":[\"hush\"]}");
  invocation = fake_agent_peek (f->agent);
  g_assert_true (runtime_use_invocation_get_stream_deltas (invocation));
  runtime_use_invocation_send_assistant_delta (invocation, "one ");
  session_fixture_settle (f);
  g_assert_cmpstr (session_fixture_take (f), ==, DELTA ("one "));
  runtime_use_invocation_send_assistant_delta (invocation, "hu");
  session_fixture_assert_quiet (f);
  runtime_use_invocation_send_assistant_delta (invocation, "sh two hu");
  session_fixture_settle (f);
  g_assert_cmpstr (session_fixture_take (f), ==, DELTA ("[REDACTED] two "));
  say (f, "one hush two hu");
  g_assert_cmpstr (session_fixture_take (f), ==, DELTA ("hu"));
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"assistant_message\","
                   "\"text_blocks\":[\"one [REDACTED] two hu\"]}");
}

static void
sent_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  guint *n_sent = user_data;

  g_assert_true (runtime_use_invocation_send_assistant_message_finish (
                   RUNTIME_USE_INVOCATION (object), result, NULL));
  (*n_sent)++;
}

static void
test_backpressure (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *text = g_strnfill (1000, 'x');
  const char *blocks[] = { text, NULL };
  RuntimeUseInvocation *invocation;
  guint n_sent = 0;

  g_test_summary ("An agent that waits for room is held while the client does not read");

  _runtime_use_memory_channel_set_high_water (f->client, 10000);
  session_fixture_send_prompt (f, "one");
  invocation = fake_agent_peek (f->agent);

  _runtime_use_memory_channel_set_held (f->client, TRUE);
  for (guint i = 0; i < 100; i++)
    runtime_use_invocation_send_assistant_message_async (invocation, blocks, NULL,
                                                         sent_cb, &n_sent);
  session_fixture_settle (f);
  g_assert_true (runtime_use_invocation_is_full (invocation));
  g_assert_cmpuint (n_sent, >=, 9);
  g_assert_cmpuint (n_sent, <=, 11);
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->client), <, 12000);

  _runtime_use_memory_channel_set_held (f->client, FALSE);
  session_fixture_settle (f);
  g_assert_cmpuint (n_sent, ==, 100);
  session_fixture_answer (f, "done");
  g_assert_cmpuint (f->received->len, ==, 101);
}

static void
test_cancel_while_full (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  GCancellable *cancellable;

  g_test_summary ("A cancel reaches an agent whose client does not read");

  _runtime_use_memory_channel_set_high_water (f->client, 10);
  session_fixture_send_prompt (f, "one");
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  say (f, "more than ten bytes");
  g_assert_true (runtime_use_invocation_is_full (fake_agent_peek (f->agent)));
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  cancellable = runtime_use_invocation_get_cancellable (fake_agent_peek (f->agent));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  session_fixture_answer (f, "");
  _runtime_use_memory_channel_set_held (f->client, FALSE);
  session_fixture_settle (f);
  assert_next_contains (f, "assistant_message");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
}

static void
test_output_format (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  JsonNode *format;

  g_test_summary ("The output format is handed over as it is; one that is no JSON is an error");

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"\",\"model\":\"\","
                        "\"output_format_json_schema_str\":\"{\\\"type\\\":\\\"object\\\"}\"}");
  format = runtime_use_invocation_get_output_format (fake_agent_peek (f->agent));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (format), "type"), ==,
                   "object");
  session_fixture_answer (f, "");
  assert_next_contains (f, "result_message");

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"\",\"model\":\"\","
                        "\"output_format_json_schema_str\":\"{\"}");
  assert_next_contains (f, "output_format_json_schema_str: ");
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 1);
}

/* Random interleavings */

typedef struct
{
  SessionFixture *f;
  GRand          *rand;
  guint           n_terminals;   /* seen by the client, refusals not counted */
  guint           n_scanned;
  guint           last_ended;    /* number of the last agent run that ended */
  guint           n_started;     /* requests that the session told of */
  guint           n_finished;
} Storm;

static void
storm_started_cb (RuntimeUseSession *session,
                  Storm             *storm)
{
  g_assert_cmpuint (storm->n_started, ==, storm->n_finished);
  storm->n_started++;
}

static void
storm_finished_cb (RuntimeUseSession        *session,
                   RuntimeUseRequestOutcome  outcome,
                   Storm                    *storm)
{
  storm->n_finished++;
  g_assert_cmpuint (storm->n_started, ==, storm->n_finished);
  g_assert_cmpuint (runtime_use_session_get_requests_done (session), ==, storm->n_finished);
  g_assert_cmpint (runtime_use_session_get_state (session), !=, RUNTIME_USE_SESSION_STATE_BUSY);
  g_assert_cmpint (runtime_use_session_get_state (session), !=,
                   RUNTIME_USE_SESSION_STATE_CANCELLING);
}

static void
storm_check_message (Storm      *storm,
                     const char *message)
{
  const char *run = strstr (message, "run-");
  guint number = run != NULL ? strtoul (run + strlen ("run-"), NULL, 10) : 0;

  if (strstr (message, "in flight!") != NULL || strstr (message, "heartbeat_message") != NULL)
    return;

  if (strstr (message, "assistant_message") != NULL)
    {
      /* Nothing of a request after its terminal. */
      g_assert_cmpuint (number, >, storm->last_ended);
      return;
    }

  if (strstr (message, "\"malformed\"") != NULL)
    return;

  if (strstr (message, "result_message") != NULL || strstr (message, "error_message") != NULL)
    {
      storm->n_terminals++;
      storm->last_ended++;
      if (number != 0)
        g_assert_cmpuint (number, ==, storm->last_ended);
    }
}

static void
storm_check (Storm *storm)
{
  SessionFixture *f = storm->f;
  RuntimeUseSessionState state;
  guint n_running;

  session_fixture_settle (f);
  for (; storm->n_scanned < f->received->len; storm->n_scanned++)
    storm_check_message (storm, g_ptr_array_index (f->received, storm->n_scanned));

  state = runtime_use_session_get_state (f->session);
  n_running = state == RUNTIME_USE_SESSION_STATE_BUSY ||
              state == RUNTIME_USE_SESSION_STATE_CANCELLING;
  if (_runtime_use_memory_channel_get_pending (f->client) == 0)
    g_assert_cmpuint (storm->n_terminals, ==, fake_agent_get_n_runs (f->agent) - n_running);
}

static void
storm_agent (Storm *storm)
{
  SessionFixture *f = storm->f;
  g_autofree char *text = NULL;
  g_autoptr(RuntimeUseInvocation) invocation = NULL;
  g_autoptr(GError) error = NULL;
  const char *blocks[] = { NULL, NULL };

  if (fake_agent_peek (f->agent) == NULL)
    return;

  text = g_strdup_printf ("run-%u", fake_agent_get_n_runs (f->agent));
  blocks[0] = text;
  switch (g_rand_int_range (storm->rand, 0, 6))
    {
    case 0:
      invocation = fake_agent_take (f->agent);
      runtime_use_invocation_return_text (invocation, text, NULL);
      runtime_use_invocation_return_text (invocation, text, NULL);
      break;

    case 1:
      invocation = fake_agent_take (f->agent);
      error = g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, text);
      runtime_use_invocation_return_error (invocation, error);
      runtime_use_invocation_send_assistant_message (invocation, blocks);
      break;

    case 2:
      runtime_use_invocation_send_error_message (fake_agent_peek (f->agent), text, NULL);
      break;

    case 3:
      invocation = fake_agent_take (f->agent);
      break;

    default:
      say (f, text);
      break;
    }
}

static void
storm_step (Storm *storm)
{
  SessionFixture *f = storm->f;

  switch (g_rand_int_range (storm->rand, 0, 9))
    {
    case 0:
    case 1:
      session_fixture_send_prompt (f, "x");
      break;

    case 2:
      session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
      break;

    case 3:
      session_fixture_send (f, "{ malformed");
      break;

    case 4:
      fake_clock_advance (f->clock, g_rand_int_range (storm->rand, 0, 9000));
      break;

    case 5:
      _runtime_use_memory_channel_set_held (f->client, g_rand_boolean (storm->rand));
      break;

    default:
      storm_agent (storm);
      break;
    }
}

static void
test_storm (void)
{
  g_test_summary ("Whatever comes in whatever order, each request has one terminal, and is told "
                  "of");

  for (guint seed = 0; seed < 300; seed++)
    {
      g_autoptr(SessionFixture) f = session_fixture_new (NULL);
      Storm storm = { f, g_rand_new_with_seed (seed), 0, 0, 0, 0, 0 };

      g_signal_connect (f->session, "request-started", G_CALLBACK (storm_started_cb), &storm);
      g_signal_connect (f->session, "request-finished", G_CALLBACK (storm_finished_cb), &storm);
      for (guint i = 0; i < 60; i++)
        {
          storm_step (&storm);
          storm_check (&storm);
        }

      _runtime_use_memory_channel_set_held (f->client, FALSE);
      session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
      fake_clock_advance (f->clock, 5000);
      session_fixture_settle (f);
      g_assert_cmpstr (g_ptr_array_index (f->received, f->received->len - 1), ==, CONFIRM);
      g_ptr_array_set_size (f->received, f->received->len - 1);
      storm_check (&storm);
      g_assert_cmpuint (storm.n_terminals, ==, fake_agent_get_n_runs (f->agent));
      g_assert_cmpuint (storm.n_started, ==, fake_agent_get_n_runs (f->agent));
      g_assert_cmpuint (storm.n_finished, ==, storm.n_started);
      g_signal_handlers_disconnect_by_data (f->session, &storm);
      g_rand_free (storm.rand);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session/invocation", test_invocation);
  g_test_add_func ("/session/refused", test_refused);
  g_test_add_func ("/session/cancel-honoured", test_cancel_honoured);
  g_test_add_func ("/session/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/session/cancel-while-full", test_cancel_while_full);
  g_test_add_func ("/session/heartbeat", test_heartbeat);
  g_test_add_func ("/session/deadline", test_deadline);
  g_test_add_func ("/session/agent-errors", test_agent_errors);
  g_test_add_func ("/session/agent-refuses", test_agent_refuses);
  g_test_add_func ("/session/agent-forgets", test_agent_forgets);
  g_test_add_func ("/session/unfit-results", test_unfit_results);
  g_test_add_func ("/session/long-assistant-text", test_long_assistant_text);
  g_test_add_func ("/session/malformed", test_malformed);
  g_test_add_func ("/session/end", test_end);
  g_test_add_func ("/session/end-while-busy", test_end_while_busy);
  g_test_add_func ("/session/disconnect", test_disconnect);
  g_test_add_func ("/session/stop", test_stop);
  g_test_add_func ("/session/dropped", test_dropped);
  g_test_add_func ("/session/waiting-cancelled", test_waiting_cancelled);
  g_test_add_func ("/session/answers-inside", test_answers_inside);
  g_test_add_func ("/session/redacted-errors", test_redacted_errors);
  g_test_add_func ("/session/redaction", test_redaction);
  g_test_add_func ("/session/secrets-of-the-agent", test_secrets_of_the_agent);
  g_test_add_func ("/session/deltas", test_deltas);
  g_test_add_func ("/session/backpressure", test_backpressure);
  g_test_add_func ("/session/output-format", test_output_format);
  g_test_add_func ("/session/storm", test_storm);

  return g_test_run ();
}
