/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "assert-contains.h"
#include "runtime-use-built-in-agents.h"
#include "runtime-use-claude-handler.h"
#include "runtime-use-echo-handler.h"
#include "runtime-use-shell-handler.h"
#include "session-fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static SessionFixture *
new_fixture (const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;

  handler = runtime_use_agent_handler_new_for_name (name, &error);
  g_assert_no_error (error);

  return session_fixture_new (handler);
}

static void
test_names (void)
{
  g_autoptr(RuntimeUseAgentHandler) echo = NULL;
  g_autoptr(RuntimeUseAgentHandler) shell = NULL;
  g_autoptr(RuntimeUseAgentHandler) claude = NULL;
  g_autoptr(RuntimeUseAgentHandler) bogus = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Agents have names, and an unknown one is told which there are");

  echo = runtime_use_agent_handler_new_for_name ("echo", &error);
  g_assert_true (RUNTIME_USE_IS_ECHO_HANDLER (echo));
  shell = runtime_use_agent_handler_new_for_name ("shell", &error);
  g_assert_true (RUNTIME_USE_IS_SHELL_HANDLER (shell));
  claude = runtime_use_agent_handler_new_for_name ("claude", &error);
  g_assert_true (RUNTIME_USE_IS_CLAUDE_HANDLER (claude));

  bogus = runtime_use_agent_handler_new_for_name ("bogus", &error);
  g_assert_null (bogus);
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNKNOWN_AGENT);
  assert_contains (error->message, "unknown agent \"bogus\"");
  assert_contains (error->message, "openai, claude, shell, echo");
}

static void
test_echo (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");

  g_test_summary ("The echo agent does what its prompt says");

  session_fixture_send_prompt (f, "ECHO:hello");
  session_fixture_wait_part (f, "\"text\":\"hello\"");
  session_fixture_send_prompt (f, "anything else");
  session_fixture_wait_part (f, "\"text\":\"anything else\"");
  session_fixture_send_prompt (f, "STRUCTURED:{\\\"a\\\":[1e400,0.10,18446744073709551616]}");
  session_fixture_wait_part (f, "\"structured_output\":{\"a\":[1e400,0.10,18446744073709551616]}");
  session_fixture_send_prompt (f, "STRUCTURED:[1]");
  session_fixture_wait_part (f, "must be a JSON object");
  session_fixture_send_prompt (f, "STRUCTURED:{");
  session_fixture_wait_part (f, "error_message");
  session_fixture_send_prompt (f, "ERROR:bad");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"error_message\",\"error\":\"bad\","
                   "\"metadata\":{\"source\":\"echo_handler\"}}");
  session_fixture_send_prompt (f, "SLOW:1");
  session_fixture_wait_part (f, "waited 1 ms");
  session_fixture_assert_quiet (f);
}

static void
test_echo_stream (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");

  g_test_summary ("A stream arrives whole and in order, held up by a client that does not read");

  _runtime_use_memory_channel_set_high_water (f->client, 5000);
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  session_fixture_send_prompt (f, "STREAM:3000");
  session_fixture_settle (f);
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->client), <, 6000);
  _runtime_use_memory_channel_set_held (f->client, FALSE);

  for (guint i = 1; i <= 3000; i++)
    {
      g_autofree char *part = g_strdup_printf ("\"message %u of 3000\"", i);

      session_fixture_wait_part (f, part);
    }
  session_fixture_wait_part (f, "streamed 3000 messages");
}

static void
test_echo_cancel (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");

  g_test_summary ("Waiting, and a stream that waits for room, honour the cancel");

  session_fixture_send_prompt (f, "WAIT:3600000");
  session_fixture_cancel (f);
  session_fixture_wait_part (f, "Request cancelled");

  _runtime_use_memory_channel_set_high_water (f->client, 100);
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  session_fixture_send_prompt (f, "STREAM:3000");
  session_fixture_settle (f);
  session_fixture_cancel (f);
  g_assert_cmpint (runtime_use_session_get_state (f->session), ==,
                   RUNTIME_USE_SESSION_STATE_IDLE);
  _runtime_use_memory_channel_set_held (f->client, FALSE);
  assert_contains (session_fixture_wait_terminal (f), "Request cancelled");
}

static void
test_shell (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");

  g_test_summary ("A script's lines are assistant messages, and its output is the result");

  session_fixture_send_prompt (f, "echo one; printf two");
  session_fixture_wait_part (f, "\"text_blocks\":[\"one\"]");
  session_fixture_wait_part (f, "\"text_blocks\":[\"two\"]");
  session_fixture_wait_part (f, "\"text\":\"one\\ntwo\"");

  session_fixture_send_prompt (f, "echo out; echo no such luck >&2; exit 3");
  session_fixture_wait_part (f, "\"text_blocks\":[\"out\"]");
  session_fixture_wait_part (f, "exit code: 3\\nno such luck");
}

