/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-files.h"
#include "session-watcher.h"

#include <string.h>

#define GOING_AWAY \
  "{\"message_type\":\"error_message\",\"error\":\"The server is going away\"," \
  "\"metadata\":{\"error_name\":\"busy\"}}"

static void
test_drain_idle (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("An idle session that is drained closes its channel with 1001");

  runtime_use_session_drain (f->session);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_ENDING);
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "ending closed ::closed");
  session_fixture_assert_closed (f, 1001);
}

static void
test_drain_busy (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A request that runs when its session is drained goes on; others are refused");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_drain (f->session);
  runtime_use_session_drain (f->session);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_BUSY);
  session_fixture_send_prompt (f, "two");
  g_assert_cmpstr (session_fixture_take (f), ==, GOING_AWAY);
  session_fixture_answer (f, "first");
  g_assert_nonnull (strstr (session_fixture_take (f), "first"));
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent message ending succeeded @none "
                                   "closed ::closed message");
  session_fixture_assert_closed (f, 1001);
}

static void
test_drain_cancelling (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A request that is being cancelled is waited for, too");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_cancel (f->session);
  runtime_use_session_drain (f->session);
  session_watcher_assert (watcher, "busy started @agent cancelling");
  fake_clock_advance (f->clock, 5000);
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "ending cancelled @none closed ::closed message");
  session_fixture_assert_closed (f, 1001);
}

static void
test_drain_ending (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A client that ends its session while it is drained has it confirmed");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_drain (f->session);
  session_fixture_end (f);
  runtime_use_session_drain (f->session);
  session_fixture_answer (f, "in spite of all");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent ending cancelled @none closed ::closed "
                                   "message message");
  g_assert_nonnull (strstr (g_ptr_array_index (f->received, 1), "end_session_confirm_message"));
  session_fixture_assert_closed (f, 0);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  gboolean *stopped = user_data;

  *stopped = runtime_use_session_stop_finish (RUNTIME_USE_SESSION (object), result, NULL);
}

static void
test_drain_and_stop (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);
  gboolean stopped = FALSE;

  g_test_summary ("Draining that takes too long is ended by a stop");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_drain (f->session);
  runtime_use_session_stop_async (f->session, NULL, stopped_cb, &stopped);
  session_watcher_assert (watcher, "busy started @agent ending");
  session_fixture_answer (f, "in spite of all");
  session_fixture_wait_closed (f);
  session_fixture_settle (f);
  g_assert_true (stopped);
  session_watcher_assert (watcher, "cancelled @none closed ::closed message");
  session_fixture_assert_closed (f, 1001);

  runtime_use_session_drain (f->session);
  session_watcher_assert (watcher, "");
}

static void
test_drain_files (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("Draining waits for a held answer, and not for files that nobody asks for");

  session_files_invoke (f);
  runtime_use_session_drain (f->session->session);
  g_assert_cmpint (runtime_use_session_get_phase (f->session->session), ==,
                   RUNTIME_USE_REQUEST_PHASE_UPLOAD);
  fake_clock_advance (f->session->clock, 4999);
  session_fixture_assert_quiet (f->session);
  fake_clock_advance (f->session->clock, 1);
  session_fixture_wait_terminal (f->session);
  session_files_wait_closed (f);
  session_fixture_assert_closed (f->session, 1001);
  g_assert_cmpuint (http_sink_get_n_requests (f->sink), ==, 0);
}

static void
test_drain_uploads (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);
  guint64 n_uploaded;

  g_test_summary ("What the client asked for is sent before a drained session is closed");

  session_files_invoke (f);
  session_files_answer (f, "a");
  runtime_use_session_drain (f->session->session);
  session_files_wait_closed (f);
  session_fixture_assert_closed (f->session, 1001);
  g_object_get (f->session->session, "artifacts-uploaded", &n_uploaded, NULL);
  g_assert_cmpuint (n_uploaded, ==, 1);
}

static const HttpStep never = { NULL, 0, HTTP_THEN_STALL };

static void
test_drain_hanging_upload (void)
{
  g_autoptr(SessionFiles) f = session_files_new (&never);

  g_test_summary ("While an upload is finished no request is taken, and it has no more than 50 s");

  session_files_invoke (f);
  session_files_answer (f, "a");
  fake_clock_advance (f->session->clock, 5000);
  session_fixture_wait_terminal (f->session);
  runtime_use_session_drain (f->session->session);
  g_assert_cmpint (runtime_use_session_get_state (f->session->session), ==,
                   RUNTIME_USE_SESSION_STATE_ENDING);
  session_fixture_send_prompt (f->session, "two");
  g_assert_cmpstr (session_fixture_wait (f->session), ==, GOING_AWAY);
  g_assert_cmpuint (fake_agent_get_n_runs (f->session->agent), ==, 1);
  fake_clock_advance (f->session->clock, 49999);
  session_fixture_settle (f->session);
  g_assert_false (f->session->closed);
  fake_clock_advance (f->session->clock, 1);
  session_files_wait_closed (f);
  session_fixture_assert_closed (f->session, 1001);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-drain/drain-idle", test_drain_idle);
  g_test_add_func ("/session-drain/drain-busy", test_drain_busy);
  g_test_add_func ("/session-drain/drain-cancelling", test_drain_cancelling);
  g_test_add_func ("/session-drain/drain-ending", test_drain_ending);
  g_test_add_func ("/session-drain/drain-and-stop", test_drain_and_stop);
  g_test_add_func ("/session-drain/drain-files", test_drain_files);
  g_test_add_func ("/session-drain/drain-uploads", test_drain_uploads);
  g_test_add_func ("/session-drain/drain-hanging-upload", test_drain_hanging_upload);

  return g_test_run ();
}
