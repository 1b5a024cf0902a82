/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hosted-fixture.h"

#include <glib/gstdio.h>

/* How an invocation in a host is cancelled, whatever that host does about it. */

static void
test_cancel_honoured (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *pid = NULL;

  g_test_summary ("A cancel reaches the handler, and its host lives on");

  hosted_fixture_be_patient (f);
  pid = g_strdup (hosted_ask (f->session, "pid"));
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  g_assert_cmpstr (hosted_ask (f->session, "pid"), ==, pid);
}

static void
test_cancel_ignored (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("A handler that ignores a cancel is killed, and others in its host are told so");

  hosted_fixture_add_other (f);
  session_fixture_send_prompt (f->other, "wait");
  assert_contains (session_fixture_wait (f->other), "waiting");
  session_fixture_send_prompt (f->session, "hang");
  assert_contains (session_fixture_wait (f->session), "hanging");
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  assert_contains (session_fixture_wait_terminal (f->other), "went on after it was cancelled");
  assert_contains (hosted_ask (f->other, "echo again"), "\"text\":\"again\"");
}

static void
test_cancel_waiting (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("single");

  g_test_summary ("What waits for a host can be cancelled there");

  g_object_set (f->handler, "max-hosts", 1, NULL);
  hosted_fixture_add_other (f);
  session_fixture_send_prompt (f->session, "wait");
  assert_contains (session_fixture_wait (f->session), "waiting");
  session_fixture_send_prompt (f->other, "echo x");
  hosted_cancel (f->other);
  assert_contains (session_fixture_wait (f->other), "Request cancelled");
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait (f->session), "Request cancelled");
}

static void
test_cancel_starting (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("silent");

  g_test_summary ("Who waits for a host that does not start need not wait for its deadline");

  session_fixture_send_prompt (f->session, "echo x");
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait (f->session), "Request cancelled");
}

static void
test_escapes (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *file = g_build_filename (f->folder, "pid", NULL);
  g_autofree char *prompt = g_strdup_printf ("escape %s", file);
  g_autofree char *text = NULL;

  g_test_summary ("An ignored cancel ends the whole tree, which is gone before the answer");

  session_fixture_send_prompt (f->session, prompt);
  assert_contains (session_fixture_wait (f->session), "escaped");
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_false (hosted_is_gone (hosted_read_pid (text)));
  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  g_assert_true (hosted_is_gone (hosted_read_pid (text)));
  g_unlink (file);
}

static void
test_unread_prompts (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *word = g_strnfill (32 * 1024, 'x');
  g_autofree char *prompt = g_strdup_printf ("echo %s", word);
  g_autofree char *file = g_build_filename (f->folder, "go", NULL);
  g_autofree char *deafen = g_strdup_printf ("deafen %s", file);
  g_autoptr(GPtrArray) clients = NULL;

  g_test_summary ("Prompts that a host does not read wait, and can be cancelled");

  clients = g_ptr_array_new_with_free_func ((GDestroyNotify) session_fixture_free);
  session_fixture_send_prompt (f->session, deafen);
  assert_contains (session_fixture_wait (f->session), "busy");
  for (guint i = 0; i < 4; i++)
    {
      SessionFixture *client = session_fixture_new (RUNTIME_USE_AGENT_HANDLER (f->handler));

      g_object_set (client->session, "kill-grace", 100, NULL);
      g_ptr_array_add (clients, client);
      session_fixture_send_prompt (client, prompt);
    }

  hosted_cancel (f->session);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  for (guint i = 0; i < clients->len; i++)
    assert_contains (session_fixture_wait_terminal (g_ptr_array_index (clients, i)), "xxxx");
}

static void
test_cancel_blocked (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("A host that waits for room to write is cancelled all the same");

  g_assert_no_error (hosted_prepare (f->handler));
  _runtime_use_memory_channel_set_high_water (f->session->client, 100);
  _runtime_use_memory_channel_set_held (f->session->client, TRUE);
  session_fixture_send_prompt (f->session, "stream 10000000");
  session_fixture_settle (f->session);
  hosted_cancel (f->session);
  _runtime_use_memory_channel_set_held (f->session->client, FALSE);
  assert_contains (session_fixture_wait_terminal (f->session), "Request cancelled");
  _runtime_use_memory_channel_set_high_water (f->session->client, 1024 * 1024);
  assert_contains (hosted_ask (f->session, "echo again"), "\"text\":\"again\"");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hosted-handler/cancel-honoured", test_cancel_honoured);
  g_test_add_func ("/hosted-handler/cancel-ignored", test_cancel_ignored);
  g_test_add_func ("/hosted-handler/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/hosted-handler/cancel-starting", test_cancel_starting);
  g_test_add_func ("/hosted-handler/escapes", test_escapes);
  g_test_add_func ("/hosted-handler/unread-prompts", test_unread_prompts);
  g_test_add_func ("/hosted-handler/cancel-blocked", test_cancel_blocked);

  return g_test_run ();
}
