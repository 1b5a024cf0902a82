/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-invocation-private.h"
#include "session-watcher.h"

#include <string.h>

static void
assert_nothing_runs (SessionFixture *f)
{
  g_assert_null (runtime_use_session_get_request_kind (f->session));
  g_assert_null (runtime_use_session_get_source_id (f->session));
  g_assert_null (runtime_use_session_get_model (f->session));
  g_assert_null (runtime_use_session_get_command (f->session));
  g_assert_cmpint (runtime_use_session_get_phase (f->session), ==,
                   RUNTIME_USE_REQUEST_PHASE_NONE);
  g_assert_cmpint (runtime_use_session_get_request_started_at (f->session), ==, 0);
}

static void
test_fresh (void)
{
  gint64 before = g_get_real_time ();
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("A session that has done nothing says when it began, and nothing else");

  g_assert_null (runtime_use_session_get_peer (f->session));
  g_assert_cmpint (runtime_use_session_get_connected_at (f->session), >=, before);
  g_assert_cmpint (runtime_use_session_get_connected_at (f->session), <=, g_get_real_time ());
  assert_nothing_runs (f);
  session_fixture_assert_counts (f, 0, 0, 0);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 0);
  g_assert_null (runtime_use_session_get_last_error (f->session));
  g_assert_null (runtime_use_session_get_last_error_name (f->session));
  g_assert_cmpint (runtime_use_session_get_last_duration (f->session), ==, 0);
}

static void
test_invocation (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);
  const char *blocks[] = { "one", "two", NULL };

  g_test_summary ("An invocation is told of from its acceptance to its terminal, in order");

  session_fixture_send (f, "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                           "\"user_prompt\":\"x\",\"model\":\"m1\",\"source_id\":\"job 7\","
                           "\"secrets_to_redact\":[]}");
  session_watcher_assert (watcher, "busy started @agent");
  g_assert_cmpstr (runtime_use_session_get_request_kind (f->session), ==, "invocation");
  g_assert_cmpstr (runtime_use_session_get_source_id (f->session), ==, "job 7");
  g_assert_cmpstr (runtime_use_session_get_model (f->session), ==, "m1");

  runtime_use_invocation_send_assistant_message (fake_agent_peek (f->agent), blocks);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 6);
  session_fixture_settle (f);
  session_watcher_assert (watcher, "message");

  fake_clock_advance (f->clock, 1500);
  session_fixture_answer (f, "done");
  session_watcher_assert (watcher, "idle succeeded @none message");
  assert_nothing_runs (f);
  session_fixture_assert_counts (f, 1, 0, 0);
  g_assert_cmpint (runtime_use_session_get_last_duration (f->session), ==, 1500000);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 6);
}

static void
test_commands (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("Of a list of commands the one that runs is shown");

  session_fixture_send (f, "{\"message_type\":\"command_execution_message\","
                           "\"commands\":["
                           "{\"command\":\"printf 12345\"},{\"command\":\"exit 3\"}]}");
  session_fixture_wait_terminal (f);
  session_fixture_settle (f);
  session_watcher_assert (watcher, "busy started @agent $printf 12345 message $exit 3 $ idle "
                                   "succeeded @none message");
  session_fixture_assert_counts (f, 1, 0, 0);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, 5);
}

static void
test_failed (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("A failure is counted and its text kept until the next one");

  session_fixture_send (f, "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                           "\"user_prompt\":\"x\",\"model\":\"m1\",\"secrets_to_redact\":[],"
                           "\"pre_agent_invocation_commands\":[{\"command\":\"exit 4\"}]}");
  session_fixture_wait_terminal (f);
  session_watcher_assert (watcher, "busy started @before $exit 4 $ idle failed @none message");
  session_fixture_assert_counts (f, 1, 1, 0);
  g_assert_cmpstr (runtime_use_session_get_last_error (f->session), ==,
                   "pre-agent command failed with exit code: 4");
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "command-failed");

  session_fixture_send_prompt (f, "one");
  session_fixture_answer (f, "fine");
  session_fixture_assert_counts (f, 2, 1, 0);
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "command-failed");
}

