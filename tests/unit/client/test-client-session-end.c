/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-fixture.h"

#include <string.h>

#include "runtimeuse.h"

/* How requests and sessions end before their time, and whom that is told. */

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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client-session/cancel", test_cancel);
  g_test_add_func ("/client-session/cancelled-before", test_cancelled_before);
  g_test_add_func ("/client-session/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/client-session/timeout", test_timeout);
  g_test_add_func ("/client-session/idle", test_idle);
  g_test_add_func ("/client-session/idle-off", test_idle_off);
  g_test_add_func ("/client-session/end", test_end);
  g_test_add_func ("/client-session/end-busy", test_end_busy);
  g_test_add_func ("/client-session/end-unconfirmed", test_end_unconfirmed);
  g_test_add_func ("/client-session/end-lost", test_end_lost);
  g_test_add_func ("/client-session/end-cancelled", test_end_cancelled);
  g_test_add_func ("/client-session/close", test_close);
  g_test_add_func ("/client-session/close-inside", test_close_inside);

  return g_test_run ();
}
