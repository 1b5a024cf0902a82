/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command-fixture.h"
#include "runtime-use-command-handler-private.h"

#define REPLACEMENT "\357\277\275"

static struct rlimit descriptor_limit;

static void
test_command_handler_status (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  const struct
  {
    const char *command;
    int         status;
  } cases[] = {
    { "true", 0 },
    { "exit 3", 3 },
    { "exit 255", 255 },
    { "/does/not/exist", 127 },
    { "/etc/passwd", 126 },
    { "kill -KILL $$", -1 },
    { "kill -TERM $$", -1 },
    { "sh -c 'kill -TERM $$'; exit $?", 143 },
    { "-x", 127 },
    { "+x", 127 },
  };

  g_test_summary ("The status is the shell's, and -1 if a signal ended the shell");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (command_fixture_run (fixture, cases[i].command, &error), ==,
                       cases[i].status);
      g_assert_no_error (error);
      g_assert_false (runtime_use_command_handler_has_leftovers (fixture->handler));
      command_fixture_drop (fixture);
    }
}

static void
assert_prints (CommandFixture *fixture,
               const char     *command,
               const char     *expected)
{
  g_autoptr(GError) error = NULL;
  int status = command_fixture_run (fixture, command, &error);

  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (fixture->output[1]->str, ==, "");
  g_assert_cmpstr (fixture->output[0]->str, ==, expected);
}

static void
test_command_handler_output (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is printed arrives on its stream before the command is finished");

  g_assert_cmpint (command_fixture_run (fixture, "echo out; echo err >&2; echo more", &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "out\nmore\n");
  g_assert_cmpstr (fixture->output[1]->str, ==, "err\n");
}

static void
test_command_handler_bytes (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  const char expected[] = "a\0b" REPLACEMENT "c" REPLACEMENT;
  g_autoptr(GError) error = NULL;

  g_test_summary ("NUL passes, and what is no UTF-8 is replaced");

  command_fixture_run (fixture, "printf 'a\\0b\\377c\\303'", &error);
  g_assert_no_error (error);
  g_assert_cmpmem (fixture->output[0]->str, fixture->output[0]->len,
                   expected, sizeof expected - 1);
}

/* A command waits for the test by reading from a fifo that is opened for writing. */
static int
open_answer (CommandFixture *fixture)
{
  int fd = open (fixture->fifo_path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
test_command_handler_cut_character (CommandFixture *fixture,
                                    gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;
  int fd;

  g_test_summary ("A character that arrives in two reads is put together");

  command_fixture_prepare (fixture, "printf 'a\\303'; read x < $FIFO; printf '\\251'", NULL, NULL);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "a");
  g_assert_cmpstr (fixture->output[0]->str, ==, "a");

  fd = open_answer (fixture);
  g_assert_cmpint (write (fd, "\n", 1), ==, 1);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  close (fd);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "a\303\251");
}

static void
test_command_handler_cut_secret (CommandFixture *fixture,
                                 gconstpointer   test_data)
{
  const char *secrets[] = { "SECRET", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(GError) error = NULL;
  int fd;

  g_test_summary ("A secret that arrives in two reads is hidden, and a beginning of one is not");

  command_fixture_prepare (fixture, "printf aSEC; read x < $FIFO; printf 'RET SECR'", NULL, NULL);
  runtime_use_command_handler_set_redactor (fixture->handler, redactor);
  command_fixture_start (fixture);
  command_fixture_wait_for_output (fixture, "a");
  g_assert_cmpstr (fixture->output[0]->str, ==, "a");

  fd = open_answer (fixture);
  g_assert_cmpint (write (fd, "\n", 1), ==, 1);
  command_fixture_finish (fixture, &error);
  close (fd);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "a[REDACTED] SECR");
}

static void
test_command_handler_long_characters (CommandFixture *fixture,
                                      gconstpointer   test_data)
{
  const gsize n = 700 * 1000;
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Characters whose length divides no read arrive unharmed");

  for (gsize i = 0; i < n; i++)
    g_string_append (expected, "\342\202\254");

  command_fixture_run (fixture, "yes \342\202\254 | head -n 700000 | tr -d '\\n'", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->output[0]->len, ==, expected->len);
  g_assert_true (g_string_equal (fixture->output[0], expected));
}

static void
count_cb (RuntimeUseCommandHandler *handler,
          RuntimeUseOutputStream    stream,
          const char               *text,
          gsize                     length,
          gpointer                  user_data)
{
  gsize *counts = user_data;

  g_assert_cmpuint (length, <=, 128 * 1024 + 3);
  counts[stream] += length;
}

static void
test_command_handler_much_output (CommandFixture *fixture,
                                  gconstpointer   test_data)
{
  const gsize half = 32 * 1024 * 1024;
  gsize counts[2] = { 0, 0 };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Much output on both streams arrives whole");

  command_fixture_prepare (fixture, "head -c 33554432 /dev/zero & "
                                    "head -c 33554432 /dev/zero >&2; wait", NULL, NULL);
  _runtime_use_command_handler_set_sink (fixture->handler, count_cb, counts);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (counts[0], ==, half);
  g_assert_cmpuint (counts[1], ==, half);
}

static void
append_signal_cb (RuntimeUseCommandHandler *handler,
                  RuntimeUseOutputStream    stream,
                  const char               *text,
                  gpointer                  user_data)
{
  GString **output = user_data;

  g_string_append (output[stream], text);
}

static void
test_command_handler_signal (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Without a private sink the output comes as a signal");

  command_fixture_prepare (fixture, "printf 'a\\0\\0b'; echo err >&2", NULL, NULL);
  _runtime_use_command_handler_set_sink (fixture->handler, NULL, NULL);
  g_signal_connect (fixture->handler, "output", G_CALLBACK (append_signal_cb), fixture->output);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "a" REPLACEMENT REPLACEMENT "b");
  g_assert_cmpstr (fixture->output[1]->str, ==, "err\n");
}

