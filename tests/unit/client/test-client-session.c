/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include <string.h>

#include "runtimeuse.h"

static void
test_query (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) text = client_fixture_ask (f, PROMPT ("one"), NULL);
  g_autoptr(Answer) object = NULL;
  RuntimeUseQueryResult *result;
  JsonObject *structured;

  g_test_summary ("A query is sent, and gets its text or object, one after the other");

  g_assert_cmpstr (client_fixture_take (f), ==, PROMPT ("one"));
  g_assert_false (text->is_done);
  client_fixture_say (f, RESULT ("done"));
  assert_text (text, "done");
  g_assert_null (text->metadata);
  result = RUNTIME_USE_QUERY_RESULT (text->result);
  g_assert_null (runtime_use_query_result_get_structured (result));
  g_assert_null (runtime_use_query_result_get_structured_json (result));
  g_assert_cmpstr (runtime_use_query_result_get_metadata_json (result), ==, "{\"n\":1}");

  object = client_fixture_ask (f, PROMPT ("two"), NULL);
  g_assert_cmpstr (client_fixture_take (f), ==, PROMPT ("two"));
  client_fixture_say (f, "{\"message_type\":\"result_message\",\"data\":{\"type\":"
                         "\"structured_output\",\"structured_output\":{\"a\":1e400}}}");
  g_assert_no_error (object->error);
  result = RUNTIME_USE_QUERY_RESULT (object->result);
  g_assert_null (runtime_use_query_result_get_text (result));
  g_assert_cmpstr (runtime_use_query_result_get_structured_json (result), ==, "{\"a\":1e400}");
  g_assert_cmpstr (runtime_use_query_result_get_metadata_json (result), ==, "{}");
  structured = json_node_get_object (runtime_use_query_result_get_metadata (result));
  g_assert_cmpuint (json_object_get_size (structured), ==, 0);
  g_assert_null (client_fixture_take (f));
}

static void
test_execute (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, COMMANDS, NULL);
  GPtrArray *results;

  g_test_summary ("Commands end with one result each; a failure is no error");

  client_fixture_say (f, "{\"message_type\":\"command_execution_result_message\",\"results\":["
                         "{\"command\":\"true\",\"exit_code\":0,\"stdout\":null},"
                         "{\"command\":\"x\",\"exit_code\":-1,\"stdout\":\"y\",\"new\":1}]}");
  g_assert_no_error (answer->error);
  results = runtime_use_execution_result_get_results (RUNTIME_USE_EXECUTION_RESULT
                                                        (answer->result));
  g_assert_cmpuint (results->len, ==, 2);
  g_assert_cmpint (runtime_use_command_result_get_exit_code (results->pdata[1]), ==, -1);
  g_assert_cmpstr (runtime_use_command_result_get_stdout_text (results->pdata[1]), ==, "y");
}

static void
test_events (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);

  g_test_summary ("What happens is told in order, before the answer");

  client_fixture_say (f, OUTPUT ("x"));
  client_fixture_say (f, "{\"message_type\":\"assistant_message\",\"text_blocks\":"
                         "[\"a\",\"b\"]}");
  client_fixture_say (f, "{\"message_type\":\"assistant_message\",\"text_blocks\":[]}");
  client_fixture_say (f, "{\"message_type\":\"heartbeat_message\","
                         "\"phase\":\"request_in_flight\",\"elapsed_ms\":15000}");
  client_fixture_say (f, "{\"message_type\":\"artifact_upload_request_message\","
                         "\"filename\":\"f\",\"filepath\":\"d/f\"}");
  g_assert_false (answer->is_done);
  client_fixture_say (f, RESULT ("done"));
  assert_text (answer, "done");
  g_assert_cmpstr (f->events->str, ==,
                   "prints x;says a|b;says ;request_in_flight 15000;uploads d/f;");
}

static void
test_upload (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(RuntimeUseMessage) message = NULL;

  g_test_summary ("A request for an upload comes also between requests, and can be answered");

  client_fixture_say (f, "{\"message_type\":\"artifact_upload_request_message\","
                         "\"filename\":\"f\",\"filepath\":\"d/f\"}");
  g_assert_cmpstr (f->events->str, ==, "uploads d/f;");
  message = runtime_use_artifact_upload_response_message_new ("f", "d/f", "http://h/", "t");
  runtime_use_client_session_answer_upload
    (f->session, RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message));
  g_assert_nonnull (strstr (client_fixture_take (f), "\"presigned_url\":\"http://h/\""));
}

static void
test_busy (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) first = client_fixture_ask (f, PROMPT ("one"), NULL);
  g_autoptr(Answer) second = client_fixture_ask (f, COMMANDS, NULL);

  g_test_summary ("A second request at a time fails at once and is not sent");

  assert_fails (second, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY, "Another request");
  g_assert_cmpstr (client_fixture_take (f), ==, PROMPT ("one"));
  g_assert_null (client_fixture_take (f));
  client_fixture_say (f, RESULT ("done"));
  assert_text (first, "done");
}

