/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "session-fixture.h"

#include <string.h>

static void
assert_next_is_error (SessionFixture *f,
                      const char     *part)
{
  const char *message = session_fixture_wait (f);

  if (strstr (message, "error_message") == NULL || strstr (message, part) == NULL)
    g_error ("no error with “%s” in “%.400s”", part, message);
}

static void
count_cb (RuntimeUseChannel *channel,
          GBytes            *message,
          guint             *n_messages)
{
  (*n_messages)++;
}

static void
test_dropped (void)
{
  g_autoptr(FakeAgent) agent = fake_agent_new ();
  g_autoptr(RuntimeUseMemoryChannel) ours = NULL;
  g_autoptr(RuntimeUseMemoryChannel) client = NULL;
  g_autoptr(GBytes) bytes = NULL;
  RuntimeUseSession *session;
  guint n_messages = 0;
  guint n_before;
  const char *text =
    "{\"message_type\":\"command_execution_message\",\"commands\":[{\"command\":\"yes\"}]}";

  g_test_summary ("A session that is dropped while its command prints ends the command");

  runtime_use_memory_channel_new_pair (&ours, &client);
  g_signal_connect (client, "message", G_CALLBACK (count_cb), &n_messages);
  session = runtime_use_session_new (RUNTIME_USE_CHANNEL (ours),
                                     RUNTIME_USE_AGENT_HANDLER (agent), NULL);
  bytes = g_bytes_new_static (text, strlen (text));
  runtime_use_channel_send (RUNTIME_USE_CHANNEL (client), bytes);
  while (n_messages < 10)
    g_main_context_iteration (NULL, TRUE);

  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *) &session);
  g_object_unref (session);
  g_assert_null (session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  n_before = n_messages;
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_messages, ==, n_before);
}

static void
test_redacted (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("Neither what commands are called nor why they fail shows a secret");

  session_fixture_send (f,
                        "{\"message_type\":\"command_execution_message\","
                        "\"secrets_to_redact\":[\"hush\"],"
                        "\"commands\":[{\"command\":\"echo hush\"}]}");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                   "\"text\":\"[REDACTED]\\n\",\"command\":\"echo [REDACTED]\"}");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_execution_result_message\",\"results\":["
                   "{\"command\":\"echo [REDACTED]\",\"exit_code\":0,"
                   "\"stdout\":\"[REDACTED]\\n\"}]}");

  session_fixture_send (f,
                        "{\"message_type\":\"command_execution_message\","
                        "\"secrets_to_redact\":[\"hush\"],"
                        "\"commands\":[{\"command\":\"true\",\"cwd\":\"/dev/null/hush\"}]}");
  assert_next_is_error (f, "/dev/null/[REDACTED]");
}

static void
test_secrets_of_the_agent (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("What the agent must not say no command says either");

  session_fixture_send (f, "{\"message_type\":\"command_execution_message\","
                           "\"commands\":[{\"command\":\"echo " FAKE_AGENT_KEY "\"}]}");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                   "\"text\":\"[REDACTED]\\n\",\"command\":\"echo [REDACTED]\"}");
  g_assert_nonnull (strstr (session_fixture_wait (f), "\"exit_code\":0"));
}

static void
test_shell (void)
{
  const char *shell[] = { "/bin/echo", "given", NULL };
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_auto(GStrv) found = NULL;

  g_test_summary ("Commands are given to the program that the session names");

  g_object_set (f->session, "shell", shell, NULL);
  g_object_get (f->session, "shell", &found, NULL);
  g_assert_cmpstrv (found, shell);
  session_fixture_send (f, "{\"message_type\":\"command_execution_message\","
                           "\"commands\":[{\"command\":\"exit 3\"}]}");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                   "\"text\":\"given -c exit 3\\n\",\"command\":\"exit 3\"}");
  g_assert_nonnull (strstr (session_fixture_wait (f), "\"exit_code\":0"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-command/dropped", test_dropped);
  g_test_add_func ("/session-command/redacted", test_redacted);
  g_test_add_func ("/session-command/shell", test_shell);
  g_test_add_func ("/session-command/secrets-of-the-agent", test_secrets_of_the_agent);

  return g_test_run ();
}