static void
test_command_handler_paused (CommandFixture *fixture,
                             gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("While the handler is paused nothing is read, and afterwards all of it");

  command_fixture_prepare (fixture, "echo out; echo err >&2; echo written > $FIFO", NULL, NULL);
  runtime_use_command_handler_set_paused (fixture->handler, TRUE);
  command_fixture_start (fixture);
  command_fixture_wait_for_fifo (fixture);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fixture->output[0]->len + fixture->output[1]->len, ==, 0);

  runtime_use_command_handler_set_paused (fixture->handler, FALSE);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, "out\n");
  g_assert_cmpstr (fixture->output[1]->str, ==, "err\n");
}

static void
pause_cb (RuntimeUseCommandHandler *handler,
          RuntimeUseOutputStream    stream,
          const char               *text,
          gsize                     length,
          gpointer                  user_data)
{
  gsize *count = user_data;

  g_assert_false (runtime_use_command_handler_get_paused (handler));
  *count += length;
  runtime_use_command_handler_set_paused (handler, TRUE);
}

static void
test_command_handler_paused_by_output (CommandFixture *fixture,
                                       gconstpointer   test_data)
{
  gsize count = 0;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who gets the output may pause it, piece by piece");

  command_fixture_prepare (fixture, "head -c 3000000 /dev/zero", NULL, NULL);
  _runtime_use_command_handler_set_sink (fixture->handler, pause_cb, &count);
  command_fixture_start (fixture);
  while (count < 3000000)
    {
      g_main_context_iteration (NULL, TRUE);
      runtime_use_command_handler_set_paused (fixture->handler, FALSE);
    }
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 3000000);
}

static void
test_command_handler_stdin (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  g_test_summary ("Standard input is at its end");

  assert_prints (fixture, "cat; readlink /proc/self/fd/0", "/dev/null\n");
}

