/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#define BUSY \
  "{\"message_type\":\"error_message\"," \
  "\"error\":\"Received request while another is in flight!\"," \
  "\"metadata\":{\"error_name\":\"busy\"}}"

static void
test_invocation (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("An invocation gets its text, and the slot is free with the result");

  session_fixture_send_prompt (f, "one");
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_BUSY);
  session_fixture_say (f, "hello");
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

  session_fixture_cancel (f);
  session_fixture_assert_quiet (f);

  session_fixture_send_prompt (f, "one");
  cancellable = g_object_ref (runtime_use_invocation_get_cancellable (fake_agent_peek (f->agent)));
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  session_fixture_cancel (f);
  session_fixture_cancel (f);
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
  session_fixture_cancel (f);
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
test_cancel_while_full (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  GCancellable *cancellable;

  g_test_summary ("A cancel reaches an agent whose client does not read");

  _runtime_use_memory_channel_set_high_water (f->client, 10);
  session_fixture_send_prompt (f, "one");
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  session_fixture_say (f, "more than ten bytes");
  g_assert_true (runtime_use_invocation_is_full (fake_agent_peek (f->agent)));
  session_fixture_cancel (f);
  cancellable = runtime_use_invocation_get_cancellable (fake_agent_peek (f->agent));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  session_fixture_answer (f, "");
  _runtime_use_memory_channel_set_held (f->client, FALSE);
  session_fixture_settle (f);
  session_fixture_take_part (f, "assistant_message");
  g_assert_cmpstr (session_fixture_take (f), ==, CANCELLED);
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
  session_fixture_take_part (f, "\"elapsed_ms\":15000");
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
  session_fixture_take_part (f, "did not answer within 60 seconds");
  session_fixture_assert_quiet (f);
}

static void
test_malformed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("Malformed input is answered when idle and never ends a request");

  session_fixture_send (f, "{");
  session_fixture_take_part (f, "\"error_message\"");
  session_fixture_send (f, "null");
  session_fixture_take_part (f, "\"error_message\"");
  session_fixture_send (f, "[1]");
  session_fixture_send (f, "{\"message_type\":\"no_such_message\"}");
  session_fixture_send (f, "{\"message_type\":\"artifact_upload_response_message\"}");
  session_fixture_assert_quiet (f);
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":7}");
  session_fixture_take_part (f, "commands");

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

  session_fixture_end (f);
  g_assert_cmpstr (session_fixture_take (f), ==, CONFIRM);
  session_fixture_end (f);
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
  session_fixture_end (f);
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

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session/invocation", test_invocation);
  g_test_add_func ("/session/refused", test_refused);
  g_test_add_func ("/session/cancel-honoured", test_cancel_honoured);
  g_test_add_func ("/session/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/session/cancel-while-full", test_cancel_while_full);
  g_test_add_func ("/session/heartbeat", test_heartbeat);
  g_test_add_func ("/session/deadline", test_deadline);
  g_test_add_func ("/session/malformed", test_malformed);
  g_test_add_func ("/session/end", test_end);
  g_test_add_func ("/session/end-while-busy", test_end_while_busy);
  g_test_add_func ("/session/disconnect", test_disconnect);
  g_test_add_func ("/session/stop", test_stop);

  return g_test_run ();
}
