/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "http-sink.h"
#include "session-fixture.h"
#include "watch-fixture.h"

static const HttpStep always_ok[] = {
  { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT },
};

typedef struct
{
  SessionFixture *session;
  WatchFixture    files;
  HttpSink       *sink;
} Fixture;

static void
fixture_init (Fixture *f)
{
  watch_fixture_init (&f->files);
  f->session = session_fixture_new (NULL);
  /* No file is offered before the command that writes it is seen to have ended. */
  g_object_set (f->session->session, "artifact-quiet", 300, NULL);
  f->sink = http_sink_new (always_ok, G_N_ELEMENTS (always_ok));
}

static void
fixture_clear (Fixture *f)
{
  session_fixture_free (f->session);
  http_sink_free (f->sink);
  watch_fixture_clear (&f->files);
}

static void
request (Fixture    *f,
         const char *command)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"command_execution_message\","
                          "\"artifacts_dirs\":[\"%s\"],"
                          "\"commands\":[{\"command\":\"cd %s; %s\"}]}",
                          f->files.folder, f->files.folder, command);
  session_fixture_send (f->session, text);
}

static void
wait_part (Fixture    *f,
           const char *part)
{
  const char *message = session_fixture_wait (f->session);

  if (strstr (message, part) == NULL)
    g_error ("no “%s” in “%.400s”", part, message);
}

static void
wait_offer (Fixture *f)
{
  g_autofree char *path = g_strdup_printf ("\"filepath\":\"%s/a\"", f->files.folder);
  const char *message = session_fixture_wait (f->session);

  g_assert_nonnull (strstr (message, "\"artifact_upload_request_message\""));
  g_assert_nonnull (strstr (message, path));
}

static void
answer (Fixture    *f,
        const char *path)
{
  g_autofree char *url = http_sink_dup_url (f->sink, "/a");
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"artifact_upload_response_message\","
                          "\"filename\":\"a\",\"filepath\":\"%s\","
                          "\"presigned_url\":\"%s\",\"content_type\":\"a/b\"}", path, url);
  session_fixture_send (f->session, text);
}

static void
assert_counts (Fixture *f,
               guint64  pending,
               guint64  uploaded)
{
  guint64 n_pending, n_uploaded, n_failed;

  g_object_get (f->session->session, "artifacts-pending", &n_pending,
                "artifacts-uploaded", &n_uploaded, "artifacts-failed", &n_failed, NULL);
  g_assert_cmpuint (n_pending, ==, pending);
  g_assert_cmpuint (n_uploaded, ==, uploaded);
  g_assert_cmpuint (n_failed, ==, 0);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("the session was not closed");

  return G_SOURCE_REMOVE;
}

/* While the session's own time stands still. */
static void
wait_closed (Fixture *f)
{
  guint deadline = g_timeout_add_seconds (20, deadline_cb, NULL);

  while (!f->session->closed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
test_held (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("The result comes after the upload, and an unknown path is not sent");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  request (&f, "echo x >a");
  wait_offer (&f);
  assert_counts (&f, 1, 0);
  answer (&f, "/etc/hostname");
  session_fixture_assert_quiet (f.session);
  answer (&f, path);
  wait_part (&f, "\"artifact_upload_result_message\"");
  assert_counts (&f, 0, 1);
  wait_part (&f, "\"command_execution_result_message\"");
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 1);
  fixture_clear (&f);
}

static void
test_nothing_changed (void)
{
  Fixture f;

  g_test_summary ("Without a file neither the result nor the end waits");

  fixture_init (&f);
  request (&f, "true");
  wait_part (&f, "\"command_execution_result_message\"");
  session_fixture_send (f.session, "{\"message_type\":\"end_session_message\"}");
  wait_part (&f, "\"end_session_confirm_message\"");
  fixture_clear (&f);
}

static void
test_unanswered (void)
{
  Fixture f;

  g_test_summary ("Without an answer the result waits for artifact-hold, the end for "
                  "artifact-wait");

  fixture_init (&f);
  request (&f, "echo x >a");
  wait_offer (&f);
  fake_clock_advance (f.session->clock, 4999);
  session_fixture_assert_quiet (f.session);
  fake_clock_advance (f.session->clock, 1);
  wait_part (&f, "\"command_execution_result_message\"");

  request (&f, "true");
  wait_part (&f, "\"command_execution_result_message\"");
  session_fixture_send (f.session, "{\"message_type\":\"end_session_message\"}");
  wait_offer (&f);
  fake_clock_advance (f.session->clock, 44999);
  session_fixture_assert_quiet (f.session);
  fake_clock_advance (f.session->clock, 1);
  wait_part (&f, "\"end_session_confirm_message\"");
  assert_counts (&f, 0, 0);
  fixture_clear (&f);
}

static void
test_offered_again (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("An offer that the last request had no answer to is repeated at the end");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  request (&f, "echo x >a");
  wait_offer (&f);
  fake_clock_advance (f.session->clock, 5000);
  wait_part (&f, "\"command_execution_result_message\"");
  session_fixture_send (f.session, "{\"message_type\":\"end_session_message\"}");
  wait_offer (&f);
  answer (&f, path);
  wait_part (&f, "\"ok\":true");
  wait_part (&f, "\"end_session_confirm_message\"");
  assert_counts (&f, 0, 1);
  fixture_clear (&f);
}

/* What comes between two requests lies there for the client to read. */
static void
test_offered_between (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("An offer that was made after the last request is not repeated");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  request (&f, "true");
  wait_part (&f, "\"command_execution_result_message\"");
  watch_fixture_write (&f.files, "a", "x");
  wait_offer (&f);
  session_fixture_send (f.session, "{\"message_type\":\"end_session_message\"}");
  session_fixture_assert_quiet (f.session);
  answer (&f, path);
  wait_part (&f, "\"ok\":true");
  wait_part (&f, "\"end_session_confirm_message\"");
  fixture_clear (&f);
}

static void
invoke (Fixture *f)
{
  g_autofree char *text = NULL;
  g_autoptr(RuntimeUseInvocation) invocation = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"\",\"model\":\"\",\"artifacts_dirs\":[\"%s\"]}",
                          f->files.folder);
  session_fixture_send (f->session, text);
  while (fake_agent_peek (f->session->agent) == NULL)
    g_main_context_iteration (NULL, TRUE);
  invocation = fake_agent_take (f->session->agent);
  runtime_use_invocation_return_text (invocation, "done", NULL);
  session_fixture_settle (f->session);
}