static void
test_command_handler_environment (CommandFixture *fixture,
                                  gconstpointer   test_data)
{
  const char *base[] = { "KEPT=1", "CHANGED=2", "EMPTY=", NULL };
  const char *own[] = { "CHANGED=3", "NEW=a=b c", "CHANGED=4", NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("CHANGED=4\nEMPTY=\nFIFO=%s\nKEPT=1\nNEW=a=b c\n",
                                               fixture->fifo_path);

  g_test_summary ("The command's variables are laid over those of the handler");

  command_fixture_prepare (fixture, "tr '\\0' '\\n' < /proc/$$/environ | LC_ALL=C sort",
                           NULL, own);
  runtime_use_command_handler_set_environ (fixture->handler, base);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, expected);
}

static void
test_command_handler_private_variables (CommandFixture *fixture,
                                        gconstpointer   test_data)
{
  const char * const names[] = {
    "CREDENTIALS_DIRECTORY", "DBUS_STARTER_ADDRESS", "DBUS_STARTER_BUS_TYPE",
    "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
    "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "RUNTIMEUSE_TOKEN", "RUNTIMEUSE_TOKEN_FILE",
  };

  g_test_summary ("What is meant for this process alone is not passed on");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_setenv (names[i], "private", TRUE);
  g_setenv ("RUNTIMEUSE_TEST_SHOWN", "shown", TRUE);
  assert_prints (fixture, "env | grep -E '=(private|shown)$'", "RUNTIMEUSE_TEST_SHOWN=shown\n");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
  g_unsetenv ("RUNTIMEUSE_TEST_SHOWN");
}

static void
test_command_handler_descriptors (CommandFixture *fixture,
                                  gconstpointer   test_data)
{
  int inherited = dup (0);
  int high = fcntl (0, F_DUPFD, 500);

  g_test_summary ("A command has three descriptors, whatever this process has");

  assert_prints (fixture, "ls /proc/$$/fd; true", "0\n1\n2\n");
  close (inherited);
  close (high);
}

static void
test_command_handler_descriptor_limit (CommandFixture *fixture,
                                       gconstpointer   test_data)
{
  struct rlimit changed = descriptor_limit;
  g_autofree char *expected = g_strdup_printf ("%lu\n", (gulong) descriptor_limit.rlim_cur);

  g_test_summary ("A command has the limit of open files that was found at first");

  changed.rlim_cur = descriptor_limit.rlim_cur / 2;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &changed), ==, 0);
  assert_prints (fixture, "ulimit -n", expected);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &descriptor_limit), ==, 0);
}

static void
test_command_handler_process (CommandFixture *fixture,
                              gconstpointer   test_data)
{
  sigset_t blocked;

  g_test_summary ("A command leads a session and a group, with no signal blocked or ignored");

  sigemptyset (&blocked);
  sigaddset (&blocked, SIGUSR1);
  sigprocmask (SIG_BLOCK, &blocked, NULL);
  signal (SIGUSR2, SIG_IGN);
  assert_prints (fixture, "set -- $(cut -d ' ' -f 1,5,6 /proc/$$/stat);"
                          "test $1 = $2 && test $1 = $3 || echo \"no leader: $*\";"
                          /* The C library keeps two beyond the first 28 for itself. */
                          "grep -cE '^Sig(Blk|Ign):.*0000000$' /proc/self/status", "2\n");
  signal (SIGUSR2, SIG_DFL);
  sigprocmask (SIG_UNBLOCK, &blocked, NULL);
}

static void
run_in (CommandFixture  *fixture,
        const char      *cwd,
        GError         **error)
{
  command_fixture_prepare (fixture, "pwd", cwd, NULL);
  command_fixture_start (fixture);
  command_fixture_finish (fixture, error);
}