/* A text of so many bytes. */
static char *
repeat (const char *piece,
        gsize       length)
{
  GString *text = g_string_new (NULL);

  while (text->len < length)
    g_string_append (text, piece);

  return g_string_free (text, FALSE);
}

static void
send_named (SessionFixture *f,
            const char     *source_id,
            const char     *model)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                          "\"user_prompt\":\"x\",\"model\":\"%s\",\"source_id\":\"%s\","
                          "\"secrets_to_redact\":[\"hush-hush\"]}", model, source_id);
  session_fixture_send (f, text);
}

static void
test_secrets (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED,
                                                 "no hush-hush, no " FAKE_AGENT_KEY);
  g_autoptr(RuntimeUseInvocation) invocation = NULL;

  g_test_summary ("Nothing that is told holds a secret of the request or of the agent");

  send_named (f, "job hush-hush", FAKE_AGENT_KEY "-large");
  g_assert_cmpstr (runtime_use_session_get_source_id (f->session), ==, "job [REDACTED]");
  g_assert_cmpstr (runtime_use_session_get_model (f->session), ==, "[REDACTED]-large");
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), "curl -u me:hush-hush x");
  g_assert_cmpstr (runtime_use_session_get_command (f->session), ==, "curl -u me:[REDACTED] x");

  invocation = fake_agent_take (f->agent);
  runtime_use_invocation_return_error (invocation, error);
  g_assert_cmpstr (runtime_use_session_get_last_error (f->session), ==,
                   "no [REDACTED], no [REDACTED]");
}

/* What is left of a secret that lies across the limit must not be seen. */
static void
test_secrets_at_the_limit (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);

  g_test_summary ("A secret is found before the text is cut");

  for (guint before = 240; before < 260; before++)
    {
      g_autofree char *start = g_strnfill (before, 'a');
      g_autofree char *name = g_strconcat (start, "hush-hush and so on", NULL);
      g_autofree char *command = g_strconcat (start, start, start, start, "hush-hush", NULL);

      send_named (f, name, name);
      g_assert_cmpuint (strlen (runtime_use_session_get_source_id (f->session)), ==, 256);
      g_assert_null (strchr (runtime_use_session_get_source_id (f->session), 'h'));
      g_assert_null (strchr (runtime_use_session_get_model (f->session), 'h'));
      _runtime_use_invocation_show_command (fake_agent_peek (f->agent), command);
      g_assert_cmpuint (strlen (runtime_use_session_get_command (f->session)), <=, 1024);
      g_assert_null (strchr (runtime_use_session_get_command (f->session), 'h'));
      session_fixture_answer (f, "done");
    }
}

static void
test_limits (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *euros = repeat ("€", 300);
  g_autofree char *exact = g_strnfill (256, 'x');
  g_autofree char *command = repeat ("😀", 2000);
  g_autofree char *shifted = g_strconcat ("x", command, NULL);
  g_autofree char *reason = repeat ("€", 3000);
  g_autoptr(GError) error = NULL;
  g_autoptr(RuntimeUseInvocation) invocation = NULL;

  g_test_summary ("Long texts are cut between characters");

  send_named (f, euros, exact);
  g_assert_cmpuint (strlen (runtime_use_session_get_source_id (f->session)), ==, 255);
  g_assert_true (g_utf8_validate (runtime_use_session_get_source_id (f->session), -1, NULL));
  g_assert_cmpstr (runtime_use_session_get_model (f->session), ==, exact);

  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), command);
  g_assert_cmpuint (strlen (runtime_use_session_get_command (f->session)), ==, 1024);
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), shifted);
  g_assert_cmpuint (strlen (runtime_use_session_get_command (f->session)), ==, 1021);
  g_assert_true (g_utf8_validate (runtime_use_session_get_command (f->session), -1, NULL));

  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, reason);
  invocation = fake_agent_take (f->agent);
  runtime_use_invocation_return_error (invocation, error);
  g_assert_cmpuint (strlen (runtime_use_session_get_last_error (f->session)), ==, 510);
  g_assert_true (g_utf8_validate (runtime_use_session_get_last_error (f->session), -1, NULL));
}

