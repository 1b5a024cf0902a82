/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-claude-handler.h"
#include "session-watcher.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_SECONDS 20

/* The real program is driven in the integration tests. Here a script in its place does what that
 * one cannot be made to do. */
typedef struct
{
  char           *folder;
  char           *program;
  char           *file;      /* for the script to make */
  char           *path;      /* PATH as it was */
  SessionFixture *session;
} Fixture;

static void
assert_contains (const char *message,
                 const char *part)
{
  if (strstr (message, part) == NULL)
    g_error ("no “%s” in “%.600s”", part, message);
}

static void
assert_lacks (const char *message,
              const char *part)
{
  if (strstr (message, part) != NULL)
    g_error ("“%s” in “%.600s”", part, message);
}

static Fixture *
fixture_new (const char *property,
             guint       value)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr(RuntimeUseAgentHandler) handler = runtime_use_claude_handler_new ();
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  self->folder = g_dir_make_tmp ("runtimeuse-XXXXXX", &error);
  g_assert_no_error (error);
  self->program = g_build_filename (self->folder, "claude", NULL);
  g_assert_cmpint (symlink (g_getenv ("RUNTIMEUSE_TEST_SCRIPTED_CLAUDE"), self->program), ==, 0);
  self->file = g_build_filename (self->folder, "file", NULL);
  self->path = g_strdup (g_getenv ("PATH"));
  path = g_strdup_printf ("relative::%s:%s", self->folder, self->path);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("IS_SANDBOX", "1", TRUE);

  if (property != NULL)
    g_object_set (handler, property, value, NULL);
  self->session = session_fixture_new (handler);
  g_object_set (self->session->session, "kill-grace", 100, NULL);

  return self;
}

static void
fixture_free (Fixture *self)
{
  session_fixture_free (self->session);
  g_setenv ("PATH", self->path, TRUE);
  g_unsetenv ("IS_SANDBOX");
  g_unlink (self->program);
  g_unlink (self->file);
  g_rmdir (self->folder);
  g_free (self->file);
  g_free (self->path);
  g_free (self->program);
  g_free (self->folder);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static const char *
ask (Fixture    *f,
     const char *prompt)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"be kind\","
                          "\"user_prompt\":\"%s\",\"model\":\"m 'x'\","
                          "\"secrets_to_redact\":[\"q7q7\"]}", prompt);
  session_fixture_send (f->session, text);

  return session_fixture_wait_terminal (f->session);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("waited in vain");

  return G_SOURCE_REMOVE;
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* For what other processes do and nobody announces. */
#define wait_while(condition)                                                    \
  G_STMT_START                                                                   \
    {                                                                            \
      guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL); \
      guint tick = g_timeout_add (5, tick_cb, NULL);                             \
                                                                                 \
      while (condition)                                                          \
        g_main_context_iteration (NULL, TRUE);                                   \
      g_source_remove (tick);                                                    \
      g_source_remove (deadline);                                                \
    }                                                                            \
  G_STMT_END

static void
test_start (void)
{
  g_autoptr(Fixture) f = fixture_new ("max-turns", 7);
  const char *message;

  g_test_summary ("The program is started as it has to be, and told the rest by its input");

  message = ask (f, "show arguments");
  assert_contains (message,
                   "[\\\"--output-format\\\", \\\"stream-json\\\", \\\"--verbose\\\", "
                   "\\\"--input-format\\\", \\\"stream-json\\\", \\\"--tools\\\", \\\"default\\\", "
                   "\\\"--setting-sources\\\", \\\"\\\", "
                   "\\\"--permission-mode\\\", \\\"bypassPermissions\\\", "
                   "\\\"--allow-dangerously-skip-permissions\\\", "
                   "\\\"--model=m 'x'\\\", \\\"--max-turns\\\", \\\"7\\\"]");
  assert_contains (ask (f, "show initialize"),
                   "{\\\"subtype\\\": \\\"initialize\\\", \\\"systemPrompt\\\": \\\"be kind\\\"}");

  /* The one for the directory that is listed is closed again. */
  assert_contains (ask (f, "show descriptors"), "\"text\":\"[0, 1, 2]\"");
}