static void
test_command_handler_cwd (CommandFixture *fixture,
                          gconstpointer   test_data)
{
  g_autofree char *base = g_file_read_link ("/proc/self/cwd", NULL);
  g_autofree char *here = g_strconcat (base, "\n", NULL);
  g_autofree char *made = g_build_filename (fixture->folder, "a", "b//c", NULL);
  const char * const removed[] = { "a/b/c", "a/b", "a" };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command runs in this process's directory or in one that is made");

  run_in (fixture, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->output[0]->str, ==, here);
  command_fixture_drop (fixture);

  run_in (fixture, made, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (fixture->output[0]->str, "/a/b/c\n"));
  command_fixture_drop (fixture);

  g_assert_cmpint (chdir (fixture->folder), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (removed); i++)
    g_assert_cmpint (g_rmdir (removed[i]), ==, 0);
  run_in (fixture, "relative", &error);
  g_assert_cmpint (g_rmdir ("relative"), ==, 0);
  g_assert_cmpint (chdir (base), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (fixture->output[0]->str, "/relative\n"));
}

static void
test_command_handler_bad_cwd (CommandFixture *fixture,
                              gconstpointer   test_data)
{
  g_autofree char *below = g_build_filename (fixture->fifo_path, "below", NULL);
  g_autofree char *too_long = g_strnfill (5000, 'x');
  const struct
  {
    const char *cwd;
    const char *word;
    const char *path;
  } cases[] = {
    { fixture->fifo_path, "spawn ENOTDIR: cwd ", fixture->fifo_path },
    { below, "spawn ENOTDIR: cwd ", fixture->fifo_path },
    { "/proc/none", "spawn ENOENT: cwd ", "/proc/none" },
    { "/proc/none/x/y", "spawn ENOENT: cwd ", "cannot create /proc/none:" },
    { too_long, "spawn ENAMETOOLONG: cwd ", "xxx" },
  };

  g_test_summary ("A directory that cannot be is an error that names it and says why");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      run_in (fixture, cases[i].cwd, &error);
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
      g_test_message ("%.200s", error->message);
      g_assert_true (g_str_has_prefix (error->message, cases[i].word));
      g_assert_nonnull (strstr (error->message, cases[i].path));
      command_fixture_drop (fixture);
    }
}

static void
test_command_handler_long_command (CommandFixture *fixture,
                                   gconstpointer   test_data)
{
  g_autofree char *longest = g_strnfill (131071, ' ');
  g_autofree char *longer = g_strnfill (131072, ' ');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A command as long as the system allows runs, and a longer one is an error");

  memcpy (longest, "echo ok;", 8);
  memcpy (longer, "echo ok;", 8);
  assert_prints (fixture, longest, "ok\n");
  command_fixture_drop (fixture);

  command_fixture_run (fixture, longer, &error);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, "131072"));
}

static char *
new_variable (const char *name,
              gsize       length)
{
  g_autofree char *value = g_strnfill (length - strlen (name) - 1, 'v');

  return g_strdup_printf ("%s=%s", name, value);
}

static void
test_command_handler_long_variable (CommandFixture *fixture,
                                    gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A variable as long as the system allows is passed on, a longer one is not");

  for (gsize length = 131071; length <= 131072; length++)
    {
      g_autofree char *variable = new_variable ("LONG", length);
      const char *env[] = { variable, NULL };

      command_fixture_prepare (fixture, "echo ${#LONG}", NULL, env);
      command_fixture_start (fixture);
      command_fixture_finish (fixture, &error);
      if (length == 131071)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (fixture->output[0]->str, ==, "131066\n");
        }
      command_fixture_drop (fixture);
    }

  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, "env.LONG"));
}

