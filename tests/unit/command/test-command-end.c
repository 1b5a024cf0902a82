/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command-fixture.h"
#include "runtime-use-command-handler-private.h"

/* A process that hangs on to the fifo, and says so. */
#define HOLD "exec 5>$FIFO; echo >&5;"

static void
assert_cancelled (CommandFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (runtime_use_command_handler_has_leftovers (fixture->handler));
}

static void
test_command_end_before_start (CommandFixture *fixture,
                               gconstpointer   test_data)
{
  g_test_summary ("A command that is cancelled before it starts does not start");

  g_cancellable_cancel (fixture->cancellable);
  command_fixture_prepare (fixture, HOLD, NULL, NULL);
  command_fixture_start (fixture);
  g_assert_cmpuint (command_fixture_count_children (), ==, 0);
  assert_cancelled (fixture);
}

static void
test_command_end_while_starting (CommandFixture *fixture,
                                 gconstpointer   test_data)
{
  g_test_summary ("A command can be cancelled while it is being started");

  command_fixture_prepare (fixture, HOLD "sleep 1000", NULL, NULL);
  command_fixture_start (fixture);
  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return NULL;
}

static void
test_command_end_running (CommandFixture *fixture,
                          gconstpointer   test_data)
{
  GThread *thread;

  g_test_summary ("A running command is cancelled with all its children, from any thread");

  command_fixture_prepare (fixture, HOLD "sleep 1000 & sleep 1000 & echo ready; sleep 1000",
                           NULL, NULL);
  runtime_use_command_handler_set_grace (fixture->handler, COMMAND_DEADLINE * 1000);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "ready");
  g_assert_false (command_fixture_is_fifo_closed (fixture));
  g_assert_cmpuint (runtime_use_command_handler_count_running (), ==, 1);

  thread = g_thread_new ("cancel", cancel_in_thread, fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_cmpuint (runtime_use_command_handler_count_running (), ==, 0);
  g_thread_join (thread);
}

static void
test_command_end_held_open (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  g_test_summary ("A command whose shell has ended, but not its output, can be cancelled");

  /* The child speaks once its parent was reaped. */
  command_fixture_prepare (fixture, HOLD "(while kill -0 $$ 2>/dev/null; do :; done;"
                                    " echo orphan; sleep 1000) &", NULL, NULL);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "orphan");
  g_assert_null (fixture->result);
  g_assert_false (command_fixture_is_fifo_closed (fixture));

  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_polite (CommandFixture *fixture,
                         gconstpointer   test_data)
{
  g_test_summary ("A cancelled command may clean up, and what it says then is heard");

  command_fixture_prepare (fixture, HOLD "trap 'echo bye; echo bye >&2; exit 0' TERM; echo ready;"
                                    "while :; do sleep 1000 & wait; done", NULL, NULL);
  runtime_use_command_handler_set_grace (fixture->handler, COMMAND_DEADLINE * 1000);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "ready");
  g_cancellable_cancel (fixture->cancellable);

  /* All that there is to know arrives at once. */
  g_main_context_iteration (NULL, FALSE);
  command_fixture_sleep_until_close (fixture);
  assert_cancelled (fixture);
  g_assert_cmpstr (fixture->output[0]->str, ==, "ready\nbye\n");
  g_assert_cmpstr (fixture->output[1]->str, ==, "bye\n");
}

