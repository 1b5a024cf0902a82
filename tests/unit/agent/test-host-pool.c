/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hosted-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>

/* How many hosts there are, and how one takes the place of another that failed. */

static void
test_death (void)
{
  static const struct { const char *prompt; const char *error; } cases[] = {
    { "die of it", "ended by signal 9 (Killed)\\nlast words: of it" },
    { "half", "its process ended with status 0" },
    { "garbage no JSON", "cannot be used" },
    { "garbage []", "it is not a JSON object" },
    { "long 9000000", "more than 8388608 bytes" },
    { "close-output", "closed its descriptor 4" },
  };
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("A host that dies or babbles costs its own requests, and the next one works");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *message = hosted_ask (f->session, cases[i].prompt);

      assert_contains (message, "error_message");
      assert_contains (message, cases[i].error);
      assert_contains (hosted_ask (f->session, "echo again"), "\"text\":\"again\"");
    }
  assert_contains (hosted_ask (f->session, "leave 0"), "\"text\":\"left\"");
  assert_contains (hosted_ask (f->session, "echo again"), "\"text\":\"again\"");
}

static void
test_closed_input (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("A host that is deaf is ended, and what it missed goes to the next");

  hosted_fixture_add_other (f);
  session_fixture_send_prompt (f->session, "close-input");
  assert_contains (session_fixture_wait (f->session), "closed");
  assert_contains (hosted_ask (f->other, "echo deaf"), "\"text\":\"deaf\"");
  assert_contains (session_fixture_wait_terminal (f->session), "closed its descriptor");
  assert_contains (hosted_ask (f->other, "echo again"), "\"text\":\"again\"");
}

static void
test_missed (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "go", NULL);
  g_autofree char *deafen = g_strdup_printf ("deafen %s", file);
  g_autoptr(SessionFixture) third = NULL;

  g_test_summary ("What a host had not read when it became deaf goes to the next, all of it");

  hosted_fixture_add_other (f);
  third = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));
  session_fixture_send_prompt (f->session, deafen);
  assert_contains (session_fixture_wait (f->session), "busy");
  session_fixture_send_prompt (f->other, "echo in the pipe");
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  assert_contains (session_fixture_wait (f->session), "closed");
  session_fixture_send_prompt (third, "echo behind it");

  assert_contains (session_fixture_wait_terminal (f->session), "closed its descriptor 3");
  assert_contains (session_fixture_wait_terminal (f->other), "\"text\":\"in the pipe\"");
  assert_contains (session_fixture_wait_terminal (third), "\"text\":\"behind it\"");
  g_unlink (file);
}

static void
test_deserts (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "pid", NULL);
  g_autofree char *prompt = g_strdup_printf ("desert %s", file);
  g_autofree char *text = NULL;

  g_test_summary ("The death of a host is that of its process, whoever holds its pipes open");

  session_fixture_send_prompt (f->session, prompt);
  assert_contains (session_fixture_wait_terminal (f->session), "its process ended with status 5");
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_true (hosted_is_gone (hosted_read_pid (text)));
  g_unlink (file);
}

static void
test_one_at_a_time (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("single");
  g_autofree char *pid = NULL;

  g_test_summary ("A host that takes one at a time gets company, as much as is allowed");

  hosted_fixture_be_patient (f);
  g_object_set (f->handler, "max-hosts", 2, NULL);
  hosted_fixture_add_other (f);
  pid = g_strdup (hosted_ask (f->session, "pid"));
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  g_assert_cmpstr (hosted_ask (f->other, "pid"), !=, pid);
  session_fixture_send_prompt (f->other, "wait");
  assert_contains (session_fixture_wait (f->other), "waiting");

  /* Both are busy. The third waits until one is not. */
  {
    g_autoptr(SessionFixture) third = NULL;

    third = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));
    session_fixture_send_prompt (third, "pid");
    session_fixture_assert_quiet (third);
    hosted_cancel (f->session);
    g_assert_cmpstr (session_fixture_wait_terminal (third), ==, pid);
  }
  hosted_cancel (f->other);
  assert_contains (session_fixture_wait_terminal (f->other), "Request cancelled");
}

static void
kill_unnoticed (pid_t pid)
{
  gint64 deadline = g_get_monotonic_time () + HOSTED_DEADLINE * G_TIME_SPAN_SECOND;

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  while (!hosted_is_gone (pid))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }
}

static void
test_all_killed (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("single");
  pid_t first;
  pid_t second;
  pid_t third;

  g_test_summary ("When several idle hosts were killed, the next request is answered all the same");

  hosted_fixture_be_patient (f);
  hosted_fixture_add_other (f);
  first = hosted_ask_pid (f->session);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  second = hosted_ask_pid (f->other);
  g_assert_cmpint (second, !=, first);
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");

  kill_unnoticed (first);
  kill_unnoticed (second);
  third = hosted_ask_pid (f->session);
  g_assert_cmpint (third, !=, first);
  g_assert_cmpint (third, !=, second);
}

static void
test_no_room_for_more (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("alone");
  g_autofree char *starts = g_strconcat (f->path, ".starts", NULL);
  g_autofree char *place = g_strconcat (f->path, ".place", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GTimer) timer = g_timer_new ();
  gsize n_starts;

  g_test_summary ("Where no second host can live, the first serves all, and no more are tried");

  hosted_fixture_be_patient (f);
  hosted_fixture_add_other (f);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  session_fixture_send_prompt (f->other, "echo at last");
  do
    {
      g_main_context_iteration (NULL, FALSE);
      g_clear_pointer (&text, g_free);
      g_assert_true (g_file_get_contents (starts, &text, &n_starts, NULL));
      g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, HOSTED_DEADLINE);
    }
  while (n_starts < 2);

  /* The time that it took to start the first two is enough for many. */
  for (double until = 2 * g_timer_elapsed (timer, NULL); g_timer_elapsed (timer, NULL) < until; )
    g_main_context_iteration (NULL, FALSE);
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->other), "\"text\":\"at last\"");
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (starts, &text, &n_starts, NULL));
  g_assert_cmpuint (n_starts, ==, 2);
  g_unlink (starts);
  g_rmdir (place);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hosted-handler/death", test_death);
  g_test_add_func ("/hosted-handler/closed-input", test_closed_input);
  g_test_add_func ("/hosted-handler/missed", test_missed);
  g_test_add_func ("/hosted-handler/deserts", test_deserts);
  g_test_add_func ("/hosted-handler/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/hosted-handler/all-killed", test_all_killed);
  g_test_add_func ("/hosted-handler/no-room-for-more", test_no_room_for_more);

  return g_test_run ();
}