/* Runs with so many bytes of environment in all, in small and in large pieces. */
static gboolean
run_with_environment (CommandFixture *fixture,
                      gsize           total,
                      gsize           piece)
{
  g_autoptr(GPtrArray) base = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  int status;

  for (gsize done = 0; done < total; done += piece)
    {
      g_autofree char *name = g_strdup_printf ("V%" G_GSIZE_FORMAT, done);

      g_ptr_array_add (base, new_variable (name, piece - 1 - sizeof (char *)));
    }
  g_ptr_array_add (base, NULL);

  command_fixture_prepare (fixture, ":", NULL, NULL);
  runtime_use_command_handler_set_environ (fixture->handler,
                                           (const char * const *) base->pdata);
  command_fixture_start (fixture);
  status = command_fixture_finish (fixture, &error);
  command_fixture_drop (fixture);
  if (error == NULL)
    {
      g_assert_cmpint (status, ==, 0);
      return TRUE;
    }

  /* Not what the kernel says when it is too late. */
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (error->message, "together"));

  return FALSE;
}

static void
test_command_handler_large_environment (CommandFixture *fixture,
                                        gconstpointer   test_data)
{
  long limit = MIN (sysconf (_SC_ARG_MAX), 6 * 1024 * 1024);
  const gsize pieces[] = { 100, 4096, 100 * 1000 };

  g_test_summary ("An environment that the system takes is passed on, a larger one is an error");

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      gsize room = (gsize) limit - 8192 - 1024 - pieces[i];

      g_assert_true (run_with_environment (fixture, room, pieces[i]));
      g_assert_false (run_with_environment (fixture, (gsize) limit, pieces[i]));
    }
}

static void
test_command_handler_bad_variable (CommandFixture *fixture,
                                   gconstpointer   test_data)
{
  const char *base[] = { "SECRETVALUE", NULL };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A variable without a name is an error that does not quote it");

  command_fixture_prepare (fixture, "true", NULL, NULL);
  runtime_use_command_handler_set_environ (fixture->handler, base);
  command_fixture_start (fixture);
  command_fixture_finish (fixture, &error);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
  g_assert_null (strstr (error->message, "SECRETVALUE"));
}

/* Makes a program that shows what it was given. */
static char *
make_shell (CommandFixture *fixture)
{
  const char text[] = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\"\nexit 7\n";
  char *path = g_build_filename (fixture->folder, "show arguments", NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));

  return path;
}

static void
test_command_handler_shell (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  g_autofree char *path = make_shell (fixture);
  const char *shell[] = { path, "first", "second one", NULL };
  g_auto(GStrv) found = NULL;

  g_test_summary ("A command is given to another program, behind what that is to get before");

  command_fixture_prepare (fixture, "echo no", NULL, NULL);
  g_assert_null (runtime_use_command_handler_get_shell (fixture->handler));
  runtime_use_command_handler_set_shell (fixture->handler, shell);
  g_object_get (fixture->handler, "shell", &found, NULL);
  g_assert_cmpstrv (found, shell);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, NULL), ==, 7);
  g_assert_cmpstr (fixture->output[0]->str, ==,
                   "show arguments\nfirst\nsecond one\n-c\necho no\n");
  g_unlink (path);
}

static void
assert_no_shell (CommandFixture *fixture,
                 const char     *path,
                 int             code,
                 const char     *message)
{
  const char *shell[] = { path, NULL };
  g_autoptr(GError) error = NULL;

  command_fixture_prepare (fixture, "echo no", NULL, NULL);
  runtime_use_command_handler_set_shell (fixture->handler, shell);
  command_fixture_start (fixture);
  command_fixture_finish (fixture, &error);
  g_assert_error (error, RUNTIME_USE_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
  command_fixture_drop (fixture);
}

static void
test_command_handler_bad_shell (CommandFixture *fixture,
                                gconstpointer   test_data)
{
  g_test_summary ("A shell that is not there, or could be any, is named in the error");

  assert_no_shell (fixture, "/nowhere/shell", RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "spawn ENOENT: /nowhere/shell: No such file or directory");
  assert_no_shell (fixture, "/dev/null", RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "spawn EACCES: /dev/null: Permission denied");
  assert_no_shell (fixture, "sh", RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "shell: sh is not an absolute path");
}

static void
test_command_handler_twice (CommandFixture *fixture,
                            gconstpointer   test_data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A handler runs its command once");

  command_fixture_run (fixture, "true", &error);
  g_assert_no_error (error);
  command_fixture_start (fixture);
  g_assert_cmpint (command_fixture_finish (fixture, &error), ==, -1);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);
}