static void
test_command_end_stubborn (CommandFixture *fixture,
                           gconstpointer   test_data)
{
  gint64 start;

  g_test_summary ("A command that ignores the request to end is killed after the grace period");

  command_fixture_prepare (fixture, HOLD "trap '' TERM HUP INT; echo ready;"
                                    "while :; do sleep 1000; done", NULL, NULL);
  runtime_use_command_handler_set_grace (fixture->handler, 100);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "ready");
  start = g_get_monotonic_time ();
  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 100 * 1000);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_stopped (CommandFixture *fixture,
                          gconstpointer   test_data)
{
  g_test_summary ("A command that has stopped itself is asked to end like any other");

  command_fixture_prepare (fixture, HOLD "trap 'exit 0' TERM;"
                                    "export LEADER=$$; setsid sh -c '"
                                    "until grep -q \"T (stopped)\" /proc/$LEADER/status;"
                                    " do :; done; echo ready; exec sleep 1000' & kill -STOP $$",
                           NULL, NULL);
  runtime_use_command_handler_set_grace (fixture->handler, COMMAND_DEADLINE * 1000);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "ready");
  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_paused (CommandFixture *fixture,
                         gconstpointer   test_data)
{
  g_test_summary ("A command that waits for its output to be read can be cancelled");

  command_fixture_prepare (fixture, HOLD "exec yes", NULL, NULL);
  runtime_use_command_handler_set_paused (fixture->handler, TRUE);
  command_fixture_start (fixture);
  command_fixture_wait_for_fifo (fixture);
  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_cmpuint (fixture->output[0]->len, ==, 0);
}

static void
test_command_end_timeout (CommandFixture *fixture,
                          gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command that takes too long is ended");

  command_fixture_prepare (fixture, HOLD "echo ready; sleep 1000", NULL, NULL);
  runtime_use_command_handler_set_timeout (fixture->handler, 1);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, -1);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_cmpstr (fixture->output[0]->str, ==, "ready\n");
}

static void
test_command_end_long_timeout (CommandFixture *fixture,
                               gconstpointer   test_data)
{
  const guint times[] = { 4295, 86400, G_MAXUINT };
  g_autoptr(GError) error = NULL;

  g_test_summary ("However much time a command has, it is not taken for little");

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_clear_object (&fixture->handler);
      command_fixture_prepare (fixture, "sleep 0.2; echo done", NULL, NULL);
      runtime_use_command_handler_set_timeout (fixture->handler, times[i]);
      command_fixture_start (fixture);
      g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
      g_assert_no_error (error);
    }
}

static void
test_command_end_failed (CommandFixture *fixture,
                         gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("What a failing command leaves behind is ended before its status is told");

  g_assert_cmpint (command_fixture_run (fixture, HOLD "sleep 1000 >/dev/null 2>&1 & exit 3",
                                        &error), ==, 3);
  g_assert_no_error (error);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_false (runtime_use_command_handler_has_leftovers (fixture->handler));
}

/* The number comes as a program prints it. */
static pid_t
kill_process (const char *text)
{
  g_autofree char *number = g_strstrip (g_strdup (text));
  g_autoptr(GError) error = NULL;
  gint64 pid = 0;

  g_ascii_string_to_signed (number, 10, 2, G_MAXINT, &pid, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);

  return (pid_t) pid;
}

