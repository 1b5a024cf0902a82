/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-files.h"

static void
test_held (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("The result comes after the upload, and an unknown path is not sent");

  session_files_offer (f);
  session_files_assert_counts (f, 1, 0);
  session_files_answer (f, "/etc/hostname");
  session_fixture_assert_quiet (f->session);
  session_files_answer (f, "a");
  session_fixture_wait_part (f->session, "\"artifact_upload_result_message\"");
  session_files_assert_counts (f, 0, 1);
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  g_assert_cmpuint (http_sink_get_n_requests (f->sink), ==, 1);
}

static void
test_nothing_changed (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("Without a file neither the result nor the end waits");

  session_files_run (f, "true");
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  session_fixture_end (f->session);
  session_fixture_wait_part (f->session, "\"end_session_confirm_message\"");
}

static void
test_unanswered (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("Without an answer the result waits for artifact-hold, the end for "
                  "artifact-wait");

  session_files_offer (f);
  fake_clock_advance (f->session->clock, 4999);
  session_fixture_assert_quiet (f->session);
  fake_clock_advance (f->session->clock, 1);
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");

  session_files_run (f, "true");
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  session_fixture_end (f->session);
  session_files_wait_offer (f);
  fake_clock_advance (f->session->clock, 44999);
  session_fixture_assert_quiet (f->session);
  fake_clock_advance (f->session->clock, 1);
  session_fixture_wait_part (f->session, "\"end_session_confirm_message\"");
  session_files_assert_counts (f, 0, 0);
}

static void
test_offered_again (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("An offer that the last request had no answer to is repeated at the end");

  session_files_offer (f);
  fake_clock_advance (f->session->clock, 5000);
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  session_fixture_end (f->session);
  session_files_wait_offer (f);
  session_files_answer (f, "a");
  session_fixture_wait_part (f->session, "\"ok\":true");
  session_fixture_wait_part (f->session, "\"end_session_confirm_message\"");
  session_files_assert_counts (f, 0, 1);
}

/* What comes between two requests lies there for the client to read. */
static void
test_offered_between (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("An offer that was made after the last request is not repeated");

  session_files_run (f, "true");
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  watch_fixture_write (&f->files, "a", "x");
  session_files_wait_offer (f);
  session_fixture_end (f->session);
  session_fixture_assert_quiet (f->session);
  session_files_answer (f, "a");
  session_fixture_wait_part (f->session, "\"ok\":true");
  session_fixture_wait_part (f->session, "\"end_session_confirm_message\"");
}

static void
invoke (SessionFiles *f)
{
  g_autofree char *folders = g_strdup_printf ("\"artifacts_dirs\":[\"%s\"]", f->files.folder);

  session_fixture_send_invocation (f->session, folders);
  while (fake_agent_peek (f->session->agent) == NULL)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_answer (f->session, "done");
}

static void
test_delay (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("For post-invocation-delay what appears is part of the invocation");

  g_object_set (f->session->session, "post-invocation-delay", 3000, NULL);
  invoke (f);
  fake_clock_advance (f->session->clock, 2999);
  session_fixture_assert_quiet (f->session);
  watch_fixture_write (&f->files, "a", "x");
  session_files_wait_offer (f);
  session_files_answer (f, "a");
  session_fixture_wait_part (f->session, "\"ok\":true");
  session_fixture_assert_quiet (f->session);
  fake_clock_advance (f->session->clock, 1);
  session_fixture_wait_part (f->session, "\"result_message\"");

  invoke (f);
  session_fixture_assert_quiet (f->session);
  session_fixture_cancel (f->session);
  session_fixture_wait_part (f->session, "Request cancelled");
}

static void
test_cancel (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("A cancel ends the wait for a file");

  session_files_offer (f);
  session_fixture_cancel (f->session);
  session_fixture_wait_part (f->session, "Request cancelled");
}

static void
test_hanging (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("The end waits 50 seconds for an upload that hangs");

  http_sink_hold (f->sink, TRUE);
  session_files_offer (f);
  session_files_answer (f, "a");
  fake_clock_advance (f->session->clock, 5000);
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  session_fixture_end (f->session);
  fake_clock_advance (f->session->clock, 49999);
  session_fixture_assert_quiet (f->session);
  fake_clock_advance (f->session->clock, 1);
  session_fixture_wait_part (f->session, "\"artifact_upload_result_message\"");
  session_fixture_wait_part (f->session, "\"end_session_confirm_message\"");
}

static void
test_stop (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("A stop waits for no file");

  session_files_offer (f);
  runtime_use_session_stop_async (f->session->session, NULL, NULL, NULL);
  session_fixture_wait_part (f->session, "Request cancelled");
  session_files_wait_closed (f);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (f->session->client), ==, 1001);
}

static void
test_gone (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("What a client has answered is sent although it is gone");

  http_sink_hold (f->sink, TRUE);
  session_files_offer (f);
  session_files_answer (f, "a");
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->session->client), 1000);
  session_fixture_settle (f->session);
  g_assert_false (f->session->closed);
  http_sink_hold (f->sink, FALSE);
  session_files_wait_closed (f);
  session_files_assert_counts (f, 0, 1);
}

static void
test_deleted (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);

  g_test_summary ("A file that is deleted before its answer is told of as gone, and did not fail");

  session_files_offer (f);
  watch_fixture_remove (&f->files, "a");
  session_files_answer (f, "a");
  session_fixture_wait_part (f->session, "\"gone\":true");
  session_files_assert_counts (f, 0, 0);
  session_fixture_wait_part (f->session, "\"command_execution_result_message\"");
  g_assert_cmpuint (http_sink_get_n_requests (f->sink), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-artifacts/held", test_held);
  g_test_add_func ("/session-artifacts/nothing-changed", test_nothing_changed);
  g_test_add_func ("/session-artifacts/unanswered", test_unanswered);
  g_test_add_func ("/session-artifacts/offered-again", test_offered_again);
  g_test_add_func ("/session-artifacts/offered-between", test_offered_between);
  g_test_add_func ("/session-artifacts/delay", test_delay);
  g_test_add_func ("/session-artifacts/cancel", test_cancel);
  g_test_add_func ("/session-artifacts/hanging", test_hanging);
  g_test_add_func ("/session-artifacts/stop", test_stop);
  g_test_add_func ("/session-artifacts/gone", test_gone);
  g_test_add_func ("/session-artifacts/deleted", test_deleted);

  return g_test_run ();
}
