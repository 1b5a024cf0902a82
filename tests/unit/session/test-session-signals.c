/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-invocation-private.h"
#include "runtime-use-openai-turn-private.h"
#include "runtime-use-shell-tool-private.h"
#include "session-files.h"
#include "session-watcher.h"

#include <string.h>

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
test_phases (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f->session);

  g_test_summary ("All phases and commands of an invocation are told, in their order");

  session_files_invoke (f);
  session_watcher_assert (watcher, "busy started @download @before $true $true 2 $ @agent "
                                   "@after $echo x >a $ @upload message");
  session_files_answer (f, "a");
  session_fixture_wait_terminal (f->session);
  session_watcher_assert (watcher, "idle succeeded @none message message");
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

static void
test_cancel_held (void)
{
  g_autoptr(SessionFiles) f = session_files_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f->session);

  g_test_summary ("A request whose answer is held back can be cancelled");

  session_files_invoke (f);
  g_string_truncate (watcher->told, 0);
  g_assert_true (runtime_use_session_cancel (f->session->session));
  session_fixture_wait_terminal (f->session);
  session_watcher_assert (watcher, "cancelling idle cancelled @none message");
}

/* --- Watchers that do something about what they are told --- */

/* Both kinds of request are cancelled at the signal, which @func does. */
static void
assert_cancelled_at (const char *signal,
                     GCallback   func,
                     const char *told)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_signal_connect (f->session, signal, func, NULL);
  session_fixture_send_prompt (f, "one");
  session_watcher_assert (watcher, told);
  session_fixture_send_commands (f, "{\"command\":\"echo\"}");
  session_watcher_assert (watcher, told);
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 0);
  session_fixture_assert_counts (f, 2, 0, 2);
}

static void
cancel_cb (RuntimeUseSession *session)
{
  g_assert_true (runtime_use_session_cancel (session));
}

static void
test_cancel_at_the_start (void)
{
  g_test_summary ("A request that is cancelled as it is announced does nothing");

  assert_cancelled_at ("request-started", G_CALLBACK (cancel_cb),
                       "busy started cancelling idle cancelled message");
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
  g_test_summary ("A request that is cancelled as a phase begins does nothing in it");

  assert_cancelled_at ("notify::phase", G_CALLBACK (cancel_running_cb),
                       "busy started @agent cancelling idle cancelled @none message");
}

static void
test_cancel_at_a_command (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A command that is cancelled as it is told is ended");

  g_signal_connect (f->session, "notify::command", G_CALLBACK (cancel_running_cb), NULL);
  session_fixture_send_commands (f, "{\"command\":\"sleep 3600\"}");
  session_fixture_wait_terminal (f);
  session_watcher_assert (watcher, "busy started @agent $sleep 3600 cancelling $ idle cancelled "
                                   "@none message");
}

static void
end_cb (RuntimeUseSession *session)
{
  runtime_use_session_end (session);
}

/* The session is over after its request, at the end of which @func is called. */
static void
assert_over_at_the_end (GCallback   func,
                        const char *told,
                        guint       code)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_signal_connect (f->session, "request-finished", func, NULL);
  session_fixture_send_prompt (f, "one");
  session_fixture_answer (f, "done");
  session_fixture_wait_closed (f);
  session_watcher_assert (watcher, told);
  session_fixture_assert_closed (f, code);
}

static void
test_end_at_the_end (void)
{
  g_test_summary ("A session can be ended as the end of a request is told");

  assert_over_at_the_end (G_CALLBACK (end_cb), "busy started @agent idle succeeded @none ending "
                                               "closed ::closed message message", 0);
}

static void
drain_cb (RuntimeUseSession *session)
{
  runtime_use_session_drain (session);
}

static void
test_drain_at_the_end (void)
{
  g_test_summary ("A session can be drained as the end of a request is told");

  assert_over_at_the_end (G_CALLBACK (drain_cb), "busy started @agent idle succeeded @none ending "
                                                 "closed ::closed message", 1001);
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

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-signals/cancelled", test_cancelled);
  g_test_add_func ("/session-signals/disconnect", test_disconnect);
  g_test_add_func ("/session-signals/phases", test_phases);
  g_test_add_func ("/session-signals/agent-commands", test_agent_commands);
  g_test_add_func ("/session-signals/shell-tool", test_shell_tool);
  g_test_add_func ("/session-signals/cancel-held", test_cancel_held);
  g_test_add_func ("/session-signals/cancel-at-the-start", test_cancel_at_the_start);
  g_test_add_func ("/session-signals/cancel-at-a-phase", test_cancel_at_a_phase);
  g_test_add_func ("/session-signals/cancel-at-a-command", test_cancel_at_a_command);
  g_test_add_func ("/session-signals/end-at-the-end", test_end_at_the_end);
  g_test_add_func ("/session-signals/drain-at-the-end", test_drain_at_the_end);
  g_test_add_func ("/session-signals/dropped-at-the-end", test_dropped_at_the_end);

  return g_test_run ();
}