static void
leave_something (CommandFixture *fixture,
                 const char     *command)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (command_fixture_run (fixture, command, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (runtime_use_command_handler_has_leftovers (fixture->handler));
  g_assert_cmpuint (runtime_use_command_handler_count_running (), ==, 1);
  g_assert_false (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_leftovers (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  g_test_summary ("What a successful command leaves behind lives until it is ended");

  leave_something (fixture, HOLD "setsid sleep 1000 >/dev/null 2>&1 &");
  command_fixture_end (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_false (runtime_use_command_handler_has_leftovers (fixture->handler));
  g_assert_cmpuint (runtime_use_command_handler_count_running (), ==, 0);

  /* There is no harm in asking twice. */
  command_fixture_end (fixture);
}

static void
test_command_end_stubborn_leftovers (CommandFixture *fixture,
                                     gconstpointer   test_data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Cancelling the end of what was left behind cuts the grace period short");

  leave_something (fixture, HOLD "trap '' TERM; sleep 1000 >/dev/null 2>&1 &");
  g_assert_cmpuint (runtime_use_command_handler_get_grace (fixture->handler), ==, 2000);
  g_cancellable_cancel (fixture->cancellable);
  runtime_use_command_handler_end_async (fixture->handler, fixture->cancellable,
                                         command_fixture_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (runtime_use_command_handler_end_finish (fixture->handler, result, NULL));
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_disposed_leftovers (CommandFixture *fixture,
                                     gconstpointer   test_data)
{
  g_test_summary ("Disposing the handler kills what the command left behind");

  leave_something (fixture, HOLD "trap '' TERM; setsid sleep 1000 >/dev/null 2>&1 &");
  command_fixture_drop (fixture);
  command_fixture_wait_for_close (fixture);
}

static void
test_command_end_leftovers_by_themselves (CommandFixture *fixture,
                                          gconstpointer   test_data)
{
  g_test_summary ("What was left behind may end by itself, which is noticed");

  leave_something (fixture, HOLD "sleep 1000 >/dev/null 2>&1 & echo $!");
  kill_process (fixture->output[0]->str);
  while (runtime_use_command_handler_has_leftovers (fixture->handler))
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_busy (CommandFixture *fixture,
                       gconstpointer   test_data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is left behind cannot be ended while the command itself is running");

  command_fixture_prepare (fixture, "sleep 1000", NULL, NULL);
  command_fixture_start (fixture);
  runtime_use_command_handler_end_async (fixture->handler, NULL,
                                         command_fixture_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (runtime_use_command_handler_end_finish (fixture->handler, result, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);

  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
}

static char *
escape_command (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "unit", "escape-artist", NULL);
  g_autofree char *quoted = g_shell_quote (path);

  return g_strdup_printf ("exec 5>$FIFO; %s; echo started; sleep 1000", quoted);
}

static void
test_command_end_escape (CommandFixture *fixture,
                         gconstpointer   test_data)
{
  g_autofree char *command = escape_command ();
  CommandFixture other = { 0 };

  g_test_summary ("Nobody escapes, and an identical tree of another handler is not touched");

  command_fixture_set_up (&other, NULL);
  command_fixture_prepare (fixture, command, NULL, NULL);
  command_fixture_prepare (&other, command, NULL, NULL);
  runtime_use_command_handler_set_grace (fixture->handler, 50);
  runtime_use_command_handler_set_grace (other.handler, 50);
  command_fixture_start (fixture);
  command_fixture_start (&other);
  command_fixture_wait_for_fifo (fixture);
  command_fixture_wait_for_fifo (&other);
  g_assert_false (command_fixture_is_fifo_closed (fixture));

  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  g_assert_false (command_fixture_is_fifo_closed (&other));
  g_assert_null (other.result);

  g_cancellable_cancel (other.cancellable);
  assert_cancelled (&other);
  g_assert_true (command_fixture_is_fifo_closed (&other));
  command_fixture_drop (fixture);
  command_fixture_tear_down (&other, NULL);
}

static void
test_command_end_supervisor_killed (CommandFixture *fixture,
                                    gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command that kills its supervisor ends with it, and with a clear error");

  g_assert_cmpint (command_fixture_run (fixture, HOLD "sleep 1000 & kill -KILL $PPID; sleep 1000",
                                        &error), ==, -1);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "supervises"));
  command_fixture_wait_for_close (fixture);
}

/* The only child of this process. */
static pid_t
find_supervisor (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int) getpid ());
  g_autofree char *children = NULL;

  g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
  return (pid_t) g_ascii_strtoll (children, NULL, 10);
}

static void
wait_for_state (pid_t pid,
                char  state)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  char found = '\0';

  do
    {
      g_autofree char *stat = NULL;

      g_assert_true (g_file_get_contents (path, &stat, NULL, NULL));
      found = strrchr (stat, ')')[2];
    }
  while (found != state);
}

/* Whoever sleeps and has no children has reported their end. */
static void
wait_until_idle (pid_t supervisor)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children",
                                           (int) supervisor, (int) supervisor);
  gboolean busy = TRUE;

  while (busy)
    {
      g_autofree char *children = NULL;

      g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
      busy = children[0] != '\0';
    }
  wait_for_state (supervisor, 'S');
}

static void
test_command_end_supervisor_killed_late (CommandFixture *fixture,
                                         gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;
  pid_t supervisor;

  g_test_summary ("Of a command that has ended nothing is lost with its supervisor");

  command_fixture_prepare (fixture, HOLD "echo rest; exit 3", NULL, NULL);
  runtime_use_command_handler_set_paused (fixture->handler, TRUE);
  command_fixture_start (fixture);
  supervisor = find_supervisor ();
  command_fixture_wait_for_fifo (fixture);
  command_fixture_wait_for_close (fixture);
  wait_until_idle (supervisor);

  g_assert_cmpint (kill (supervisor, SIGKILL), ==, 0);
  wait_for_state (supervisor, 'Z');
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  runtime_use_command_handler_set_paused (fixture->handler, FALSE);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "rest\n");
}