static void
fail_with (SessionFixture *f,
           int             code,
           const char     *metadata)
{
  g_autoptr(RuntimeUseInvocation) invocation = NULL;
  g_autoptr(JsonNode) node = metadata != NULL ? json_from_string (metadata, NULL) : NULL;
  g_autoptr(GError) error = NULL;

  session_fixture_send_prompt (f, "x");
  invocation = fake_agent_take (f->agent);
  error = g_error_new (RUNTIME_USE_ERROR, code, "code %d", code);
  if (node != NULL)
    runtime_use_invocation_send_error_message (invocation, error->message, node);
  runtime_use_invocation_return_error (invocation, error);
}

static void
test_error_names (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *long_text = g_strnfill (1200000, 'x');

  g_test_summary ("Whatever an agent calls its error, watchers are told that the agent failed");

  fail_with (f, RUNTIME_USE_ERROR_TIMED_OUT, NULL);
  g_assert_cmpstr (runtime_use_session_get_last_error (f->session), ==, "code 7");
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "agent-failed");

  fail_with (f, RUNTIME_USE_ERROR_FAILED, "{\"error_name\":\"my prompt\"}");
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "agent-failed");

  session_fixture_send_prompt (f, "x");
  session_fixture_answer (f, long_text);
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "too-large");

  g_object_set (f->session, "invocation-timeout", 60, NULL);
  session_fixture_send_prompt (f, "x");
  fake_clock_advance (f->clock, 60000);
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "too-large");
  session_fixture_answer (f, "too late");
  g_assert_cmpstr (runtime_use_session_get_last_error_name (f->session), ==, "timed-out");
  session_fixture_assert_counts (f, 4, 4, 0);
}

static void
test_refused (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(SessionWatcher) watcher = session_watcher_new (f);

  g_test_summary ("What is no request, or refused, counts nowhere");

  session_fixture_send (f, "{ malformed");
  session_fixture_send (f, "{\"message_type\":\"invocation_message\"}");
  session_fixture_send (f, "{\"message_type\":\"cancel_message\"}");
  session_watcher_assert (watcher, "message message");
  session_fixture_send_prompt (f, "one");
  session_fixture_send_prompt (f, "two");
  session_watcher_assert (watcher, "busy started @agent message");
  session_fixture_assert_counts (f, 0, 0, 0);
  g_assert_null (runtime_use_session_get_last_error (f->session));
  session_fixture_answer (f, "done");
  session_fixture_assert_counts (f, 1, 0, 0);
}

static void
count_at_the_end_cb (RuntimeUseSession        *session,
                     RuntimeUseRequestOutcome  outcome,
                     guint64                  *bytes)
{
  *bytes = runtime_use_session_get_output_bytes (session);
}

static void
test_output_bytes (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  const char *blocks[] = { "€", "hush-hush", NULL };
  guint64 at_the_end = 0;

  g_test_summary ("What was sent is counted once, as it was sent, over all requests");

  g_signal_connect (f->session, "request-finished", G_CALLBACK (count_at_the_end_cb),
                    &at_the_end);
  send_named (f, "", "");
  runtime_use_invocation_send_assistant_message (fake_agent_peek (f->agent), blocks);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==,
                    strlen ("€[REDACTED]"));
  session_fixture_answer (f, "the result does not count");
  g_assert_cmpuint (at_the_end, ==, strlen ("€[REDACTED]"));

  session_fixture_send (f, "{\"message_type\":\"command_execution_message\",\"commands\":["
                           "{\"command\":\"printf 12345; printf 123 >&2\"}]}");
  g_assert_nonnull (strstr (session_fixture_wait_terminal (f), "\"result_message\""));
  session_fixture_wait_terminal (f);
  g_assert_cmpuint (at_the_end, ==, strlen ("€[REDACTED]") + 8);
  g_assert_cmpuint (runtime_use_session_get_output_bytes (f->session), ==, at_the_end);
  g_signal_handlers_disconnect_by_data (f->session, &at_the_end);
}

