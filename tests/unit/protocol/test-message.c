/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "runtime-use-command-output-message-private.h"
#include "runtime-use-command-result-private.h"

/* Takes @message. */
static void
assert_writes (RuntimeUseMessage *message,
               const char        *expected)
{
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (message);
  g_autofree char *text = NULL;

  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_cmpstr (text, ==, expected);
  g_assert_finalize_object (message);
}

static void
test_message_write_plain (void)
{
  g_test_summary ("Messages without members are only their type");

  assert_writes (runtime_use_cancel_message_new (),
                 "{\"message_type\":\"cancel_message\"}");
  assert_writes (runtime_use_end_session_message_new (),
                 "{\"message_type\":\"end_session_message\"}");
  assert_writes (runtime_use_end_session_confirm_message_new (),
                 "{\"message_type\":\"end_session_confirm_message\"}");
}

static void
test_message_write_terminals (void)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);

  g_test_summary ("Terminals have the members and the order of the wire");

  g_ptr_array_add (results, runtime_use_command_result_new ("a", 0, "x\ny", TRUE));
  g_ptr_array_add (results, runtime_use_command_result_new ("b", -1, "", FALSE));

  assert_writes (runtime_use_error_message_new ("no \"way\"", "{\"k\":[1]}"),
                 "{\"message_type\":\"error_message\",\"error\":\"no \\\"way\\\"\","
                 "\"metadata\":{\"k\":[1]}}");
  assert_writes (runtime_use_result_message_new_text ("é", NULL),
                 "{\"message_type\":\"result_message\",\"metadata\":{},"
                 "\"data\":{\"type\":\"text\",\"text\":\"é\"}}");
  assert_writes (runtime_use_result_message_new_structured_output ("{\"a\":1e400}", "{\"m\":0}"),
                 "{\"message_type\":\"result_message\",\"metadata\":{\"m\":0},"
                 "\"data\":{\"type\":\"structured_output\",\"structured_output\":{\"a\":1e400}}}");
  assert_writes (runtime_use_command_execution_result_message_new (results),
                 "{\"message_type\":\"command_execution_result_message\",\"results\":["
                 "{\"command\":\"a\",\"exit_code\":0,\"stdout\":\"x\\ny\","
                 "\"stdout_truncated\":true},"
                 "{\"command\":\"b\",\"exit_code\":-1}]}");
}

static void
test_message_write_events (void)
{
  const char * const blocks[] = { "a", "", "\x01\x7f", NULL };
  const char * const none[] = { NULL };

  g_test_summary ("What is said while a request runs has the members and the order of the wire");

  assert_writes (runtime_use_assistant_message_new (blocks),
                 "{\"message_type\":\"assistant_message\","
                 "\"text_blocks\":[\"a\",\"\",\"\\u0001\x7f\"]}");
  assert_writes (runtime_use_assistant_message_new (none),
                 "{\"message_type\":\"assistant_message\",\"text_blocks\":[]}");
  assert_writes (runtime_use_heartbeat_message_new ("request_in_flight", 15000),
                 "{\"message_type\":\"heartbeat_message\",\"phase\":\"request_in_flight\","
                 "\"elapsed_ms\":15000}");
  assert_writes (runtime_use_heartbeat_message_new ("p", G_MININT64),
                 "{\"message_type\":\"heartbeat_message\",\"phase\":\"p\","
                 "\"elapsed_ms\":-9223372036854775808}");
  assert_writes (runtime_use_command_output_message_new (RUNTIME_USE_OUTPUT_STREAM_STDERR,
                                                         "err\n", "c"),
                 "{\"message_type\":\"command_output_message\",\"stream\":\"stderr\","
                 "\"text\":\"err\\n\",\"command\":\"c\"}");
  assert_writes (_runtime_use_command_output_message_new_counted (RUNTIME_USE_OUTPUT_STREAM_STDOUT,
                                                                  "a\0b", 3, "c"),
                 "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                 "\"text\":\"a\\u0000b\",\"command\":\"c\"}");
  assert_writes (runtime_use_artifact_upload_request_message_new ("f", "/d/f"),
                 "{\"message_type\":\"artifact_upload_request_message\",\"filename\":\"f\","
                 "\"filepath\":\"/d/f\"}");
}

static void
test_message_write_not_utf8 (void)
{
  const char * const blocks[] = { "\xff", NULL };

  g_test_summary ("What is written is always valid UTF-8");

  assert_writes (runtime_use_assistant_message_new (blocks),
                 "{\"message_type\":\"assistant_message\",\"text_blocks\":[\"\xef\xbf\xbd\"]}");
  assert_writes (_runtime_use_command_output_message_new_counted (RUNTIME_USE_OUTPUT_STREAM_STDOUT,
                                                                  "\0\xc3", 2, "\xed\xa0\x80"),
                 "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\","
                 "\"text\":\"\\u0000\xef\xbf\xbd\","
                 "\"command\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
}

static void
test_message_encode_output (void)
{
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(GBytes) direct = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_test_summary ("The short way for output says the same as the long one");

  for (int stream = RUNTIME_USE_OUTPUT_STREAM_STDOUT;
       stream <= RUNTIME_USE_OUTPUT_STREAM_STDERR;
       stream++)
    {
      g_clear_object (&message);
      g_clear_pointer (&direct, g_bytes_unref);
      g_clear_pointer (&bytes, g_bytes_unref);

      message = _runtime_use_command_output_message_new_counted (stream, "\"é\0", 4, "a\\b");
      bytes = runtime_use_message_to_bytes (message);
      direct = _runtime_use_command_output_message_encode (stream, "\"é\0", 4, "a\\b");
      g_assert_true (g_bytes_equal (bytes, direct));
    }
}

static void
test_message_write_request (void)
{
  const char * const env[] = { "A=1=2", "B=", NULL };
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  RuntimeUseMessage *message;

  g_test_summary ("A client can build a request");

  g_ptr_array_add (commands, runtime_use_command_new ("ls", "/tmp", env));
  g_ptr_array_add (commands, runtime_use_command_new ("true", NULL, NULL));
  message = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE,
                          "source-id", "s",
                          "commands", commands,
                          NULL);

  assert_writes (message,
                 "{\"message_type\":\"command_execution_message\",\"source_id\":\"s\","
                 "\"secrets_to_redact\":[],\"commands\":["
                 "{\"cwd\":\"/tmp\",\"command\":\"ls\",\"env\":{\"A\":\"1=2\",\"B\":\"\"}},"
                 "{\"command\":\"true\"}]}");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/message/write-plain", test_message_write_plain);
  g_test_add_func ("/message/write-terminals", test_message_write_terminals);
  g_test_add_func ("/message/write-events", test_message_write_events);
  g_test_add_func ("/message/write-not-utf8", test_message_write_not_utf8);
  g_test_add_func ("/message/encode-output", test_message_encode_output);
  g_test_add_func ("/message/write-request", test_message_write_request);

  return g_test_run ();
}