static void
test_remote_error (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) failed = client_fixture_ask (f, PROMPT ("one"), NULL);
  g_autoptr(Answer) next = NULL;

  g_test_summary ("The server's error has its text and metadata, and the session goes on");

  client_fixture_say (f, ERROR ("it broke: 100 %s"));
  assert_fails (failed, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE, "it broke");
  g_assert_cmpstr (failed->error->message, ==, "it broke: 100 %s");
  g_assert_cmpstr (failed->metadata, ==, "{\"code\":7}");

  next = client_fixture_ask (f, COMMANDS, NULL);
  client_fixture_say (f, EXECUTED);
  g_assert_true (RUNTIME_USE_IS_EXECUTION_RESULT (next->result));
}

static void
test_odd_error (void)
{
  const char *odd[] = {
    "{\"message_type\":\"error_message\",\"metadata\":{\"error_type\":\"undefined\"}}",
    "{\"message_type\":\"error_message\",\"error\":5}",
    "{\"message_type\":\"error_message\",\"error\":\"e\",\"metadata\":[]}",
  };

  g_test_summary ("An error that says nothing useful is an error all the same");

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(Answer) failed = client_fixture_ask (f, PROMPT ("one"), NULL);
      g_autoptr(Answer) next = NULL;

      client_fixture_say (f, odd[i]);
      assert_fails (failed, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE, odd[i]);
      next = client_fixture_ask (f, PROMPT ("two"), NULL);
      client_fixture_say (f, RESULT ("done"));
      assert_text (next, "done");
    }
}

static void
test_lost (void)
{
  static const struct
  {
    guint       code;
    const char *text;
  } ends[] = {
    { 0, "The connection was closed before the server answered" },
    { 1001, "The server closed the connection before it answered (code 1001)" },
  };

  g_test_summary ("A connection that ends before the answer is an error with the close code");

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);

      runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->server), ends[i].code);
      client_fixture_settle ();
      assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, ends[i].text);
      g_assert_cmpstr (answer->error->message, ==, ends[i].text);
      g_assert_cmpuint (f->n_closed, ==, 1);
    }
}

static void
test_wrong_terminal (void)
{
  static const struct
  {
    const char *request;
    const char *terminal;
    const char *part;
  } cases[] = {
    { PROMPT ("one"), EXECUTED, "an invocation with a command_execution_result_message" },
    { COMMANDS, RESULT ("x"), "a command execution with a result_message" },
  };

  g_test_summary ("An answer of the other kind closes the session");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(Answer) answer = client_fixture_ask (f, cases[i].request, NULL);

      client_fixture_say (f, cases[i].terminal);
      assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, cases[i].part);
      client_fixture_assert_closed (f, 1002);
    }
}

static void
test_invalid (void)
{
  static const struct
  {
    const char *request;
    const char *message;
    const char *part;
  } cases[] = {
    { PROMPT (""), "{\"message_type\":\"result_message\"}", "result_message" },
    { PROMPT (""), "{\"message_type\":\"result_message\",\"data\":{}}", "data.type" },
    { PROMPT (""), "{\"message_type\":\"result_message\",\"data\":{\"type\":\"text\"}}",
      "data.text" },
    { PROMPT (""), "{\"message_type\":\"result_message\",\"metadata\":[],"
                   "\"data\":{\"type\":\"text\",\"text\":\"\"}}", "metadata" },
    { PROMPT (""), "{\"message_type\":\"result_message\",\"data\":"
                   "{\"type\":\"structured_output\",\"structured_output\":[]}}",
      "data.structured_output" },
    { COMMANDS, "{\"message_type\":\"command_execution_result_message\"}", "results" },
    { COMMANDS, "{\"message_type\":\"command_execution_result_message\",\"results\":["
                "{\"command\":\"x\",\"exit_code\":null}]}", "results[0].exit_code" },
    { COMMANDS, "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                "\"command\":\"c\"}", "text is missing" },
    { PROMPT (""), "{\"message_type\":\"assistant_message\",\"text_blocks\":\"x\"}",
      "text_blocks" },
    { PROMPT (""), "{\"message_type\":\"heartbeat_message\",\"phase\":\"p\","
                   "\"elapsed_ms\":1.5}", "elapsed_ms" },
  };

  g_test_summary ("A message that cannot be used is an error that names the member");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(Answer) answer = client_fixture_ask (f, cases[i].request, NULL);

      client_fixture_say (f, cases[i].message);
      assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, cases[i].part);
      client_fixture_assert_closed (f, 1002);
    }
}

