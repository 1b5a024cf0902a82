/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

#define CANCEL "{\"message_type\":\"cancel_message\"}"

static GBytes *
large_message_new (const char *end)
{
  g_autofree char *prompt = g_strnfill (2 * 1024 * 1024, 'p');
  char *text;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"%s\",\"model\":\"m\",\"secrets_to_redact\":[]%s",
                          prompt, end);

  return g_bytes_new_take (text, strlen (text));
}

static void
wait_for_state (SessionFixture         *f,
                RuntimeUseSessionState  state)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (runtime_use_session_get_state (f->session) != state)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
test_inbox_apart (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GBytes) message = large_message_new ("}");

  g_test_summary ("A large message is not parsed while others wait, but accepted later");

  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), message);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_IDLE);
  wait_for_state (f, RUNTIME_USE_SESSION_STATE_BUSY);
}

static void
test_inbox_order (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GBytes) large = large_message_new ("}");
  g_autoptr(GBytes) cancel = g_bytes_new_static (CANCEL, strlen (CANCEL));

  g_test_summary ("What was read or sent behind a large message is handled after it");

  /* The channel had read this before it was paused; the second request comes behind the cancel. */
  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), large);
  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), cancel);
  runtime_use_channel_send (RUNTIME_USE_CHANNEL (f->client), large);
  session_fixture_settle (f);
  wait_for_state (f, RUNTIME_USE_SESSION_STATE_CANCELLING);

  g_assert_nonnull (strstr (session_fixture_wait_terminal (f), "another is in flight"));
  g_object_unref (fake_agent_take (f->agent));
}

static void
test_inbox_paused (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GBytes) large = large_message_new ("}");
  g_autoptr(GBytes) cancel = g_bytes_new_static (CANCEL, strlen (CANCEL));

  g_test_summary ("Nothing is read until a large message is parsed, and a cancel cancels it");

  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), large);
  runtime_use_channel_send (RUNTIME_USE_CHANNEL (f->client), cancel);
  while (runtime_use_session_get_state (f->session) == RUNTIME_USE_SESSION_STATE_IDLE)
    {
      g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->ours), ==, strlen (CANCEL));
      g_main_context_iteration (NULL, TRUE);
    }
  wait_for_state (f, RUNTIME_USE_SESSION_STATE_CANCELLING);
}

static void
test_inbox_malformed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GBytes) message = large_message_new ("");

  g_test_summary ("A large message that is no JSON is answered like a small one");

  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), message);
  g_assert_nonnull (strstr (session_fixture_wait (f), "\"message_type\":\"error_message\""));
}

static void
test_inbox_closed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GBytes) message = large_message_new ("}");

  g_test_summary ("A session whose channel closes does not wait for a large message");

  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (f->ours), message);
  runtime_use_channel_emit_closed (RUNTIME_USE_CHANNEL (f->ours));
  g_assert_true (f->closed);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_CLOSED);
  session_fixture_settle (f);
  g_assert_cmpuint (fake_agent_get_n_runs (f->agent), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/inbox/apart", test_inbox_apart);
  g_test_add_func ("/inbox/order", test_inbox_order);
  g_test_add_func ("/inbox/paused", test_inbox_paused);
  g_test_add_func ("/inbox/malformed", test_inbox_malformed);
  g_test_add_func ("/inbox/closed", test_inbox_closed);

  return g_test_run ();
}