static void
test_environment (void)
{
  g_autoptr(Fixture) f = fixture_new ("max-retries", 5);

  g_test_summary ("Variables that make it quiet are set unless somebody set them");

  assert_contains (ask (f, "show environment"),
                   "{\\\"CLAUDE_CODE_ENTRYPOINT\\\": \\\"sdk-ts\\\", "
                   "\\\"CLAUDE_CODE_MAX_RETRIES\\\": \\\"5\\\", "
                   "\\\"DISABLE_TELEMETRY\\\": \\\"1\\\"}");

  g_setenv ("DISABLE_TELEMETRY", "0", TRUE);
  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"show environment\",\"model\":\"\","
                        "\"agent_env\":{\"CLAUDE_CODE_MAX_RETRIES\":\"9\"}}");
  assert_contains (session_fixture_wait_terminal (f->session),
                   "\\\"CLAUDE_CODE_MAX_RETRIES\\\": \\\"9\\\", "
                   "\\\"DISABLE_TELEMETRY\\\": \\\"0\\\"}");
  g_unsetenv ("DISABLE_TELEMETRY");
}

static void
test_secrets (void)
{
  g_autoptr(RuntimeUseAgentHandler) handler = runtime_use_claude_handler_new ();
  const char * const env[] = {
    "ANTHROPIC_API_KEY=theirs", "X=y", "CLAUDE_CODE_OAUTH_TOKEN=", NULL,
  };
  g_auto(GStrv) secrets = NULL;

  g_test_summary ("Keys are secrets, those of the server and those of the request");

  g_setenv ("ANTHROPIC_API_KEY", "ours", TRUE);
  secrets = runtime_use_agent_handler_dup_secrets (handler, env);
  g_unsetenv ("ANTHROPIC_API_KEY");
  g_assert_cmpuint (g_strv_length (secrets), ==, 2);
  g_assert_cmpstr (secrets[0], ==, "ours");
  g_assert_cmpstr (secrets[1], ==, "theirs");
}

static void
test_missing (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  const char *message;

  g_test_summary ("Who lacks the program is told how to get it, and who is root what to do");

  g_unsetenv ("IS_SANDBOX");
  message = ask (f, "stray");
  if (geteuid () == 0)
    assert_contains (message, "IS_SANDBOX=1");
  else
    assert_contains (message, "\"text\":\"done\"");

  g_setenv ("PATH", "/nonexistent", TRUE);
  assert_contains (ask (f, "stray"), "npm install -g @anthropic-ai/claude-code");
}

static void
test_asks (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);

  g_test_summary ("A program that asks for something is answered, and does not wait");

  assert_contains (ask (f, "ask"), "\\\"subtype\\\": \\\"error\\\"");
}

static const char *
ask_for_object (Fixture    *f,
                const char *schema,
                const char *answer)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"answer %s\",\"model\":\"\","
                          "\"output_format_json_schema_str\":\"%s\"}", answer, schema);
  session_fixture_send (f->session, text);

  return session_fixture_wait_terminal (f->session);
}

static void
test_structured_output (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  const char *schema = "{\\\"properties\\\":{\\\"a\\\":{\\\"type\\\":\\\"integer\\\"}}}";
  const char *message;

  g_test_summary ("Structured output is checked, whatever the program made of the schema");

  assert_contains (ask_for_object (f, schema, "{\\\"a\\\":10}"),
                   "\"structured_output\":{\"a\":10}");
  message = ask_for_object (f, schema, "{\\\"a\\\":\\\"b\\\"}");
  assert_contains (message, "claude: it gave no usable structured output, also when it was told "
                   "what was wrong: The answer does not follow the schema. ");
  assert_contains (message, "\"metadata\":{\"error_name\":\"agent-failed\",");
  assert_contains (message, "\"claudeCodeVersion\":\"0.0.0\"");
  assert_contains (ask_for_object (f, "{\\\"type\\\":\\\"objekt\\\"}", "{}"),
                   "output_format_json_schema_str");
}

