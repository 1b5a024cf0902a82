/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command-fixture.h"
#include "runtime-use-error.h"
#include "runtime-use-job-pool-private.h"
#include "runtime-use-job-request-private.h"
#include "wait-for.h"

/* As the pool has it. */
#define N_KEPT 4
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

#define HOLD "exec 5>$FIFO; echo >&5;"

static const char *program;

static RuntimeUseJob *
new_job (void)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseJob *job = _runtime_use_job_new (&error);

  g_assert_no_error (error);
  return job;
}

/* Runs a command whose output goes where that of this program goes. */
static void
run (CommandFixture *fixture,
     RuntimeUseJob  *job,
     const char     *text)
{
  const int descriptors[] = { STDERR_FILENO, STDERR_FILENO, fixture->directory };
  g_autofree char *variable = g_strconcat ("FIFO=", fixture->fifo_path, NULL);
  const char *env[] = { variable, NULL };
  g_autoptr(RuntimeUseCommand) command = runtime_use_command_new (text, NULL, env);
  g_autoptr(GByteArray) request = NULL;
  g_autoptr(GError) error = NULL;

  request = _runtime_use_job_request_new (command, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (_runtime_use_job_run (job, request, descriptors,
                                          RUNTIME_USE_JOB_N_DESCRIPTORS), ==, 0);
}

static RuntimeUseJobReport
receive (RuntimeUseJob *job)
{
  RuntimeUseJobReport report = { 0 };
  GPollFD fd = { .fd = _runtime_use_job_get_socket (job), .events = G_IO_IN };

  g_assert_cmpint (g_poll (&fd, 1, COMMAND_DEADLINE * 1000), ==, 1);
  g_assert_cmpint (_runtime_use_job_receive (job, &report), ==, RUNTIME_USE_JOB_RECEIVED_REPORT);

  return report;
}

static void
assert_ended (RuntimeUseJob *job,
              int            status)
{
  RuntimeUseJobReport report = receive (job);

  g_assert_cmpuint (report.flags, ==,
                    RUNTIME_USE_JOB_REPORT_LEADER | RUNTIME_USE_JOB_REPORT_EMPTY);
  g_assert_true (WIFEXITED (report.status));
  g_assert_cmpint (WEXITSTATUS (report.status), ==, status);
}

static void
leave (RuntimeUseJob *job)
{
  _runtime_use_job_hang_up (job);
  g_assert_true (_runtime_use_job_reap (job, COMMAND_DEADLINE * 1000));
  _runtime_use_job_free (job);
}

static void
test_job_reuse (CommandFixture *fixture,
                gconstpointer   test_data)
{
  RuntimeUseJob *job = new_job ();

  g_test_summary ("A supervisor runs one job after the other, and a late order ends none of them");

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *command = g_strdup_printf ("exit %d", i);

      run (fixture, job, command);
      assert_ended (job, i);
      _runtime_use_job_end (job, i % 2 == 0 ? 0 : 1000);
    }

  leave (job);
}

static void
test_job_empty_later (CommandFixture *fixture,
                      gconstpointer   test_data)
{
  RuntimeUseJob *job = new_job ();
  RuntimeUseJobReport report;

  g_test_summary ("The end of the shell and the end of the tree are told apart");

  run (fixture, job, HOLD "sleep 1000 & exit 5");
  report = receive (job);
  g_assert_cmpuint (report.flags, ==, RUNTIME_USE_JOB_REPORT_LEADER);
  g_assert_cmpint (WEXITSTATUS (report.status), ==, 5);
  g_assert_false (command_fixture_is_fifo_closed (fixture));

  _runtime_use_job_end (job, COMMAND_DEADLINE * 1000);
  report = receive (job);
  g_assert_cmpuint (report.flags, ==, RUNTIME_USE_JOB_REPORT_EMPTY);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  leave (job);
}

