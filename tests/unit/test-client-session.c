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
test_cancel (void)
{
  const char *terminals[] = { ERROR ("Request cancelled"), ERROR ("another one"), RESULT ("late"),
                              EXECUTED, "{\"message_type\":\"result_message\"}" };

  g_test_summary ("A cancelled request ends with the server's answer, whatever that is");

  for (gsize i = 0; i < G_N_ELEMENTS (terminals); i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), cancellable);
      g_autoptr(Answer) next = NULL;

      client_fixture_take (f);
      g_cancellable_cancel (cancellable);
      g_assert_cmpstr (client_fixture_take (f), ==, CANCEL);
      g_cancellable_reset (cancellable);
      g_cancellable_cancel (cancellable);
      g_assert_null (client_fixture_take (f));
      g_assert_false (answer->is_done);
      client_fixture_say (f, OUTPUT ("last words"));
      client_fixture_say (f, "{\"message_type\":\"heartbeat_message\"}");
      fake_clock_advance (f->clock, 9999);
      g_assert_false (answer->is_done);
      client_fixture_say (f, terminals[i]);
      assert_fails (answer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The request was cancelled");
      g_assert_cmpstr (f->events->str, ==, "prints last words;");

      next = client_fixture_ask (f, PROMPT ("two"), NULL);
      client_fixture_say (f, RESULT ("done"));
      assert_text (next, "done");
    }
}

static void
test_cancelled_before (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(Answer) answer = NULL;

  g_test_summary ("A request that was cancelled before is not sent");

  g_cancellable_cancel (cancellable);
  answer = client_fixture_ask (f, PROMPT ("one"), cancellable);
  assert_fails (answer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_null (client_fixture_take (f));
}

static void
test_cancel_ignored (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(Answer) answer = NULL;
  g_autoptr(Answer) next = NULL;

  g_test_summary ("A server that does not end what was cancelled costs the session");

  g_object_set (f->session, "cancel-timeout", 3, NULL);
  answer = client_fixture_ask (f, PROMPT ("one"), cancellable);
  g_cancellable_cancel (cancellable);
  client_fixture_settle ();
  fake_clock_advance (f->clock, 2999);
  client_fixture_say (f, OUTPUT ("still here"));
  g_assert_false (answer->is_done);
  fake_clock_advance (f->clock, 1);
  client_fixture_settle ();
  assert_fails (answer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "did not end it within 3 seconds");
  client_fixture_assert_closed (f, 1000);

  next = client_fixture_ask (f, PROMPT ("two"), NULL);
  assert_fails (next, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "The session is closed");
}

static void
test_timeout (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = NULL;
  g_autoptr(Answer) next = NULL;

  g_test_summary ("A request that takes too long is cancelled; the session is free again");

  g_object_set (f->session, "timeout", 5, NULL);
  answer = client_fixture_ask (f, PROMPT ("one"), NULL);
  client_fixture_take (f);
  fake_clock_advance (f->clock, 4999);
  g_assert_null (client_fixture_take (f));
  fake_clock_advance (f->clock, 1);
  g_assert_cmpstr (client_fixture_take (f), ==, CANCEL);
  g_assert_false (answer->is_done);
  client_fixture_say (f, ERROR ("Request cancelled"));
  assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "longer than 5 seconds");

  next = client_fixture_ask (f, PROMPT ("two"), NULL);
  fake_clock_advance (f->clock, 5000 + 10000);
  client_fixture_settle ();
  assert_fails (next, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                "longer than 5 seconds, and the server did not end it within 10 seconds");
  client_fixture_assert_closed (f, 1000);
}

static void
test_idle (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = NULL;

  g_test_summary ("A silent server is given up, one that says anything is not");

  fake_clock_advance (f->clock, 1000000);
  g_object_set (f->session, "idle-timeout", 20, NULL);
  answer = client_fixture_ask (f, PROMPT ("one"), NULL);
  for (guint i = 0; i < 5; i++)
    {
      fake_clock_advance (f->clock, 19000);
      client_fixture_say (f, i % 2 == 0 ? "no JSON" : OUTPUT ("x"));
    }
  fake_clock_advance (f->clock, 20499);
  g_assert_false (answer->is_done);
  fake_clock_advance (f->clock, 1);
  client_fixture_settle ();
  assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                "No message from the server for 20 seconds");
  client_fixture_assert_closed (f, 1000);
}