static void
test_corrections (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  const char *schema = "{\\\"properties\\\":{\\\"a\\\":{\\\"type\\\":\\\"integer\\\"}}}";
  const char *message;

  g_test_summary ("The program is told twice what is wrong with its answer, and no more often");

  message = ask_for_object (f, schema, "no|{\\\"a\\\":\\\"b\\\"}|{\\\"a\\\":10}");
  assert_contains (message, "\"structured_output\":{\"a\":10}");
  assert_contains (message, "\"inputTokens\":30,\"outputTokens\":6,");
  assert_contains (message, "\"totalTokens\":36}");
  assert_contains (message, "\"totalCostUsd\":0.75,\"numTurns\":6,\"durationMs\":6");

  message = ask_for_object (f, schema, "[]|no|never|{\\\"a\\\":10}");
  assert_contains (message, "claude: it ended without the structured output that was asked for "
                   "(output_format_json_schema_str), also when it was told what was wrong, and "
                   "said: never");
  assert_contains (message, "\"metadata\":{\"error_name\":\"agent-failed\",");
  assert_contains (message, "\"numTurns\":6");
}

static void
test_correction (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);

  g_test_summary ("A correction says what is wrong");

  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"answer no|{\\\"b\\\":1}|{\\\"a\\\":1}\",\"model\":\"\","
                        "\"output_format_json_schema_str\":\"{\\\"required\\\":[\\\"a\\\"]}\"}");
  assert_contains (session_fixture_wait (f->session),
                   "told: There was no structured output. Answer again: call the tool "
                   "StructuredOutput with a JSON object that follows the schema.");
  assert_contains (session_fixture_wait (f->session),
                   "told: The answer does not follow the schema. ");
  assert_contains (session_fixture_wait_terminal (f->session), "\"structured_output\":{\"a\":1}");
}

static void
test_last_words (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  const char *message;

  g_test_summary ("An end without a result is an error with the program's last words");

  message = ask (f, "leave 3");
  assert_contains (message, "claude: its process ended with status 3 without a result\\n");
  assert_contains (message, "xxx [REDACTED] end\"");
  g_assert_cmpuint (strlen (message), <, 4500);
  assert_contains (ask (f, "leave 0"), "ended with status 0 without a result");
  assert_contains (ask (f, "hush"),
                   "claude: it closed its standard output, by which it has to be heard, "
                   "and went on");
  assert_contains (ask (f, "die"), "ended by signal 9 (Killed) without a result");
}

static void
test_unfit_lines (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  const char *message;

  g_test_summary ("A line that cannot be used ends the program; a stray one does not");

  message = ask (f, "garble");
  assert_contains (message, "claude: it wrote a line to standard output that cannot be used");
  assert_lacks (message, "q7q7");
  assert_contains (ask (f, "stray"), "\"text\":\"done\"");
}

static void
test_long_line (void)
{
  g_autoptr(RuntimeUseAgentHandler) handler = runtime_use_claude_handler_new ();
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  guint64 max_line_size;

  g_test_summary ("A line may be long, but not longer than that");

  g_object_get (handler, "max-line-size", &max_line_size, NULL);
  g_assert_cmpuint (max_line_size, ==, 64 * 1024 * 1024);
  g_object_set (f->session->handler, "max-line-size", G_GUINT64_CONSTANT (100000), NULL);
  assert_contains (ask (f, "long-line 200000"),
                   "a line of more than 100000 bytes to standard output (max-line-size)");
}

static void
test_silence (void)
{
  g_autoptr(Fixture) f = fixture_new ("idle-timeout", 1);

  g_test_summary ("A silent program is ended");

  assert_contains (ask (f, "silence"),
                   "claude: it said nothing for 1 s (idle-timeout), and was ended");
}

static void
test_silent_tool (void)
{
  g_autoptr(Fixture) f = fixture_new ("idle-timeout", 3);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f->session);

  g_test_summary ("A tool may be silent for long; after it the program may not");

  session_fixture_send_prompt (f->session, "tool 8");
  assert_contains (session_fixture_wait (f->session), "\"Bash is over\"");
  assert_contains (session_fixture_wait_terminal (f->session),
                   "claude: it said nothing for 3 s (idle-timeout), and was ended");
  session_watcher_assert (watcher, "busy started @agent $sleep $ message idle failed @none "
                                   "message");
}

