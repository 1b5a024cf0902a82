/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hosted-fixture.h"

#include <glib/gstdio.h>

/* How a host starts, and ends when it is not needed any more. */

static void
test_bad_starts (void)
{
  static const struct { const char *how; const char *error; } cases[] = {
    { "dies", "dies: its process ended with status 3 before it was ready\nno luck today" },
    { "refuses", "module at nowhere must export something" },
    { "silent", "silent: it was not ready within 1 s" },
  };

  g_test_summary ("A host that cannot start says why, to who prepares it and to who asks");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(HostedFixture) f = hosted_fixture_new (cases[i].how);
      g_autoptr(GError) error = NULL;

      /* The others are given the time that a busy machine takes to start them. */
      if (g_str_equal (cases[i].how, "silent"))
        g_object_set (f->handler, "start-timeout", 1, NULL);
      error = hosted_prepare (f->handler);
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, cases[i].error);
      assert_contains (hosted_ask (f->session, "echo x"), "error_message");
    }
}

static void
test_bad_files (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *plain = g_build_filename (f->folder, "plain.txt", NULL);
  const char *paths[] = { "/nowhere/handler.js", f->folder, plain };
  const char *errors[] = { "does not exist", "is not a file", "is not executable" };

  g_test_summary ("A file that is missing or cannot be run is named");

  g_assert_true (g_file_set_contents (plain, "", 0, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr(RuntimeUseHostedHandler) handler = runtime_use_hosted_handler_new (paths[i]);
      g_autoptr(GError) error = hosted_prepare (handler);

      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      assert_contains (error->message, paths[i]);
      assert_contains (error->message, errors[i]);
    }
  g_unlink (plain);
}

static void
test_missing_programs (void)
{
  static const struct { const char *name; const char *program; } cases[] = {
    { "handler.js", "needs bun or node, which is not in PATH" },
    { "handler.py", "needs python3, which is not in PATH" },
  };
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  g_test_summary ("A missing interpreter is named, with what to do");

  g_setenv ("PATH", "/nowhere", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(HostedFixture) f = hosted_fixture_new (cases[i].name);
      g_autoptr(GError) error = hosted_prepare (f->handler);

      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED);
      assert_contains (error->message, cases[i].program);
      assert_contains (error->message, "apt-get install");
    }
  g_setenv ("PATH", path, TRUE);
}

static void
test_prepare_cancelled (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("silent");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who gives up waiting for a host that does not start hears so at once");

  runtime_use_hosted_handler_prepare_async (f->handler, cancellable, hosted_result_cb, &result);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  error = hosted_wait_for_prepared (f->handler, &result);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_stop (void)
{
  static const char * const hows[] = { "concurrent", "stays" };

  g_test_summary ("A stop ends hosts, also one that ignores the end of its input");

  for (guint i = 0; i < G_N_ELEMENTS (hows); i++)
    {
      g_autoptr(HostedFixture) f = hosted_fixture_new (hows[i]);
      pid_t pid = hosted_ask_pid (f->session);

      session_fixture_send_prompt (f->session, "wait");
      hosted_fixture_stop (f);
      g_assert_true (hosted_is_gone (pid));
      assert_contains (session_fixture_wait_terminal (f->session), "was stopped");
      assert_contains (hosted_ask (f->session, "echo again"), "\"text\":\"again\"");
    }
}

static void
test_stop_while_starting (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("late");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop ends a host that becomes ready only then, and ignores that");

  runtime_use_hosted_handler_prepare_async (f->handler, NULL, hosted_result_cb, &result);
  hosted_fixture_stop (f);
  error = hosted_wait_for_prepared (f->handler, &result);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
}

static void
wait_until_gone (pid_t pid)
{
  g_autoptr(GTimer) timer = g_timer_new ();

  while (!hosted_is_gone (pid))
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, HOSTED_DEADLINE);
    }
}

static void
test_dropped (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  RuntimeUseHostedHandler *handler = runtime_use_hosted_handler_new (f->path);
  g_autoptr(SessionFixture) session = NULL;
  pid_t pid;

  g_test_summary ("A handler lives as long as an invocation needs it, and its host no longer");

  session = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (handler));
  pid = hosted_ask_pid (session);
  session_fixture_send_prompt (session, "wait");
  assert_contains (session_fixture_wait (session), "waiting");
  g_object_unref (handler);
  hosted_cancel (session);
  assert_contains (session_fixture_wait_terminal (session), "Request cancelled");
  g_clear_pointer (&session, session_fixture_free);
  wait_until_gone (pid);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hosted-handler/bad-starts", test_bad_starts);
  g_test_add_func ("/hosted-handler/bad-files", test_bad_files);
  g_test_add_func ("/hosted-handler/missing-programs", test_missing_programs);
  g_test_add_func ("/hosted-handler/prepare-cancelled", test_prepare_cancelled);
  g_test_add_func ("/hosted-handler/stop", test_stop);
  g_test_add_func ("/hosted-handler/stop-while-starting", test_stop_while_starting);
  g_test_add_func ("/hosted-handler/dropped", test_dropped);

  return g_test_run ();
}
