/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "runtime-use-message-private.h"

/* Takes @message. */
static void
assert_redacted (RuntimeUseMessage *message,
                 const char        *secret,
                 const char        *expected)
{
  const char * const secrets[] = { secret, NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(GBytes) before = runtime_use_message_to_bytes (message);
  g_autoptr(RuntimeUseMessage) redacted = _runtime_use_message_redact (message, redactor);
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (redacted);
  g_autoptr(GBytes) after = runtime_use_message_to_bytes (message);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_assert_cmpstr (text, ==, expected);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_true ((redacted == message) == g_bytes_equal (before, bytes));
  g_object_unref (message);
}

static void
test_message_redact_terminals (void)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);

  g_test_summary ("Everything that somebody said in a terminal is redacted");

  assert_redacted (runtime_use_error_message_new ("no key", "{\"key\":[\"akey\"]}"), "key",
                   "{\"message_type\":\"error_message\",\"error\":\"no [REDACTED]\","
                   "\"metadata\":{\"[REDACTED]\":[\"a[REDACTED]\"]}}");
  assert_redacted (runtime_use_result_message_new_text ("key", NULL), "key",
                   "{\"message_type\":\"result_message\",\"metadata\":{},"
                   "\"data\":{\"type\":\"text\",\"text\":\"[REDACTED]\"}}");
  assert_redacted (runtime_use_result_message_new_structured_output ("{\"a\":\"key\"}",
                                                                     "{\"m\":0}"), "key",
                   "{\"message_type\":\"result_message\",\"metadata\":{\"m\":0},"
                   "\"data\":{\"type\":\"structured_output\","
                   "\"structured_output\":{\"a\":\"[REDACTED]\"}}}");

  g_ptr_array_add (results, runtime_use_command_result_new ("ls", 0, "key", TRUE));
  g_ptr_array_add (results, runtime_use_command_result_new ("echo key", 3, "key", FALSE));
  assert_redacted (runtime_use_command_execution_result_message_new (results), "key",
                   "{\"message_type\":\"command_execution_result_message\",\"results\":["
                   "{\"command\":\"ls\",\"exit_code\":0,\"stdout\":\"key\","
                   "\"stdout_truncated\":true},"
                   "{\"command\":\"echo [REDACTED]\",\"exit_code\":3,\"stdout\":\"key\"}]}");
}

static void
test_message_redact_events (void)
{
  const char * const blocks[] = { "a", "key", "b", "xkey", NULL };

  g_test_summary ("So is what is said before, except for output, which was redacted as a stream");

  assert_redacted (runtime_use_assistant_message_new (blocks), "key",
                   "{\"message_type\":\"assistant_message\","
                   "\"text_blocks\":[\"a\",\"[REDACTED]\",\"b\",\"x[REDACTED]\"]}");
  assert_redacted (runtime_use_command_output_message_new (RUNTIME_USE_OUTPUT_STREAM_STDERR,
                                                           "key", "key"), "key",
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stderr\","
                   "\"text\":\"key\",\"command\":\"[REDACTED]\"}");
  assert_redacted (runtime_use_artifact_upload_request_message_new ("key.txt", "/d/key.txt"), "key",
                   "{\"message_type\":\"artifact_upload_request_message\","
                   "\"filename\":\"[REDACTED].txt\",\"filepath\":\"/d/[REDACTED].txt\"}");
  assert_redacted (runtime_use_artifact_upload_result_message_new ("/d/key", FALSE, 403, 7,
                                                                   "no key"), "key",
                   "{\"message_type\":\"artifact_upload_result_message\","
                   "\"filepath\":\"/d/[REDACTED]\",\"ok\":false,\"status\":403,\"bytes\":7,"
                   "\"error\":\"no [REDACTED]\"}");
}

static void
test_message_redact_words (void)
{
  g_test_summary ("The words of the protocol are never redacted, whatever is a secret");

  assert_redacted (runtime_use_end_session_confirm_message_new (), "message",
                   "{\"message_type\":\"end_session_confirm_message\"}");
  assert_redacted (runtime_use_heartbeat_message_new ("request_in_flight", 15000), "e",
                   "{\"message_type\":\"heartbeat_message\",\"phase\":\"request_in_flight\","
                   "\"elapsed_ms\":15000}");
  assert_redacted (runtime_use_result_message_new_text ("1", "{\"text\":1}"), "t",
                   "{\"message_type\":\"result_message\","
                   "\"metadata\":{\"[REDACTED]ex[REDACTED]\":1},"
                   "\"data\":{\"type\":\"text\",\"text\":\"1\"}}");
  assert_redacted (runtime_use_command_output_message_new (RUNTIME_USE_OUTPUT_STREAM_STDOUT,
                                                           "a", "b"), "stdout",
                   "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                   "\"text\":\"a\",\"command\":\"b\"}");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/message/redact-terminals", test_message_redact_terminals);
  g_test_add_func ("/message/redact-events", test_message_redact_events);
  g_test_add_func ("/message/redact-words", test_message_redact_words);

  return g_test_run ();
}