static void
test_job_shorter_grace (CommandFixture *fixture,
                        gconstpointer   test_data)
{
  RuntimeUseJob *job = new_job ();

  g_test_summary ("A second order can shorten the grace period");

  run (fixture, job, "trap '' TERM;" HOLD "while :; do sleep 1000; done");
  command_fixture_wait_for_fifo (fixture);
  _runtime_use_job_end (job, 1000 * 1000);
  _runtime_use_job_end (job, 0);
  while ((receive (job).flags & RUNTIME_USE_JOB_REPORT_EMPTY) == 0)
    continue;
  g_assert_true (command_fixture_is_fifo_closed (fixture));
  leave (job);
}

static void
test_job_hang_up (CommandFixture *fixture,
                  gconstpointer   test_data)
{
  RuntimeUseJob *job = new_job ();

  g_test_summary ("A supervisor that nobody listens to ends its tree, then itself");

  run (fixture, job, HOLD "setsid sleep 1000 & sleep 1000");
  command_fixture_wait_for_fifo (fixture);
  g_assert_false (command_fixture_is_fifo_closed (fixture));
  leave (job);
  g_assert_true (command_fixture_is_fifo_closed (fixture));
}

static void
test_job_owner_killed (CommandFixture *fixture,
                       gconstpointer   test_data)
{
  char *argv[] = { (char *) program, (char *) "--owner", fixture->fifo_path, NULL };
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_test_summary ("When a process that runs commands is killed, the commands end with it");

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  command_fixture_wait_for_fifo (fixture);
  g_assert_false (command_fixture_is_fifo_closed (fixture));

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  command_fixture_wait_for_close (fixture);
}

/* The process group that would be killed in place of a supervisor. */
static int
read_group (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);
      g_autofree char *contents = NULL;
      RuntimeUseJobHeader header;

      if (target == NULL || !g_str_has_prefix (target, "/memfd:runtimeuse-job"))
        continue;
      g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
      memcpy (&header, contents, sizeof header);
      return header.leader;
    }

  g_assert_not_reached ();
}

static void
test_job_group (CommandFixture *fixture,
                gconstpointer   test_data)
{
  RuntimeUseJob *job = new_job ();
  RuntimeUseJobReport report;

  g_test_summary ("A process group is forgotten as soon as its number may belong to others");

  run (fixture, job, HOLD "sleep 1000 & exit 0");
  report = receive (job);
  g_assert_cmpuint (report.flags, ==, RUNTIME_USE_JOB_REPORT_LEADER);
  g_assert_cmpint (read_group (), >, 1);
  _runtime_use_job_end (job, 0);
  report = receive (job);
  g_assert_cmpuint (report.flags, ==, RUNTIME_USE_JOB_REPORT_EMPTY);
  g_assert_cmpint (read_group (), ==, 0);

  run (fixture, job,
       HOLD "mkfifo own && { setsid sh -c ': >own; exec sleep 1000' & : <own; rm own; }");
  report = receive (job);
  g_assert_cmpuint (report.flags, ==, RUNTIME_USE_JOB_REPORT_LEADER);
  g_assert_cmpint (WEXITSTATUS (report.status), ==, 0);
  g_assert_cmpint (read_group (), ==, 0);
  _runtime_use_job_kill_group (job);
  g_assert_false (command_fixture_is_fifo_closed (fixture));
  leave (job);
}

static void
test_job_bad_order (CommandFixture *fixture,
                    gconstpointer   test_data)
{
  RuntimeUseJobOrder order = { .kind = RUNTIME_USE_JOB_ORDER_RUN };
  RuntimeUseJob *job = new_job ();
  RuntimeUseJobReport report;

  g_test_summary ("An order that cannot be followed is answered, and the next one is followed");

  g_assert_cmpint (send (_runtime_use_job_get_socket (job), &order, sizeof order, 0), ==,
                   sizeof order);
  report = receive (job);
  g_assert_cmpuint (report.flags, ==,
                    RUNTIME_USE_JOB_REPORT_FAILED | RUNTIME_USE_JOB_REPORT_EMPTY);
  g_assert_cmpuint (report.stage, ==, RUNTIME_USE_JOB_STAGE_SETUP);
  g_assert_cmpint (report.error, ==, EBADMSG);

  run (fixture, job, "exit 7");
  assert_ended (job, 7);
  leave (job);
}