static char *
request_structured (const char *script)
{
  return g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"model\":\"\",\"output_format_json_schema_str\":\"{}\","
                          "\"user_prompt\":\"%s\"}",
                          script);
}

static void
test_shell_elsewhere (void)
{
  const char *shell[] = { "/bin/echo", "given", NULL };
  g_autoptr(SessionFixture) f = new_fixture ("shell");

  g_test_summary ("Scripts are given to the program that the session names");

  g_object_set (f->session, "shell", shell, NULL);
  session_fixture_send_prompt (f, "exit 3");
  session_fixture_wait_part (f, "\"text_blocks\":[\"given -c exit 3\"]");
  session_fixture_wait_part (f, "\"text\":\"given -c exit 3\\n\"");
}

static void
test_shell_structured (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");
  g_autofree char *good = request_structured ("echo '{\\\"a\\\": 1}'");
  g_autofree char *bad = request_structured ("echo nothing");

  g_test_summary ("When structured output is asked for, the script has to print a JSON object");

  session_fixture_send (f, good);
  assert_contains (session_fixture_wait_terminal (f), "\"structured_output\":{\"a\":1}");
  session_fixture_send (f, bad);
  assert_contains (session_fixture_wait_terminal (f), "result cannot be used");
}

static void
test_shell_secrets (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");

  g_test_summary ("A secret of several lines is found although lines come one by one");

  session_fixture_send (f,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"model\":\"\",\"secrets_to_redact\":[\"first\\nsecond\"],"
                        "\"agent_env\":{\"MY_TOKEN\":\"a-long-token\"},"
                        "\"user_prompt\":\"printf 'a first\\\\nsecond b\\\\n'; echo $MY_TOKEN\"}");
  session_fixture_wait_part (f, "[\"a [REDACTED] b\"]");
  session_fixture_wait_part (f, "[\"[REDACTED]\"]");
  session_fixture_wait_part (f, "\"text\":\"a [REDACTED] b\\n[REDACTED]\\n\"");
}

/* The number after the word pid in the next message. */
static pid_t
wait_for_pid (SessionFixture *f)
{
  const char *message = session_fixture_wait (f);
  const char *word = strstr (message, "pid ");

  g_assert_nonnull (word);

  return strtol (word + strlen ("pid "), NULL, 10);
}

static void
test_shell_cancel (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");
  pid_t pid;

  g_test_summary ("A cancelled script is ended with all it started");

  session_fixture_send_prompt (f, "sleep 1000 & echo pid $!; wait");
  pid = wait_for_pid (f);
  session_fixture_cancel (f);
  session_fixture_wait_part (f, "Request cancelled");
  g_assert_cmpint (kill (pid, 0), ==, -1);
}

static void
test_shell_kill_grace (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");
  gint64 start;

  g_test_summary ("A script that ignores SIGTERM is killed after the session's grace period");

  g_object_set (f->session, "kill-grace", 50, NULL);
  session_fixture_send_prompt (f, "trap '' TERM; echo pid $$; while :; do sleep 1000; done");
  wait_for_pid (f);
  start = g_get_monotonic_time ();
  session_fixture_cancel (f);
  session_fixture_wait_part (f, "Request cancelled");
  g_assert_cmpint (g_get_monotonic_time () - start, <,
                   2 * G_USEC_PER_SEC);
}

static void
test_shell_odd_input (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");

  g_test_summary ("An empty script is an error, and a NUL that a script prints is shown");

  session_fixture_send_prompt (f, "");
  session_fixture_wait_part (f, "user_prompt");
  session_fixture_send_prompt (f, "printf 'a\\\\000b'");
  session_fixture_wait_part (f, "[\"a\357\277\275b\"]");
  session_fixture_wait_part (f, "\"text\":\"a\357\277\275b\"");
  session_fixture_send_prompt (f, "printf '\\\\000oh no' >&2; exit 1");
  session_fixture_wait_part (f, "oh no");
}

static void
test_shell_many_lines (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("shell");

  g_test_summary ("Many short lines wait in the script's pipe while the client does not read");

  _runtime_use_memory_channel_set_high_water (f->client, 5000);
  _runtime_use_memory_channel_set_held (f->client, TRUE);
  session_fixture_send_prompt (f, "seq 1 50000");
  while (_runtime_use_memory_channel_get_pending (f->client) < 5000)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_settle (f);
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->client), <, 6000);
  _runtime_use_memory_channel_set_held (f->client, FALSE);

  for (guint i = 1; i <= 50000; i++)
    {
      g_autofree char *part = g_strdup_printf ("[\"%u\"]", i);

      session_fixture_wait_part (f, part);
    }
  session_fixture_wait_part (f, "\\n50000\\n");
}