static void
test_ignored (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = NULL;
  const char *ignored[] = {
    "", "no JSON", "null", "[]", "5", "{}", "{\"message_type\":5}", "\xff",
    "{\"message_type\":\"new_message\",\"error\":1}", CONFIRM, CANCEL, PROMPT ("x"), END,
    "{\"message_type\":\"invocation_message\"}",
    "{\"message_type\":\"artifact_upload_request_message\"}",
  };
  const char *idle[] = { RESULT ("stray"), ERROR ("stray"), EXECUTED, OUTPUT ("stray"),
                         "{\"message_type\":\"result_message\"}" };

  g_test_summary ("What is no message of a server, or nobody asked for, is ignored");

  for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
    client_fixture_say (f, idle[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    client_fixture_say (f, ignored[i]);
  answer = client_fixture_ask (f, PROMPT ("one"), NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    client_fixture_say (f, ignored[i]);
  g_assert_false (answer->is_done);
  client_fixture_say (f, RESULT ("done"));
  assert_text (answer, "done");
  client_fixture_say (f, ERROR ("a second terminal"));
  g_assert_cmpstr (f->events->str, ==, "");
  g_assert_cmpuint (f->n_closed, ==, 0);
}

static void
test_paused (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);

  g_test_summary ("A paused session tells nothing and waits for nothing; nothing gets lost");

  runtime_use_memory_channel_set_high_water (f->server, 10);
  runtime_use_client_session_set_paused (f->session, TRUE);
  client_fixture_say (f, OUTPUT ("1"));
  client_fixture_say (f, OUTPUT ("2"));
  client_fixture_say (f, RESULT ("done"));
  g_assert_true (runtime_use_channel_is_full (RUNTIME_USE_CHANNEL (f->server)));
  fake_clock_advance (f->clock, 1000000);
  client_fixture_settle ();
  g_assert_cmpstr (f->events->str, ==, "");
  g_assert_false (answer->is_done);

  runtime_use_client_session_set_paused (f->session, FALSE);
  client_fixture_settle ();
  g_assert_cmpstr (f->events->str, ==, "prints 1;prints 2;");
  assert_text (answer, "done");
}

static void
test_paused_idle (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = NULL;

  g_test_summary ("After a pause, also one that began before the request, silence counts anew");

  runtime_use_client_session_set_paused (f->session, TRUE);
  answer = client_fixture_ask (f, PROMPT ("one"), NULL);
  fake_clock_advance (f->clock, 1000000);
  runtime_use_client_session_set_paused (f->session, FALSE);
  fake_clock_advance (f->clock, 60000);
  client_fixture_settle ();
  g_assert_false (answer->is_done);
  fake_clock_advance (f->clock, 500);
  client_fixture_settle ();
  assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "60 seconds");
}

static void
test_paused_cancel (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), cancellable);
  g_autoptr(Answer) next = NULL;

  g_test_summary ("A cancelled request ends while paused, and its output is dropped");

  runtime_use_client_session_set_paused (f->session, TRUE);
  client_fixture_say (f, OUTPUT ("1"));
  g_cancellable_cancel (cancellable);
  client_fixture_settle ();
  client_fixture_say (f, ERROR ("Request cancelled"));
  assert_fails (answer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_cmpstr (f->events->str, ==, "");

  next = client_fixture_ask (f, PROMPT ("two"), NULL);
  client_fixture_say (f, RESULT ("done"));
  g_assert_false (next->is_done);
  runtime_use_client_session_set_paused (f->session, FALSE);
  client_fixture_settle ();
  assert_text (next, "done");
}

static void
test_dropped (void)
{
  g_autoptr(RuntimeUseMemoryChannel) client = NULL;
  g_autoptr(RuntimeUseMemoryChannel) server = NULL;
  RuntimeUseClientSession *session;

  g_test_summary ("A session that is dropped closes its channel");

  runtime_use_memory_channel_new_pair (&client, &server);
  session = runtime_use_client_session_new (RUNTIME_USE_CHANNEL (client));
  g_assert_finalize_object (session);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (server), ==, 1000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client-session/query", test_query);
  g_test_add_func ("/client-session/execute", test_execute);
  g_test_add_func ("/client-session/events", test_events);
  g_test_add_func ("/client-session/upload", test_upload);
  g_test_add_func ("/client-session/busy", test_busy);
  g_test_add_func ("/client-session/remote-error", test_remote_error);
  g_test_add_func ("/client-session/odd-error", test_odd_error);
  g_test_add_func ("/client-session/lost", test_lost);
  g_test_add_func ("/client-session/wrong-terminal", test_wrong_terminal);
  g_test_add_func ("/client-session/invalid", test_invalid);
  g_test_add_func ("/client-session/ignored", test_ignored);
  g_test_add_func ("/client-session/paused", test_paused);
  g_test_add_func ("/client-session/paused-idle", test_paused_idle);
  g_test_add_func ("/client-session/paused-cancel", test_paused_cancel);
  g_test_add_func ("/client-session/dropped", test_dropped);

  return g_test_run ();
}