/* Lets a system call fail, here and in all programs started from now on. */
static void
forbid (guint32 number,
        guint32 error)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { G_N_ELEMENTS (code), code };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), ==, 0);
}

static void
test_job_system_calls (CommandFixture *fixture,
                       gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A supervisor does without close_range(), and says if it can do nothing");

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }

  forbid (SYS_close_range, ENOSYS);
  g_assert_cmpint (command_fixture_run (fixture, "exit 9", &error), ==, 9);
  g_assert_no_error (error);
  command_fixture_drop (fixture);

  forbid (SYS_signalfd4, ENOSYS);
  g_assert_cmpint (command_fixture_run (fixture, "true", &error), ==, -1);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, "ENOSYS"));
  g_assert_nonnull (strstr (error->message, "cannot set itself up"));
  command_fixture_drop (fixture);
  g_clear_error (&error);

  forbid (SYS_pidfd_open, EMFILE);
  g_assert_null (_runtime_use_job_new (&error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
  g_assert_cmpuint (command_fixture_count_children (), ==, 0);
}

/* Finds the text in any memory that this process shares with a supervisor. */
static gboolean
is_in_shared_memory (const char *text)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);
      g_autofree char *contents = NULL;
      gsize length = 0;

      if (target == NULL || !g_str_has_prefix (target, "/memfd:runtimeuse-job"))
        continue;
      n++;
      g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
      g_assert_cmpuint (length, >, 0);
      if (memmem (contents, length, text, strlen (text)) != NULL)
        return TRUE;
    }

  g_assert_cmpuint (n, >, 0);
  return FALSE;
}

static void
test_job_wiped (CommandFixture *fixture,
                gconstpointer   test_data)
{
  const char *env[] = { "KEY=sesame-in-the-environment", NULL };
  g_autoptr(GError) error = NULL;

  g_test_summary ("What was handed over does not stay in the shared memory");

  command_fixture_prepare (fixture, "echo $KEY; sleep 1000", NULL, env);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "sesame-in-the-environment\n");
  while (is_in_shared_memory ("sesame"))
    g_thread_yield ();

  g_cancellable_cancel (fixture->cancellable);
  command_fixture_finish (fixture, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
count_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  guint *n_left = user_data;

  (*n_left)--;
}

static void
test_job_pool (CommandFixture *fixture,
               gconstpointer   test_data)
{
  guint n_left = 50;

  g_test_summary ("So many supervisors wait for work, no more, and none when nobody may have any");

  _runtime_use_job_pool_hold ();
  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(RuntimeUseCommand) command = runtime_use_command_new ("true", NULL, NULL);
      g_autoptr(RuntimeUseCommandHandler) handler = runtime_use_command_handler_new (command);

      runtime_use_command_handler_run_async (handler, NULL, count_cb, &n_left);
    }
  while (n_left > 0)
    g_main_context_iteration (NULL, TRUE);

  /* Those that were sent away are reaped without anybody asking for it. */
  wait_for (command_fixture_count_children () <= 32);
  g_assert_cmpuint (command_fixture_count_children (), >, 0);
  _runtime_use_job_pool_release ();
  wait_for (command_fixture_count_children () == 0);
}

/* Returns: (transfer full): what the pool waits by for the next supervisor to go */
static GSource *
find_trim (void)
{
  GSource *last = g_idle_source_new ();
  guint n_ids = g_source_attach (last, NULL);
  GSource *found = NULL;

  g_source_destroy (last);
  g_source_unref (last);
  for (guint id = 1; id < n_ids && found == NULL; id++)
    {
      GSource *source = g_main_context_find_source_by_id (NULL, id);

      if (source != NULL &&
          g_strcmp0 (g_source_get_name (source), "RuntimeUseJobPool trim") == 0)
        found = g_source_ref (source);
    }

  return found;
}

/* The time that it waits for is there. */
static void
ring (GSource *trim)
{
  g_source_set_ready_time (trim, 0);
  wait_for (g_source_is_destroyed (trim) || g_source_get_ready_time (trim) != 0);
}