static void
test_read_generically (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autofree char *kind = NULL, *source_id = NULL, *model = NULL, *command = NULL, *peer = NULL;
  g_autofree char *last_error = NULL, *last_error_name = NULL;
  RuntimeUseRequestPhase phase;
  gint64 connected_at, started_at, last_duration;
  guint64 done, failed, cancelled, output_bytes;

  g_test_summary ("Every getter has its property");

  fail_with (f, RUNTIME_USE_ERROR_FAILED, NULL);
  send_named (f, "job", "m");
  fake_clock_advance (f->clock, 10);
  _runtime_use_invocation_show_command (fake_agent_peek (f->agent), "make");
  g_object_get (f->session, "peer", &peer, "connected-at", &connected_at, "request-kind", &kind,
                "source-id", &source_id, "model", &model, "phase", &phase, "command", &command,
                "request-started-at", &started_at, "requests-done", &done,
                "requests-failed", &failed, "requests-cancelled", &cancelled,
                "output-bytes", &output_bytes, "last-error", &last_error,
                "last-error-name", &last_error_name, "last-duration", &last_duration, NULL);
  g_assert_null (peer);
  g_assert_cmpint (connected_at, ==, runtime_use_session_get_connected_at (f->session));
  g_assert_cmpstr (kind, ==, "invocation");
  g_assert_cmpstr (source_id, ==, "job");
  g_assert_cmpstr (model, ==, "m");
  g_assert_cmpint (phase, ==, RUNTIME_USE_REQUEST_PHASE_AGENT);
  g_assert_cmpstr (command, ==, "make");
  g_assert_cmpint (started_at, ==, runtime_use_session_get_request_started_at (f->session));
  g_assert_cmpint (started_at, >=, connected_at);
  g_assert_cmpuint (done, ==, 1);
  g_assert_cmpuint (failed, ==, 1);
  g_assert_cmpuint (cancelled, ==, 0);
  g_assert_cmpuint (output_bytes, ==, 0);
  g_assert_cmpstr (last_error, ==, "code 0");
  g_assert_cmpstr (last_error_name, ==, "agent-failed");
  g_assert_cmpint (last_duration, ==, 0);
}

static void
name_cb (RuntimeUseSession *session,
         GParamSpec        *pspec,
         GString           *names)
{
  g_string_append_printf (names, "%s ", pspec->name);
}

static void
test_notifications (void)
{
  g_autoptr(SessionFixture) f = session_fixture_new (NULL);
  g_autoptr(GString) names = g_string_new (NULL);

  g_test_summary ("Only what the signals of a request do not tell is notified");

  g_signal_connect (f->session, "notify", G_CALLBACK (name_cb), names);
  send_named (f, "job", "m");
  g_assert_cmpstr (names->str, ==, "state phase ");
  g_string_truncate (names, 0);
  session_fixture_answer (f, "done");
  g_assert_cmpstr (names->str, ==, "state phase ");
  g_string_truncate (names, 0);

  fail_with (f, RUNTIME_USE_ERROR_FAILED, NULL);
  g_assert_nonnull (strstr (names->str, " last-error last-error-name state "));
  g_signal_handlers_disconnect_by_data (f->session, names);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/session-properties/fresh", test_fresh);
  g_test_add_func ("/session-properties/invocation", test_invocation);
  g_test_add_func ("/session-properties/commands", test_commands);
  g_test_add_func ("/session-properties/failed", test_failed);
  g_test_add_func ("/session-properties/secrets", test_secrets);
  g_test_add_func ("/session-properties/secrets-at-the-limit", test_secrets_at_the_limit);
  g_test_add_func ("/session-properties/limits", test_limits);
  g_test_add_func ("/session-properties/error-names", test_error_names);
  g_test_add_func ("/session-properties/refused", test_refused);
  g_test_add_func ("/session-properties/output-bytes", test_output_bytes);
  g_test_add_func ("/session-properties/read-generically", test_read_generically);
  g_test_add_func ("/session-properties/notifications", test_notifications);

  return g_test_run ();
}