static void
test_commands (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");

  g_test_summary ("Commands run in order until one fails, and their results are the terminal");

  session_fixture_send_commands (f, "{\"command\":\"echo one\"},"
                                    "{\"command\":\"echo $X; exit 4\",\"env\":{\"X\":\"two\"}},"
                                    "{\"command\":\"echo three\"}");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                   "\"text\":\"one\\n\",\"command\":\"echo one\"}");
  session_fixture_wait_part (f, "\"text\":\"two\\n\"");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_execution_result_message\",\"results\":["
                   "{\"command\":\"echo one\",\"exit_code\":0,\"stdout\":\"one\\n\"},"
                   "{\"command\":\"echo $X; exit 4\",\"exit_code\":4,\"stdout\":\"two\\n\"}]}");

  session_fixture_send_commands (f, "");
  g_assert_cmpstr (session_fixture_wait (f), ==,
                   "{\"message_type\":\"command_execution_result_message\",\"results\":[]}");
  session_fixture_assert_quiet (f);
}

static char *
request_around (int status_before,
                int status_after)
{
  return g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"model\":\"\",\"user_prompt\":\"STREAM:1\","
                          "\"pre_agent_invocation_commands\":"
                          "[{\"command\":\"echo before; exit %d\"}],"
                          "\"post_agent_invocation_commands\":"
                          "[{\"command\":\"echo after; exit %d\"}]}",
                          status_before, status_after);
}

static void
test_commands_around (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");
  g_autofree char *good = request_around (0, 0);
  g_autofree char *bad_before = request_around (5, 0);
  g_autofree char *bad_after = request_around (0, 6);

  g_test_summary ("Commands run before and after the agent; one that fails ends the request");

  session_fixture_send (f, good);
  session_fixture_wait_part (f, "before\\n");
  session_fixture_wait_part (f, "message 1 of 1");
  session_fixture_wait_part (f, "after\\n");
  session_fixture_wait_part (f, "result_message");

  session_fixture_send (f, bad_before);
  session_fixture_wait_part (f, "before\\n");
  session_fixture_wait_part (f, "pre-agent command failed with exit code: 5");

  session_fixture_send (f, bad_after);
  assert_contains (session_fixture_wait_terminal (f),
                   "post-agent command failed with exit code: 6");
  session_fixture_assert_quiet (f);
}

static void
test_large_stdout (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");
  const char *message;

  g_test_summary ("All the output is streamed, and the terminal holds what one message can");

  session_fixture_send_commands (f, "{\"command\":\"echo small\"},"
                                    "{\"command\":\"echo begin; yes '\\\"' | "
                                    "head -n 3000000; echo end\"}");
  message = session_fixture_wait_terminal (f);
  assert_contains (message, "\"stdout\":\"small\\n\"");
  assert_contains (message, "\"stdout_truncated\":true");
  assert_contains (message, "\"stdout\":\"begin\\n");
  assert_contains (message, "\\nend\\n\"");
  assert_contains (message, "bytes omitted");
  g_assert_cmpuint (strlen (message), >, 900000);
}

static void
test_leftovers (void)
{
  g_autoptr(SessionFixture) f = new_fixture ("echo");
  g_autofree char *ask = NULL;
  pid_t pid;

  g_test_summary ("What a successful command leaves running lives on until the session ends");

  session_fixture_send_commands (f, "{\"command\":\"sleep 1000 >/dev/null 2>&1 & echo pid $!\"}");
  pid = wait_for_pid (f);
  assert_contains (session_fixture_wait_terminal (f), "\"exit_code\":0");

  ask = g_strdup_printf ("{\"command\":\"kill -0 %d\"}", (int) pid);
  session_fixture_send_commands (f, ask);
  assert_contains (session_fixture_wait_terminal (f), "\"exit_code\":0");

  runtime_use_channel_close (RUNTIME_USE_CHANNEL (f->client), 1000);
  session_fixture_wait_closed (f);
  g_assert_cmpint (kill (pid, 0), ==, -1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/agents/names", test_names);
  g_test_add_func ("/agents/echo", test_echo);
  g_test_add_func ("/agents/echo-stream", test_echo_stream);
  g_test_add_func ("/agents/echo-cancel", test_echo_cancel);
  g_test_add_func ("/agents/shell", test_shell);
  g_test_add_func ("/agents/shell-elsewhere", test_shell_elsewhere);
  g_test_add_func ("/agents/shell-structured", test_shell_structured);
  g_test_add_func ("/agents/shell-secrets", test_shell_secrets);
  g_test_add_func ("/agents/shell-cancel", test_shell_cancel);
  g_test_add_func ("/agents/shell-kill-grace", test_shell_kill_grace);
  g_test_add_func ("/agents/shell-odd-input", test_shell_odd_input);
  g_test_add_func ("/agents/shell-many-lines", test_shell_many_lines);
  g_test_add_func ("/agents/commands", test_commands);
  g_test_add_func ("/agents/commands-around", test_commands_around);
  g_test_add_func ("/agents/large-stdout", test_large_stdout);
  g_test_add_func ("/agents/leftovers", test_leftovers);

  return g_test_run ();
}
