/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "http-sink.h"
#include "runtime-use-invocation-private.h"
#include "runtime-use-openai-turn-private.h"
#include "runtime-use-shell-tool-private.h"
#include "session-watcher.h"
#include "watch-fixture.h"

#include <string.h>

static const HttpStep always_ok[] = {
  { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT },
};

static const HttpStep never[] = {
  { NULL, 0, HTTP_THEN_STALL },
};

static void
assert_close_code (SessionFixture *f,
                   guint           code)
{
  g_assert_cmpuint (runtime_use_channel_get_close_code (RUNTIME_USE_CHANNEL (f->client), NULL), ==,
                    code);
}

#define GOING_AWAY \
  "{\"message_type\":\"error_message\",\"error\":\"The server is going away\"," \
  "\"metadata\":{\"error_name\":\"busy\"}}"

static void
test_cancelled (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A cancelled request is none that failed");

  session_fixture_send_prompt (f, "one");
  g_assert_true (runtime_use_session_cancel (f->session));
  session_fixture_answer (f, "in spite of all");
  session_watcher_assert (watcher, "busy started @agent cancelling idle cancelled @none message");
  session_fixture_assert_counts (f, 1, 0, 1);
  g_assert_null (runtime_use_session_get_last_error (f->session));
}

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
  assert_close_code (f, 1001);
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
  assert_close_code (f, 1001);
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
  assert_close_code (f, 1001);
}

static void
test_drain_ending (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A client that ends its session while it is drained has it confirmed");

  session_fixture_send_prompt (f, "one");
  runtime_use_session_drain (f->session);
  session_fixture_send (f, "{\"message_type\":\"end_session_message\"}");
  runtime_use_session_drain (f->session);
  session_fixture_answer (f, "in spite of all");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent ending cancelled @none closed ::closed "
                                   "message message");
  g_assert_nonnull (strstr (g_ptr_array_index (f->received, 1), "end_session_confirm_message"));
  assert_close_code (f, 0);
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
  assert_close_code (f, 1001);

  runtime_use_session_drain (f->session);
  session_watcher_assert (watcher, "");
}

/* Files */

typedef struct
{
  SessionFixture *session;
  WatchFixture    files;
  HttpSink       *sink;
} Files;

static void
files_init (Files          *self,
            const HttpStep *step)
{
  watch_fixture_init (&self->files);
  self->session = session_fixture_new (NULL);
  /* No file is offered before the command that writes it is seen to have ended. */
  g_object_set (self->session->session, "artifact-quiet", 300, NULL);
  self->sink = http_sink_new (step, 1);
}

static void
files_clear (Files *self)
{
  session_fixture_free (self->session);
  http_sink_free (self->sink);
  watch_fixture_clear (&self->files);
}

/* An invocation whose last command writes a file. */
static void
files_request (Files *self)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"x\",\"model\":\"\",\"secrets_to_redact\":[],"
                          "\"artifacts_dirs\":[\"%s\"],"
                          "\"pre_agent_invocation_commands\":[{\"command\":\"true\"},"
                          "{\"command\":\"true 2\"}],"
                          "\"post_agent_invocation_commands\":["
                          "{\"command\":\"echo x >a\",\"cwd\":\"%s\"}]}",
                          self->files.folder, self->files.folder);
  session_fixture_send (self->session, text);
  while (fake_agent_peek (self->session->agent) == NULL)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_answer (self->session, "done");
  g_assert_nonnull (strstr (session_fixture_wait (self->session),
                            "\"artifact_upload_request_message\""));
}

static void
files_answer (Files *self)
{
  g_autofree char *path = watch_fixture_path (&self->files, "a");
  g_autofree char *url = http_sink_dup_url (self->sink, "/a");
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"artifact_upload_response_message\","
                          "\"filename\":\"a\",\"filepath\":\"%s\","
                          "\"presigned_url\":\"%s\",\"content_type\":\"a/b\"}", path, url);
  session_fixture_send (self->session, text);
}

static void
test_phases (void)
{
  Files files;
  SessionWatcher *watcher;

  g_test_summary ("All phases and commands of an invocation are told, in their order");

  files_init (&files, always_ok);
  watcher = session_watcher_new (files.session);
  files_request (&files);
  session_watcher_assert (watcher, "busy started @download @before $true $true 2 $ @agent "
                                   "@after $echo x >a $ @upload message");
  files_answer (&files);
  session_fixture_wait_terminal (files.session);
  session_watcher_assert (watcher, "idle succeeded @none message message");
  session_watcher_free (watcher);
  files_clear (&files);
}

static void
test_cancel_held (void)
{
  Files files;
  SessionWatcher *watcher;

  g_test_summary ("A request whose answer is held back can be cancelled");

  files_init (&files, always_ok);
  watcher = session_watcher_new (files.session);
  files_request (&files);
  g_string_truncate (watcher->told, 0);
  g_assert_true (runtime_use_session_cancel (files.session->session));
  session_fixture_wait_terminal (files.session);
  session_watcher_assert (watcher, "cancelling idle cancelled @none message");
  session_watcher_free (watcher);
  files_clear (&files);
}