static void
test_idle_off (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = NULL;

  g_test_summary ("Without idle timeout a server may be silent for ever");

  g_object_set (f->session, "idle-timeout", 0, NULL);
  answer = client_fixture_ask (f, PROMPT ("one"), NULL);
  fake_clock_advance (f->clock, G_GINT64_CONSTANT (1000000000));
  client_fixture_say (f, RESULT ("done"));
  assert_text (answer, "done");
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
test_end (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) end = client_fixture_end (f, NULL);
  g_autoptr(Answer) again = client_fixture_end (f, NULL);
  g_autoptr(Answer) late = NULL;
  g_autoptr(Answer) refused = client_fixture_ask (f, PROMPT ("one"), NULL);

  g_test_summary ("The end is confirmed by the server, and then the channel is closed");

  assert_fails (refused, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "being ended");
  g_assert_cmpstr (client_fixture_take (f), ==, END);
  g_assert_null (client_fixture_take (f));
  g_assert_false (end->is_done);
  client_fixture_say (f, CONFIRM);
  g_assert_true (end->is_done);
  g_assert_no_error (end->error);
  g_assert_true (again->is_done);
  g_assert_no_error (again->error);
  client_fixture_assert_closed (f, 1000);

  late = client_fixture_end (f, NULL);
  g_assert_no_error (late->error);
}

static void
test_end_busy (void)
{
  g_test_summary ("The end cancels what runs, whether the server answers that or not");

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(ClientFixture) f = client_fixture_new ();
      g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);
      g_autoptr(Answer) end = NULL;

      client_fixture_take (f);
      end = client_fixture_end (f, NULL);
      g_assert_cmpstr (client_fixture_take (f), ==, CANCEL);
      g_assert_cmpstr (client_fixture_take (f), ==, END);
      if (i == 0)
        client_fixture_say (f, ERROR ("Request cancelled"));
      client_fixture_say (f, CONFIRM);
      assert_fails (answer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The session was ended");
      g_assert_true (end->is_done);
      g_assert_no_error (end->error);
    }
}

static void
test_end_unconfirmed (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) end = NULL;

  g_test_summary ("A server that does not confirm the end is left after a while");

  g_object_set (f->session, "end-timeout", 7, NULL);
  end = client_fixture_end (f, NULL);
  fake_clock_advance (f->clock, 6999);
  client_fixture_settle ();
  g_assert_false (end->is_done);
  fake_clock_advance (f->clock, 1);
  client_fixture_settle ();
  assert_fails (end, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT, "within 7 seconds");
  client_fixture_assert_closed (f, 1000);
}

static void
test_end_lost (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) end = client_fixture_end (f, NULL);

  g_test_summary ("A connection that ends without the confirmation is an error");

  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->server), 1001);
  client_fixture_settle ();
  assert_fails (end, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "code 1001");
}

static void
test_end_cancelled (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(Answer) end = client_fixture_end (f, cancellable);

  g_test_summary ("Who does not want to wait for the confirmation closes at once");

  g_cancellable_cancel (cancellable);
  client_fixture_settle ();
  assert_fails (end, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  client_fixture_assert_closed (f, 1000);
}

static void
test_close (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);

  g_test_summary ("Closing ends everything at once");

  g_assert_false (runtime_use_client_session_is_closed (f->session));
  runtime_use_client_session_set_paused (f->session, TRUE);
  client_fixture_say (f, RESULT ("too late"));
  runtime_use_client_session_close (f->session);
  runtime_use_client_session_close (f->session);
  client_fixture_settle ();
  assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "The session was closed");
  client_fixture_assert_closed (f, 1000);
}

static void
close_cb (RuntimeUseClientSession        *session,
          RuntimeUseCommandOutputMessage *message,
          gpointer                        user_data)
{
  runtime_use_client_session_close (session);
}