static void
test_delay (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("For post-invocation-delay what appears is part of the invocation");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  g_object_set (f.session->session, "post-invocation-delay", 3000, NULL);
  invoke (&f);
  fake_clock_advance (f.session->clock, 2999);
  session_fixture_assert_quiet (f.session);
  watch_fixture_write (&f.files, "a", "x");
  wait_offer (&f);
  answer (&f, path);
  wait_part (&f, "\"ok\":true");
  session_fixture_assert_quiet (f.session);
  fake_clock_advance (f.session->clock, 1);
  wait_part (&f, "\"result_message\"");

  invoke (&f);
  session_fixture_assert_quiet (f.session);
  session_fixture_send (f.session, "{\"message_type\":\"cancel_message\"}");
  wait_part (&f, "Request cancelled");
  fixture_clear (&f);
}

static void
test_cancel (void)
{
  Fixture f;

  g_test_summary ("A cancel ends the wait for a file");

  fixture_init (&f);
  request (&f, "echo x >a");
  wait_offer (&f);
  session_fixture_send (f.session, "{\"message_type\":\"cancel_message\"}");
  wait_part (&f, "Request cancelled");
  fixture_clear (&f);
}

static void
test_hanging (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("The end waits 50 seconds for an upload that hangs");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  http_sink_hold (f.sink, TRUE);
  request (&f, "echo x >a");
  wait_offer (&f);
  answer (&f, path);
  fake_clock_advance (f.session->clock, 5000);
  wait_part (&f, "\"command_execution_result_message\"");
  session_fixture_send (f.session, "{\"message_type\":\"end_session_message\"}");
  fake_clock_advance (f.session->clock, 49999);
  session_fixture_assert_quiet (f.session);
  fake_clock_advance (f.session->clock, 1);
  wait_part (&f, "\"artifact_upload_result_message\"");
  wait_part (&f, "\"end_session_confirm_message\"");
  fixture_clear (&f);
}

static void
test_stop (void)
{
  Fixture f;

  g_test_summary ("A stop waits for no file");

  fixture_init (&f);
  request (&f, "echo x >a");
  wait_offer (&f);
  runtime_use_session_stop_async (f.session->session, NULL, NULL, NULL);
  wait_part (&f, "Request cancelled");
  wait_closed (&f);
  g_assert_cmpint (_runtime_use_memory_channel_get_close_code (f.session->client), ==, 1001);
  fixture_clear (&f);
}

static void
test_gone (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("What a client has answered is sent although it is gone");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  http_sink_hold (f.sink, TRUE);
  request (&f, "echo x >a");
  wait_offer (&f);
  answer (&f, path);
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f.session->client), 1000);
  session_fixture_settle (f.session);
  g_assert_false (f.session->closed);
  http_sink_hold (f.sink, FALSE);
  wait_closed (&f);
  assert_counts (&f, 0, 1);
  fixture_clear (&f);
}

static void
test_deleted (void)
{
  Fixture f;
  g_autofree char *path = NULL;

  g_test_summary ("A file that is deleted before its answer is told of as gone, and did not fail");

  fixture_init (&f);
  path = g_build_filename (f.files.folder, "a", NULL);
  request (&f, "echo x >a");
  wait_offer (&f);
  watch_fixture_remove (&f.files, "a");
  answer (&f, path);
  wait_part (&f, "\"gone\":true");
  assert_counts (&f, 0, 0);
  wait_part (&f, "\"command_execution_result_message\"");
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 0);
  fixture_clear (&f);
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