static void
test_drain_files (void)
{
  Files files;

  g_test_summary ("Draining waits for a held answer, and not for files that nobody asks for");

  files_init (&files, always_ok);
  files_request (&files);
  runtime_use_session_drain (files.session->session);
  g_assert_cmpint (runtime_use_session_get_phase (files.session->session), ==,
                   RUNTIME_USE_REQUEST_PHASE_UPLOAD);
  fake_clock_advance (files.session->clock, 4999);
  session_fixture_assert_quiet (files.session);
  fake_clock_advance (files.session->clock, 1);
  session_fixture_wait_terminal (files.session);
  while (!files.session->closed)
    g_main_context_iteration (NULL, TRUE);
  assert_close_code (files.session, 1001);
  g_assert_cmpuint (http_sink_get_n_requests (files.sink), ==, 0);
  files_clear (&files);
}

static void
test_drain_uploads (void)
{
  Files files;
  guint64 n_uploaded;

  g_test_summary ("What the client asked for is sent before a drained session is closed");

  files_init (&files, always_ok);
  files_request (&files);
  files_answer (&files);
  runtime_use_session_drain (files.session->session);
  while (!files.session->closed)
    g_main_context_iteration (NULL, TRUE);
  assert_close_code (files.session, 1001);
  g_object_get (files.session->session, "artifacts-uploaded", &n_uploaded, NULL);
  g_assert_cmpuint (n_uploaded, ==, 1);
  files_clear (&files);
}

static void
test_drain_hanging_upload (void)
{
  Files files;

  g_test_summary ("While an upload is finished no request is taken, and it has no more than 50 s");

  files_init (&files, never);
  files_request (&files);
  files_answer (&files);
  fake_clock_advance (files.session->clock, 5000);
  session_fixture_wait_terminal (files.session);
  runtime_use_session_drain (files.session->session);
  g_assert_cmpint (runtime_use_session_get_state (files.session->session), ==,
                   RUNTIME_USE_SESSION_STATE_ENDING);
  session_fixture_send_prompt (files.session, "two");
  g_assert_cmpstr (session_fixture_wait (files.session), ==, GOING_AWAY);
  g_assert_cmpuint (fake_agent_get_n_runs (files.session->agent), ==, 1);
  fake_clock_advance (files.session->clock, 49999);
  session_fixture_settle (files.session);
  g_assert_false (files.session->closed);
  fake_clock_advance (files.session->clock, 1);
  while (!files.session->closed)
    g_main_context_iteration (NULL, TRUE);
  assert_close_code (files.session, 1001);
  files_clear (&files);
}

/* Watchers that do something about what they are told */

static void
cancel_cb (RuntimeUseSession *session)
{
  g_assert_true (runtime_use_session_cancel (session));
}

static void
test_cancel_at_the_start (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A request that is cancelled as it is announced does nothing");

  g_signal_connect (f->session, "request-started", G_CALLBACK (cancel_cb), NULL);
  session_fixture_send_prompt (f, "one");
  session_watcher_assert (watcher, "busy started cancelling idle cancelled message");
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":["
                           "{\"command\":\"echo\"}]}");
  session_watcher_assert (watcher, "busy started cancelling idle cancelled message");
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 0);
  session_fixture_assert_counts (f, 2, 0, 2);
}

static void
cancel_running_cb (RuntimeUseSession *session)
{
  if (runtime_use_session_get_state (session) == RUNTIME_USE_SESSION_STATE_BUSY)
    runtime_use_session_cancel (session);
}

static void
test_cancel_at_a_phase (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A request that is cancelled as a phase begins does nothing in it");

  g_signal_connect (f->session, "notify::phase", G_CALLBACK (cancel_running_cb), NULL);
  session_fixture_send_prompt (f, "one");
  session_watcher_assert (watcher, "busy started @agent cancelling idle cancelled @none message");
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":["
                           "{\"command\":\"echo\"}]}");
  session_watcher_assert (watcher, "busy started @agent cancelling idle cancelled @none message");
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 0);
}

static void
test_cancel_at_a_command (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A command that is cancelled as it is told is ended");

  g_signal_connect (f->session, "notify::command", G_CALLBACK (cancel_running_cb), NULL);
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":["
                           "{\"command\":\"sleep 3600\"}]}");
  session_fixture_wait_terminal (f);
  session_watcher_assert (watcher, "busy started @agent $sleep 3600 cancelling $ idle cancelled "
                                   "@none message");
}

static void
end_cb (RuntimeUseSession *session)
{
  runtime_use_session_end (session);
}

static void
test_end_at_the_end (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A session can be ended as the end of a request is told");

  g_signal_connect (f->session, "request-finished", G_CALLBACK (end_cb), NULL);
  session_fixture_send_prompt (f, "one");
  session_fixture_answer (f, "done");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent idle succeeded @none ending closed "
                                   "::closed message message");
  assert_close_code (f, 0);
}

static void
drain_cb (RuntimeUseSession *session)
{
  runtime_use_session_drain (session);
}