static void
test_stays (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);

  g_test_summary ("A program that stays after its result is ended, and the result counts");

  assert_contains (ask (f, "stay"), "\"text\":\"done\"");
}

static void
test_background (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  g_autofree char *text = NULL;
  const char *found;
  GPid pid;

  g_test_summary ("What a program leaves running lives until the session ends");

  text = g_strdup (ask (f, "background 600"));
  found = strstr (text, "\"text\":\"");
  g_assert_nonnull (found);
  pid = (GPid) g_ascii_strtoull (found + strlen ("\"text\":\""), NULL, 10);
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, 0), ==, 0);

  session_fixture_send (f->session, "{\"message_type\":\"end_session_message\"}");
  session_fixture_wait_closed (f->session);
  wait_while (kill (pid, 0) == 0);
  g_assert_cmpint (errno, ==, ESRCH);
}

static void
cancel (Fixture    *f,
        const char *prompt)
{
  session_fixture_send_prompt (f->session, prompt);
  assert_contains (session_fixture_wait (f->session), "[\"busy\"]");
  session_fixture_send (f->session, "{\"message_type\":\"cancel_message\"}");
  assert_contains (session_fixture_wait_terminal (f->session), "\"error\":\"Request cancelled\"");
}

static void
test_cancel (void)
{
  g_autoptr(Fixture) f = fixture_new (NULL, 0);
  g_autofree char *prompt = NULL;

  g_test_summary ("A cancel asks for an interrupt first, and does not rely on it");

  prompt = g_strdup_printf ("heed %s", f->file);
  cancel (f, prompt);
  g_assert_true (g_file_test (f->file, G_FILE_TEST_EXISTS));
  cancel (f, "ignore");
  assert_contains (ask (f, "stray"), "\"text\":\"done\"");
}

static void
test_flow (void)
{
  g_autoptr(Fixture) f = fixture_new ("idle-timeout", 3);
  g_autofree char *prompt = g_strdup_printf ("stream 20000 %s", f->file);

  g_test_summary ("A client that does not read holds up the program, which is not silent then");

  _runtime_use_memory_channel_set_high_water (f->session->client, 5000);
  _runtime_use_memory_channel_set_held (f->session->client, TRUE);
  session_fixture_send_prompt (f->session, prompt);
  wait_while (!g_file_test (f->file, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->session->client), <, 300000);
  _runtime_use_memory_channel_set_held (f->session->client, FALSE);

  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *part = g_strdup_printf ("[\"message %u\"]", i);

      assert_contains (session_fixture_wait (f->session), part);
    }
  assert_contains (session_fixture_wait (f->session), "\"text\":\"streamed\"");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/claude-handler/start", test_start);
  g_test_add_func ("/claude-handler/environment", test_environment);
  g_test_add_func ("/claude-handler/secrets", test_secrets);
  g_test_add_func ("/claude-handler/missing", test_missing);
  g_test_add_func ("/claude-handler/asks", test_asks);
  g_test_add_func ("/claude-handler/structured-output", test_structured_output);
  g_test_add_func ("/claude-handler/corrections", test_corrections);
  g_test_add_func ("/claude-handler/correction", test_correction);
  g_test_add_func ("/claude-handler/last-words", test_last_words);
  g_test_add_func ("/claude-handler/unfit-lines", test_unfit_lines);
  g_test_add_func ("/claude-handler/long-line", test_long_line);
  g_test_add_func ("/claude-handler/silence", test_silence);
  g_test_add_func ("/claude-handler/silent-tool", test_silent_tool);
  g_test_add_func ("/claude-handler/stays", test_stays);
  g_test_add_func ("/claude-handler/background", test_background);
  g_test_add_func ("/claude-handler/cancel", test_cancel);
  g_test_add_func ("/claude-handler/flow", test_flow);

  return g_test_run ();
}