static void
test_command_end_supervisor_stopped (CommandFixture *fixture,
                                     gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command that stops its supervisor changes nothing");

  g_assert_cmpint (command_fixture_run (fixture, "kill -STOP $PPID; exit 4", &error), ==, 4);
  g_assert_no_error (error);
  command_fixture_drop (fixture);

  command_fixture_prepare (fixture, HOLD "kill -STOP $PPID; echo ready; sleep 1000", NULL, NULL);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "ready");
  g_cancellable_cancel (fixture->cancellable);
  assert_cancelled (fixture);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_command_end_supervisor_signalled (CommandFixture *fixture,
                                       gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command cannot end its supervisor by a milder signal");

  g_assert_cmpint (command_fixture_run (fixture, "for s in HUP INT TERM PIPE USR1 CHLD ALRM; do"
                                        " kill -$s $PPID || exit 1; done; exit 5", &error), ==, 5);
  g_assert_no_error (error);
}

static void
test_command_end_spare_killed (CommandFixture *fixture,
                               gconstpointer   test_data)
{
  g_autoptr(RuntimeUseCommand) command = runtime_use_command_new ("true", NULL, NULL);
  G_GNUC_UNUSED g_autoptr(RuntimeUseCommandHandler) holder =
    runtime_use_command_handler_new (command);
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *children = NULL;
  g_autoptr(GError) error = NULL;
  siginfo_t info;

  g_test_summary ("A waiting supervisor that was killed is replaced");

  g_assert_cmpint (command_fixture_run (fixture, "true", &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
  g_assert_cmpint (waitid (P_PID, kill_process (children), &info, WEXITED | WNOWAIT), ==, 0);
  command_fixture_drop (fixture);

  g_assert_cmpint (command_fixture_run (fixture, "exit 6", &error), ==, 6);
  g_assert_no_error (error);
  g_assert_cmpuint (command_fixture_count_children (), ==, 1);
}

#define ADD(path, func) \
  g_test_add ("/command-end/" path, CommandFixture, NULL, \
              command_fixture_set_up, func, command_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  ADD ("before-start", test_command_end_before_start);
  ADD ("while-starting", test_command_end_while_starting);
  ADD ("running", test_command_end_running);
  ADD ("held-open", test_command_end_held_open);
  ADD ("polite", test_command_end_polite);
  ADD ("stubborn", test_command_end_stubborn);
  ADD ("stopped", test_command_end_stopped);
  ADD ("paused", test_command_end_paused);
  ADD ("timeout", test_command_end_timeout);
  ADD ("long-timeout", test_command_end_long_timeout);
  ADD ("failed", test_command_end_failed);
  ADD ("leftovers", test_command_end_leftovers);
  ADD ("stubborn-leftovers", test_command_end_stubborn_leftovers);
  ADD ("disposed-leftovers", test_command_end_disposed_leftovers);
  ADD ("leftovers-by-themselves", test_command_end_leftovers_by_themselves);
  ADD ("busy", test_command_end_busy);
  ADD ("escape", test_command_end_escape);
  ADD ("supervisor-killed", test_command_end_supervisor_killed);
  ADD ("supervisor-killed-late", test_command_end_supervisor_killed_late);
  ADD ("supervisor-stopped", test_command_end_supervisor_stopped);
  ADD ("supervisor-signalled", test_command_end_supervisor_signalled);
  ADD ("spare-killed", test_command_end_spare_killed);

  return g_test_run ();
}