static void
test_drain_at_the_end (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A session can be drained as the end of a request is told");

  g_signal_connect (f->session, "request-finished", G_CALLBACK (drain_cb), NULL);
  session_fixture_send_prompt (f, "one");
  session_fixture_answer (f, "done");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent idle succeeded @none ending closed "
                                   "::closed message");
  assert_close_code (f, 1001);
}

static void
drop_cb (RuntimeUseSession         *session,
         RuntimeUseRequestOutcome   outcome,
         RuntimeUseSession        **owned)
{
  g_clear_object (owned);
}

static void
test_dropped_at_the_end (void)
{
  g_autoptr(FakeAgent) agent = fake_agent_new ();
  g_autoptr(RuntimeUseMemoryChannel) ours = NULL;
  g_autoptr(RuntimeUseMemoryChannel) client = NULL;
  g_autoptr(GBytes) bytes = NULL;
  RuntimeUseSession *session;
  const char *text =
    "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"user_prompt\":\"\","
    "\"model\":\"\"}";

  g_test_summary ("A session can be dropped as the end of a request is told");

  fake_agent_set_answer_at_once (agent, TRUE);
  runtime_use_memory_channel_new_pair (&ours, &client);
  session = runtime_use_session_new (RUNTIME_USE_CHANNEL (ours), RUNTIME_USE_AGENT_HANDLER (agent),
                                     NULL);
  g_signal_connect (session, "request-finished", G_CALLBACK (drop_cb), &session);
  bytes = g_bytes_new_static (text, strlen (text));
  runtime_use_channel_send (RUNTIME_USE_CHANNEL (client), bytes);
  while (session != NULL)
    g_main_context_iteration (NULL, TRUE);
  if (fake_agent_peek (agent) != NULL)
    g_object_unref (fake_agent_take (agent));
}

static void
test_disconnect (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A request whose client goes away is cancelled, and told of before the end");

  session_fixture_send_prompt (f, "one");
  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->client), 1000);
  session_fixture_settle (f);
  session_fixture_answer (f, "too late");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, "busy started @agent ending cancelled @none closed ::closed");
  session_fixture_assert_counts (f, 1, 0, 1);
}

static void
test_agent_commands (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A command of the agent's is shown while it runs, and no longer than the agent");

  session_fixture_send_prompt (f, "one");
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), NULL);
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), "make");
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), NULL);
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), "make check");
  session_fixture_answer (f, "done");
  session_watcher_assert (watcher, "busy started @agent $make $ $make check $ idle succeeded "
                                   "@none message");
}

static void
tool_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  GPtrArray **outputs = user_data;
  g_autoptr(GError) error = NULL;

  *outputs = _runtime_use_shell_tool_run_finish (result, &error);
  g_assert_no_error (error);
}

static void
test_shell_tool (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);
  g_autoptr(RuntimeUseShellCall) call = _runtime_use_shell_call_new ();
  const RuntimeUseShellToolSettings settings = { 30000, 1000, NULL };
  const char *commands[] = { "true", "exit 3", NULL };
  g_autoptr(GPtrArray) outputs = NULL;

  g_test_summary ("What a model runs with its shell is shown, one command after the other");

  call->commands = g_strdupv ((char **) commands);
  session_fixture_send_prompt (f, "one");
  _runtime_use_shell_tool_run_async (fake_agent_peek (f->agent), call, &settings, NULL,
                                     tool_cb, &outputs);
  while (outputs == NULL)
    g_main_context_iteration (NULL, TRUE);
  session_watcher_assert (watcher, "busy started @agent $true $ $exit 3 $");
  session_fixture_answer (f, "done");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-signals/cancelled", test_cancelled);
  g_test_add_func ("/session-signals/drain-idle", test_drain_idle);
  g_test_add_func ("/session-signals/drain-busy", test_drain_busy);
  g_test_add_func ("/session-signals/drain-cancelling", test_drain_cancelling);
  g_test_add_func ("/session-signals/drain-ending", test_drain_ending);
  g_test_add_func ("/session-signals/drain-and-stop", test_drain_and_stop);
  g_test_add_func ("/session-signals/phases", test_phases);
  g_test_add_func ("/session-signals/cancel-held", test_cancel_held);
  g_test_add_func ("/session-signals/drain-files", test_drain_files);
  g_test_add_func ("/session-signals/drain-uploads", test_drain_uploads);
  g_test_add_func ("/session-signals/drain-hanging-upload", test_drain_hanging_upload);
  g_test_add_func ("/session-signals/cancel-at-the-start", test_cancel_at_the_start);
  g_test_add_func ("/session-signals/cancel-at-a-phase", test_cancel_at_a_phase);
  g_test_add_func ("/session-signals/cancel-at-a-command", test_cancel_at_a_command);
  g_test_add_func ("/session-signals/end-at-the-end", test_end_at_the_end);
  g_test_add_func ("/session-signals/drain-at-the-end", test_drain_at_the_end);
  g_test_add_func ("/session-signals/dropped-at-the-end", test_dropped_at_the_end);
  g_test_add_func ("/session-signals/disconnect", test_disconnect);
  g_test_add_func ("/session-signals/agent-commands", test_agent_commands);
  g_test_add_func ("/session-signals/shell-tool", test_shell_tool);

  return g_test_run ();
}