static void
test_job_pool_trim (CommandFixture *fixture,
                    gconstpointer   test_data)
{
  const gint64 now = g_get_monotonic_time ();
  RuntimeUseJob *jobs[N_KEPT + 3];
  g_autoptr(GSource) trim = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Supervisors beyond those that are kept go when they have waited for long");

  _runtime_use_job_pool_hold ();
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      jobs[i] = _runtime_use_job_pool_take (&error);
      g_assert_no_error (error);
    }
  /* However long this takes, only time that the test lets pass is long. */
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      _runtime_use_job_pool_give (jobs[i]);
      _runtime_use_job_set_idle_since (jobs[i], now + G_TIME_SPAN_DAY + i);
    }
  trim = find_trim ();
  g_assert_nonnull (trim);

  ring (trim);
  g_assert_cmpint (g_source_get_ready_time (trim), ==, now + G_TIME_SPAN_DAY + IDLE_TIME);
  g_assert_cmpuint (command_fixture_count_children (), ==, N_KEPT + 3);

  _runtime_use_job_set_idle_since (jobs[0], now - IDLE_TIME);
  _runtime_use_job_set_idle_since (jobs[1], now - IDLE_TIME);
  ring (trim);
  g_assert_cmpint (g_source_get_ready_time (trim), ==, now + G_TIME_SPAN_DAY + 2 + IDLE_TIME);
  wait_for (command_fixture_count_children () == N_KEPT + 1);

  for (guint i = 2; i < G_N_ELEMENTS (jobs); i++)
    _runtime_use_job_set_idle_since (jobs[i], now - IDLE_TIME);
  ring (trim);
  g_assert_true (g_source_is_destroyed (trim));
  wait_for (command_fixture_count_children () == N_KEPT);

  _runtime_use_job_pool_release ();
  wait_for (command_fixture_count_children () == 0);
}

static void
test_job_missing (CommandFixture *fixture,
                  gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A missing supervisor is an error that names the places where it was sought");

  if (g_test_subprocess ())
    {
      g_setenv ("RUNTIMEUSE_LIBEXECDIR", "/does/not/exist", TRUE);
      g_assert_cmpint (command_fixture_run (fixture, "true", &error), ==, -1);
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
      g_assert_nonnull (strstr (error->message, "/does/not/exist/runtimeuse-job"));
      g_assert_nonnull (strstr (error->message, LIBEXECDIR "/runtimeuse-job"));
      return;
    }

  if (g_file_test (LIBEXECDIR "/runtimeuse-job", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("It is installed");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* Runs a command until somebody kills this process. */
static int
be_owner (const char *fifo_path)
{
  g_autofree char *variable = g_strconcat ("FIFO=", fifo_path, NULL);
  const char *env[] = { variable, NULL };
  g_autoptr(RuntimeUseCommand) command =
    runtime_use_command_new (HOLD "setsid sleep 1000 & sleep 1000", NULL, env);
  g_autoptr(RuntimeUseCommandHandler) handler = runtime_use_command_handler_new (command);

  runtime_use_command_handler_run_async (handler, NULL, NULL, NULL);
  while (handler != NULL)
    g_main_context_iteration (NULL, TRUE);

  return 1;
}

#define ADD(path, func) \
  g_test_add ("/job/" path, CommandFixture, NULL, \
              command_fixture_set_up, func, command_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  if (argc == 3 && strcmp (argv[1], "--owner") == 0)
    return be_owner (argv[2]);

  program = argv[0];
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  ADD ("reuse", test_job_reuse);
  ADD ("empty-later", test_job_empty_later);
  ADD ("shorter-grace", test_job_shorter_grace);
  ADD ("hang-up", test_job_hang_up);
  ADD ("group", test_job_group);
  ADD ("bad-order", test_job_bad_order);
  ADD ("system-calls", test_job_system_calls);
  ADD ("owner-killed", test_job_owner_killed);
  ADD ("wiped", test_job_wiped);
  ADD ("pool", test_job_pool);
  ADD ("pool-trim", test_job_pool_trim);
  ADD ("missing", test_job_missing);

  return g_test_run ();
}
