/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hosted-fixture.h"

/* What hosts are asked, and what they answer. */

static void
test_answers (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  g_autofree char *pid = NULL;

  g_test_summary ("A host answers, streams and reports, and stays warm");

  pid = g_strdup (hosted_ask (f->session, "pid"));
  assert_contains (hosted_ask (f->session, "echo hello"),
                   "\"data\":{\"type\":\"text\",\"text\":\"hello\"}");
  session_fixture_send_prompt (f->session, "stream 3");
  assert_contains (session_fixture_wait (f->session), "[\"message 1 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "[\"message 2 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "[\"message 3 of 3\"]");
  assert_contains (session_fixture_wait (f->session), "streamed 3 messages");
  assert_contains (hosted_ask (f->session, "outcome {\\\"type\\\": \\\"structured_output\\\","
                                           "\\\"structured_output\\\": {\\\"a\\\": 1e400}, "
                                           "\\\"metadata\\\": {\\\"b\\\": 0.10}}"),
                   "\"metadata\":{\"b\":0.10},"
                   "\"data\":{\"type\":\"structured_output\",\"structured_output\":{\"a\":1e400}}");
  assert_contains (hosted_ask (f->session, "report bad"),
                   "\"error\":\"bad\",\"metadata\":{\"source\":\"scripted\"}");
  assert_contains (hosted_ask (f->session, "fail worse"),
                   "\"error\":\"worse\",\"metadata\":{\"error_name\":\"OddError\"}");
  g_assert_cmpstr (hosted_ask (f->session, "pid"), ==, pid);
  session_fixture_assert_quiet (f->session);
}

static void
test_invocation (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  const char *message;

  g_test_summary ("A host is given all that an invocation holds");

  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"be\\nkind\","
                        "\"user_prompt\":\"invocation\",\"model\":\"m\","
                        "\"agent_env\":{\"A\":\"b=c\"},\"secrets_to_redact\":[\"q7q7\"],"
                        "\"output_format_json_schema_str\":\"{\\\"type\\\" :\\n 1.0}\"}");
  message = session_fixture_wait_terminal (f->session);
  assert_contains (message, "\\\"system_prompt\\\": \\\"be\\\\nkind\\\"");
  assert_contains (message, "\\\"model\\\": \\\"m\\\"");
  assert_contains (message, "\\\"env\\\": {\\\"A\\\": \\\"b=c\\\"}");
  assert_contains (message, "\\\"secrets\\\": [\\\"[REDACTED]\\\"]");
  assert_contains (message, "\\\"output_format\\\": {\\\"type\\\": 1.0}");
}

static void
test_unfit_outcomes (void)
{
  static const struct { const char *outcome; const char *problem; } cases[] = {
    { "17", "it is no object" },
    { "{}", "its \\\"type\\\" must be" },
    { "{\\\"type\\\":\\\"poem\\\"}", "not \\\"poem\\\"" },
    { "{\\\"type\\\":\\\"text\\\"}", "its \\\"text\\\" must be a string" },
    { "{\\\"type\\\":\\\"text\\\",\\\"text\\\":7}", "its \\\"text\\\" must be a string" },
    { "{\\\"type\\\":\\\"structured_output\\\",\\\"structured_output\\\":[]}",
      "must be a JSON object" },
    { "{\\\"type\\\":\\\"text\\\",\\\"text\\\":\\\"\\\",\\\"metadata\\\":[]}",
      "the metadata must be a JSON object" },
  };
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("An outcome of no known kind is an error that says what is wrong with it");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *prompt = g_strdup_printf ("outcome %s", cases[i].outcome);
      const char *message = hosted_ask (f->session, prompt);

      assert_contains (message, "error_message");
      assert_contains (message, cases[i].problem);
    }
}

static void
test_odd_messages (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("Unknown ids and types, second results and late words are ignored");

  assert_contains (hosted_ask (f->session, "twice"), "\"text\":\"first\"");
  assert_contains (hosted_ask (f->session, "other-id"), "\"text\":\"right\"");
  assert_contains (hosted_ask (f->session, "echo on"), "\"text\":\"on\"");
  session_fixture_assert_quiet (f->session);
}