static void
test_close_inside (void)
{
  g_autoptr(ClientFixture) f = client_fixture_new ();
  g_autoptr(Answer) answer = client_fixture_ask (f, PROMPT ("one"), NULL);

  g_test_summary ("A session can be closed from what it tells");

  g_signal_connect (f->session, "command-output", G_CALLBACK (close_cb), NULL);
  client_fixture_say (f, OUTPUT ("x"));
  assert_fails (answer, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "The session was closed");
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

/* Recorded conversations */

typedef struct
{
  ClientFixture *f;
  GPtrArray     *answers;       /* Answer */
  Answer        *last;          /* (nullable): of the last request */
  GCancellable  *cancellable;   /* of the last request */
} Replay;

static void
replay_client (Replay     *self,
               JsonNode   *message,
               const char *type)
{
  g_autofree char *text = json_to_string (message, FALSE);

  if (g_str_has_suffix (type, "cancel_message"))
    {
      g_cancellable_cancel (self->cancellable);
      client_fixture_settle ();
    }
  else if (g_str_equal (type, "end_session_message"))
    {
      g_ptr_array_add (self->answers, client_fixture_end (self->f, NULL));
    }
  else if (!g_str_equal (type, "artifact_upload_response_message"))
    {
      g_clear_object (&self->cancellable);
      self->cancellable = g_cancellable_new ();
      self->last = client_fixture_ask (self->f, text, self->cancellable);
      g_ptr_array_add (self->answers, self->last);
    }
}

static void
check_error (Replay     *self,
             JsonObject *message)
{
  Answer *answer = self->last;

  if (g_cancellable_is_cancelled (self->cancellable))
    g_assert_error (answer->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_error (answer->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE);
  if (json_object_has_member (message, "error") &&
      !g_cancellable_is_cancelled (self->cancellable))
    g_assert_cmpstr (answer->error->message, ==,
                     json_object_get_string_member (message, "error"));
}

static void
check_result (Replay     *self,
              JsonObject *message)
{
  JsonObject *data = json_object_get_object_member (message, "data");
  gboolean is_text = g_str_equal (json_object_get_string_member (data, "type"), "text");
  RuntimeUseQueryResult *result;

  if (is_text && !json_object_has_member (data, "text"))
    {
      assert_fails (self->last, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, "data.text");
      return;
    }

  g_assert_no_error (self->last->error);
  result = RUNTIME_USE_QUERY_RESULT (self->last->result);
  if (is_text)
    g_assert_cmpstr (runtime_use_query_result_get_text (result), ==,
                     json_object_get_string_member (data, "text"));
  else
    g_assert_true (json_node_equal (runtime_use_query_result_get_structured (result),
                                    json_object_get_member (data, "structured_output")));
}

static void
replay_server (Replay     *self,
               JsonNode   *message,
               const char *type)
{
  g_autofree char *text = json_to_string (message, FALSE);
  gboolean was_done = self->last == NULL || self->last->is_done;

  client_fixture_say (self->f, text);
  if (was_done || g_str_has_suffix (type, "output_message") ||
      g_str_equal (type, "assistant_message") || g_str_equal (type, "heartbeat_message") ||
      g_str_equal (type, "artifact_upload_request_message"))
    return;

  g_assert_true (self->last->is_done);
  if (g_str_equal (type, "error_message"))
    check_error (self, json_node_get_object (message));
  else if (g_str_equal (type, "result_message"))
    check_result (self, json_node_get_object (message));
  else if (g_str_equal (type, "command_execution_result_message"))
    g_assert_true (RUNTIME_USE_IS_EXECUTION_RESULT (self->last->result));
}

static void
replay_line (Replay     *self,
             const char *line)
{
  g_autoptr(JsonNode) node = json_from_string (line, NULL);
  JsonObject *step = json_node_get_object (node);
  const char *direction = json_object_get_string_member (step, "dir");
  JsonNode *message = json_object_get_member (step, "msg");
  const char *type;

  if (!g_str_equal (direction, "client->server") && !g_str_equal (direction, "server->client"))
    return;

  type = json_object_get_string_member (json_node_get_object (message), "message_type");
  if (g_str_equal (direction, "client->server"))
    replay_client (self, message, type);
  else
    replay_server (self, message, type);
}

static void
test_recording (gconstpointer data)
{
  Replay replay = { .f = client_fixture_new () };
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  g_test_summary ("What a recorded server said is understood");

  replay.answers = g_ptr_array_new_with_free_func ((GDestroyNotify) answer_free);
  g_assert_true (g_file_get_contents (data, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      replay_line (&replay, lines[i]);

  client_fixture_free (replay.f);
  g_ptr_array_unref (replay.answers);
  g_clear_object (&replay.cancellable);
}

static void
add_recordings (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "integration", "recordings", NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/client-session/recording/%s", name);

      if (g_str_has_suffix (name, ".jsonl"))
        g_test_add_data_func_full (path, g_build_filename (folder, name, NULL), test_recording,
                                   g_free);
    }
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
  g_test_add_func ("/client-session/cancel", test_cancel);
  g_test_add_func ("/client-session/cancelled-before", test_cancelled_before);
  g_test_add_func ("/client-session/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/client-session/timeout", test_timeout);
  g_test_add_func ("/client-session/idle", test_idle);
  g_test_add_func ("/client-session/idle-off", test_idle_off);
  g_test_add_func ("/client-session/lost", test_lost);
  g_test_add_func ("/client-session/wrong-terminal", test_wrong_terminal);
  g_test_add_func ("/client-session/invalid", test_invalid);
  g_test_add_func ("/client-session/ignored", test_ignored);
  g_test_add_func ("/client-session/paused", test_paused);
  g_test_add_func ("/client-session/paused-idle", test_paused_idle);
  g_test_add_func ("/client-session/paused-cancel", test_paused_cancel);
  g_test_add_func ("/client-session/end", test_end);
  g_test_add_func ("/client-session/end-busy", test_end_busy);
  g_test_add_func ("/client-session/end-unconfirmed", test_end_unconfirmed);
  g_test_add_func ("/client-session/end-lost", test_end_lost);
  g_test_add_func ("/client-session/end-cancelled", test_end_cancelled);
  g_test_add_func ("/client-session/close", test_close);
  g_test_add_func ("/client-session/close-inside", test_close_inside);
  g_test_add_func ("/client-session/dropped", test_dropped);
  add_recordings ();

  return g_test_run ();
}