static gpointer
run_in_thread (gpointer user_data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(RuntimeUseCommand) command = runtime_use_command_new ("exit 7", NULL, NULL);
  g_autoptr(RuntimeUseCommandHandler) handler = runtime_use_command_handler_new (command);
  GAsyncResult *result = NULL;
  CommandFixture *fixture = user_data;
  int status;

  g_main_context_push_thread_default (context);
  runtime_use_command_handler_run_async (handler, NULL, command_fixture_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  status = runtime_use_command_handler_run_finish (handler, result, NULL);
  g_object_unref (result);
  g_main_context_pop_thread_default (context);
  g_assert_nonnull (fixture->folder);

  return GINT_TO_POINTER (status);
}

static void
test_command_handler_threads (CommandFixture *fixture,
                              gconstpointer   test_data)
{
  GThread *threads[8];

  g_test_summary ("Each thread runs commands in its own main context");

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("test", run_in_thread, fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 7);
}

static void
count_success_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  guint *n_left = user_data;
  int status;

  status = runtime_use_command_handler_run_finish (RUNTIME_USE_COMMAND_HANDLER (object), result,
                                                   &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 9);
  (*n_left)--;
}

static void
test_command_handler_many (CommandFixture *fixture,
                           gconstpointer   test_data)
{
  guint n_left = 100;

  g_test_summary ("A hundred commands run beside each other");

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(RuntimeUseCommand) command = runtime_use_command_new ("sleep 0.1; exit 9", NULL,
                                                                      NULL);
      g_autoptr(RuntimeUseCommandHandler) handler = runtime_use_command_handler_new (command);

      runtime_use_command_handler_run_async (handler, NULL, count_success_cb, &n_left);
    }
  while (n_left > 0)
    g_main_context_iteration (NULL, TRUE);
}

#define ADD(path, func) \
  g_test_add ("/command-handler/" path, CommandFixture, NULL, \
              command_fixture_set_up, func, command_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &descriptor_limit), ==, 0);

  ADD ("status", test_command_handler_status);
  ADD ("output", test_command_handler_output);
  ADD ("bytes", test_command_handler_bytes);
  ADD ("cut-character", test_command_handler_cut_character);
  ADD ("cut-secret", test_command_handler_cut_secret);
  ADD ("long-characters", test_command_handler_long_characters);
  ADD ("much-output", test_command_handler_much_output);
  ADD ("signal", test_command_handler_signal);
  ADD ("paused", test_command_handler_paused);
  ADD ("paused-by-output", test_command_handler_paused_by_output);
  ADD ("stdin", test_command_handler_stdin);
  ADD ("environment", test_command_handler_environment);
  ADD ("private-variables", test_command_handler_private_variables);
  ADD ("descriptors", test_command_handler_descriptors);
  ADD ("descriptor-limit", test_command_handler_descriptor_limit);
  ADD ("process", test_command_handler_process);
  ADD ("cwd", test_command_handler_cwd);
  ADD ("bad-cwd", test_command_handler_bad_cwd);
  ADD ("long-command", test_command_handler_long_command);
  ADD ("long-variable", test_command_handler_long_variable);
  ADD ("large-environment", test_command_handler_large_environment);
  ADD ("bad-variable", test_command_handler_bad_variable);
  ADD ("shell", test_command_handler_shell);
  ADD ("bad-shell", test_command_handler_bad_shell);
  ADD ("twice", test_command_handler_twice);
  ADD ("threads", test_command_handler_threads);
  ADD ("many", test_command_handler_many);

  return g_test_run ();
}