static void
test_line_limit (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("The limit of a line is exact, also when the end of the line came with it");

  g_object_set (f->handler, "max-line-size", (guint64) 2000, NULL);
  assert_contains (hosted_ask (f->session, "echo fits"), "\"text\":\"fits\"");
  {
    g_autofree char *word = g_strnfill (2000, 'x');
    g_autofree char *prompt = g_strdup_printf ("echo %s", word);

    assert_contains (hosted_ask (f->session, prompt), "more than 2000 bytes");
  }
}

static void
test_backpressure (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  const guint n = 40000;

  g_test_summary ("A host whose client does not read is not read, and nothing is lost");

  g_assert_no_error (hosted_prepare (f->handler));
  _runtime_use_memory_channel_set_high_water (f->session->client, 5000);
  _runtime_use_memory_channel_set_held (f->session->client, TRUE);
  session_fixture_send_prompt (f->session, "stream 40000");
  while (_runtime_use_memory_channel_get_pending (f->session->client) < 5000)
    g_main_context_iteration (NULL, TRUE);
  session_fixture_settle (f->session);
  g_assert_cmpuint (_runtime_use_memory_channel_get_pending (f->session->client), <, 6000);
  _runtime_use_memory_channel_set_held (f->session->client, FALSE);

  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *part = g_strdup_printf ("\"message %u of 40000\"", i);

      assert_contains (session_fixture_wait (f->session), part);
    }
  assert_contains (session_fixture_wait (f->session), "streamed 40000 messages");
  assert_contains (hosted_ask (f->session, "flow"), "[\\\"pause\\\"");
}

static GLogWriterOutput
keep_log (GLogLevelFlags   level,
          const GLogField *fields,
          gsize            n_fields,
          gpointer         user_data)
{
  GString *log = user_data;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (log, "%s\n", (const char *) fields[i].value);

  return G_LOG_WRITER_HANDLED;
}

static void
test_secrets_of_others (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");
  GString *log = g_string_new (NULL);

  g_test_summary ("What a host says late, or in an error of another client, has no secrets in it");

  g_log_set_writer_func (keep_log, log, NULL);
  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"model\":\"\",\"secrets_to_redact\":[\"q7q7\"],"
                        "\"user_prompt\":\"say-late q7q7\"}");
  assert_contains (session_fixture_wait_terminal (f->session), "said");
  assert_contains (hosted_ask (f->session, "garbage a q7q7 b"), "a [REDACTED] b");
  assert_contains (log->str, "late: [REDACTED]");
  assert_contains (log->str, "of nobody: [REDACTED]");
  g_assert_null (strstr (log->str, "q7q7"));
}

static void
test_secrets (void)
{
  g_autoptr(HostedFixture) f = hosted_fixture_new ("concurrent");

  g_test_summary ("What a host prints is logged without the secrets of those it serves");

  g_assert_no_error (hosted_prepare (f->handler));
  session_fixture_send (f->session,
                        "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"model\":\"\",\"secrets_to_redact\":[\"first\\nsecond\"],"
                        "\"user_prompt\":\"die a first\\nsecond b\"}");
  assert_contains (session_fixture_wait_terminal (f->session),
                   "last words: a [REDACTED] b");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hosted-handler/answers", test_answers);
  g_test_add_func ("/hosted-handler/invocation", test_invocation);
  g_test_add_func ("/hosted-handler/unfit-outcomes", test_unfit_outcomes);
  g_test_add_func ("/hosted-handler/odd-messages", test_odd_messages);
  g_test_add_func ("/hosted-handler/line-limit", test_line_limit);
  g_test_add_func ("/hosted-handler/backpressure", test_backpressure);
  g_test_add_func ("/hosted-handler/secrets", test_secrets);
  /* The last one: the log cannot be given back. */
  g_test_add_func ("/hosted-handler/secrets-of-others", test_secrets_of_others);

  return g_test_run ();
}
