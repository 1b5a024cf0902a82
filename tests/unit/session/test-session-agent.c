/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

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
  session_fixture_take_part (f, "\"error\":\"no\"");

  fake_agent_set_refusal (f->agent, NULL, TRUE);
  session_fixture_send_prompt (f, "two");
  session_fixture_take_part (f, "without saying why");

  fake_agent_set_report (f->agent, "reported");
  session_fixture_send_prompt (f, "reported and then thrown");
  session_fixture_take_part (f, "\"error\":\"reported\"");
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
  session_fixture_take_part (f, "without answering");
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
  session_fixture_cancel (f);
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  session_fixture_send_prompt (f, "three");
  session_fixture_end (f);
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
  g_assert_cmpstr (session_fixture_take (f), ==, CONFIRM);
  session_fixture_assert_quiet (f);
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
  session_fixture_take_part (f, "must be a JSON object");

  session_fixture_send_prompt (f, "two");
  two = fake_agent_take (f->agent);
  runtime_use_invocation_return_text (two, "text", list);
  session_fixture_settle (f);
  session_fixture_take_part (f, "metadata must be a JSON object");

  session_fixture_send_prompt (f, "three");
  session_fixture_answer (f, huge);
  session_fixture_take_part (f, "too large");
}

static void
test_output_format (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  JsonNode *format;

  g_test_summary ("The output format is handed over as it is; one that is no JSON is an error");

  session_fixture_send_invocation (f, "\"output_format_json_schema_str\":"
                                      "\"{\\\"type\\\":\\\"object\\\"}\"");
  format = runtime_use_invocation_get_output_format (fake_agent_peek (f->agent));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (format), "type"), ==,
                   "object");
  session_fixture_answer (f, "");
  session_fixture_take_part (f, "result_message");

  session_fixture_send_invocation (f, "\"output_format_json_schema_str\":\"{\"");
  session_fixture_take_part (f, "output_format_json_schema_str: ");
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 1);
}

static void
test_long_assistant_text (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *huge = g_strnfill (2500000, '\n');
  gsize length = 0;

  g_test_summary ("Long assistant text arrives whole, in messages that clients can take");

  session_fixture_send_prompt (f, "one");
  session_fixture_say (f, huge);
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

  session_fixture_send_invocation (f, "\"stream_deltas\":true,"
                                      "\"secrets_to_redact\":[\"hush\"]");
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
  session_fixture_say (f, "one hush two hu");
  g_assert_cmpstr (session_fixture_take (f), ==, DELTA ("hu"));
  g_assert_cmpstr (session_fixture_take (f), ==,
                   "{\"message_type\":\"assistant_message\","
                   "\"text_blocks\":[\"one [REDACTED] two hu\"]}");
}

static void
test_redacted_errors (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(JsonNode) metadata = json_from_string ("{\"hush\":1,\"other\":2}", NULL);
  RuntimeUseInvocation *invocation;

  g_test_summary ("Neither errors nor their details show a secret");

  session_fixture_send_invocation (f, "\"secrets_to_redact\":[\"hush\",\"other\"]");
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

  session_fixture_send_invocation (f, "\"secrets_to_redact\":[\"hush\",\"\",\"message_type\"],"
                                      "\"agent_env\":{\"API_TOKEN\":\"from-the-env\","
                                      "\"LANG\":\"ordinary\"}");
  session_fixture_say (f, "hush, from-the-env, ordinary");
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
  session_fixture_say (f, "the key is " FAKE_AGENT_KEY);
  session_fixture_take_part (f, "\"the key is [REDACTED]\"");
  session_fixture_answer (f, "one");
  g_assert_cmpstr (session_fixture_take (f), ==, RESULT ("one"));
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
not_sent_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GError **error = user_data;

  g_assert_false (runtime_use_invocation_send_assistant_message_finish (
                    RUNTIME_USE_INVOCATION (object), result, error));
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
  session_fixture_say (f, "fills the channel");
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
  session_fixture_cancel (f);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CANCELLED);
  g_clear_error (&error);
  session_fixture_answer (f, "");
  _runtime_use_memory_channel_set_held (f->client, FALSE);
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

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-agent/agent-errors", test_agent_errors);
  g_test_add_func ("/session-agent/agent-refuses", test_agent_refuses);
  g_test_add_func ("/session-agent/agent-forgets", test_agent_forgets);
  g_test_add_func ("/session-agent/answers-inside", test_answers_inside);
  g_test_add_func ("/session-agent/unfit-results", test_unfit_results);
  g_test_add_func ("/session-agent/output-format", test_output_format);
  g_test_add_func ("/session-agent/long-assistant-text", test_long_assistant_text);
  g_test_add_func ("/session-agent/deltas", test_deltas);
  g_test_add_func ("/session-agent/redacted-errors", test_redacted_errors);
  g_test_add_func ("/session-agent/redaction", test_redaction);
  g_test_add_func ("/session-agent/secrets-of-the-agent", test_secrets_of_the_agent);
  g_test_add_func ("/session-agent/backpressure", test_backpressure);
  g_test_add_func ("/session-agent/waiting-cancelled", test_waiting_cancelled);
  g_test_add_func ("/session-agent/dropped", test_dropped);

  return g_test_run ();
}
