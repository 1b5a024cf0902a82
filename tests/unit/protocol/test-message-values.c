/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

static const char * const words[] = { "a", "b", NULL };
static const char * const variables[] = { "A=1", "B=", NULL };

static void
assert_words (const char * const *strv,
              const char * const *expected)
{
  g_assert_cmpstrv ((char **) strv, (char **) expected);
}

static void
test_message_values_artifacts (void)
{
  g_autoptr(RuntimeUseMessage) request = NULL;
  g_autoptr(RuntimeUseMessage) response = NULL;
  g_autoptr(RuntimeUseMessage) result = NULL;
  RuntimeUseArtifactUploadRequestMessage *asked;
  RuntimeUseArtifactUploadResponseMessage *told;
  RuntimeUseArtifactUploadResultMessage *sent;

  g_test_summary ("Artifact messages hold what they were given");

  request = runtime_use_artifact_upload_request_message_new ("n", "p");
  asked = RUNTIME_USE_ARTIFACT_UPLOAD_REQUEST_MESSAGE (request);
  g_assert_cmpstr (runtime_use_artifact_upload_request_message_get_filename (asked), ==, "n");
  g_assert_cmpstr (runtime_use_artifact_upload_request_message_get_filepath (asked), ==, "p");

  response = runtime_use_artifact_upload_response_message_new ("n", "p", "u", "t");
  told = RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (response);
  g_assert_cmpstr (runtime_use_artifact_upload_response_message_get_filename (told), ==, "n");
  g_assert_cmpstr (runtime_use_artifact_upload_response_message_get_filepath (told), ==, "p");
  g_assert_cmpstr (runtime_use_artifact_upload_response_message_get_presigned_url (told), ==, "u");
  g_assert_cmpstr (runtime_use_artifact_upload_response_message_get_content_type (told), ==, "t");

  result = runtime_use_artifact_upload_result_message_new ("p", TRUE, 204, G_MAXINT64, NULL);
  sent = RUNTIME_USE_ARTIFACT_UPLOAD_RESULT_MESSAGE (result);
  g_assert_cmpstr (runtime_use_artifact_upload_result_message_get_filepath (sent), ==, "p");
  g_assert_true (runtime_use_artifact_upload_result_message_get_ok (sent));
  g_assert_cmpuint (runtime_use_artifact_upload_result_message_get_status (sent), ==, 204);
  g_assert_cmpuint (runtime_use_artifact_upload_result_message_get_n_bytes (sent), ==, G_MAXINT64);
  g_assert_null (runtime_use_artifact_upload_result_message_get_error_text (sent));
  g_assert_false (runtime_use_artifact_upload_result_message_get_gone (sent));

  g_clear_object (&result);
  result = runtime_use_artifact_upload_result_message_new_gone ("p", "e");
  sent = RUNTIME_USE_ARTIFACT_UPLOAD_RESULT_MESSAGE (result);
  g_assert_false (runtime_use_artifact_upload_result_message_get_ok (sent));
  g_assert_true (runtime_use_artifact_upload_result_message_get_gone (sent));
  g_assert_cmpstr (runtime_use_artifact_upload_result_message_get_error_text (sent), ==, "e");
}

static void
test_message_values_events (void)
{
  g_autoptr(RuntimeUseMessage) assistant = runtime_use_assistant_message_new (words);
  g_autoptr(RuntimeUseMessage) heartbeat = runtime_use_heartbeat_message_new ("p", 7);
  g_autoptr(RuntimeUseMessage) output = NULL;
  RuntimeUseHeartbeatMessage *beat = RUNTIME_USE_HEARTBEAT_MESSAGE (heartbeat);
  RuntimeUseAssistantMessage *said;
  RuntimeUseCommandOutputMessage *printed;

  g_test_summary ("Messages about a running request hold what they were given");

  said = RUNTIME_USE_ASSISTANT_MESSAGE (assistant);
  assert_words (runtime_use_assistant_message_get_text_blocks (said), words);
  g_assert_cmpstr (runtime_use_heartbeat_message_get_phase (beat), ==, "p");
  g_assert_cmpint (runtime_use_heartbeat_message_get_elapsed_ms (beat), ==, 7);

  output = runtime_use_command_output_message_new (RUNTIME_USE_OUTPUT_STREAM_STDERR, "t", "c");
  printed = RUNTIME_USE_COMMAND_OUTPUT_MESSAGE (output);
  g_assert_cmpint (runtime_use_command_output_message_get_stream (printed), ==,
                   RUNTIME_USE_OUTPUT_STREAM_STDERR);
  g_assert_cmpstr (runtime_use_command_output_message_get_text (printed), ==, "t");
  g_assert_cmpstr (runtime_use_command_output_message_get_command (printed), ==, "c");
}

static void
test_message_values_terminals (void)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(RuntimeUseMessage) failure = runtime_use_error_message_new ("e", "{\"a\": 1}");
  g_autoptr(RuntimeUseMessage) execution = NULL;
  RuntimeUseErrorMessage *error = RUNTIME_USE_ERROR_MESSAGE (failure);
  RuntimeUseCommandResult *result;
  GPtrArray *kept;

  g_test_summary ("Terminals hold what they were given, and nobody can change it later");

  g_assert_cmpstr (runtime_use_error_message_get_error (error), ==, "e");
  g_assert_cmpstr (runtime_use_error_message_get_metadata_json (error), ==, "{\"a\":1}");

  g_ptr_array_add (results, runtime_use_command_result_new ("c", 3, "out", TRUE));
  g_ptr_array_add (results, runtime_use_command_result_new ("d", -1, NULL, FALSE));
  execution = runtime_use_command_execution_result_message_new (results);
  g_ptr_array_set_size (results, 0);

  kept = runtime_use_command_execution_result_message_get_results
    (RUNTIME_USE_COMMAND_EXECUTION_RESULT_MESSAGE (execution));
  g_assert_cmpint (kept->len, ==, 2);

  result = kept->pdata[0];
  g_assert_cmpstr (runtime_use_command_result_get_command (result), ==, "c");
  g_assert_cmpint (runtime_use_command_result_get_exit_code (result), ==, 3);
  g_assert_cmpstr (runtime_use_command_result_get_stdout_text (result), ==, "out");
  g_assert_cmpint (g_bytes_get_size (runtime_use_command_result_get_stdout_bytes (result)), ==, 3);
  g_assert_true (runtime_use_command_result_get_stdout_truncated (result));

  result = kept->pdata[1];
  g_assert_cmpint (runtime_use_command_result_get_exit_code (result), ==, -1);
  g_assert_null (runtime_use_command_result_get_stdout_text (result));
  g_assert_null (runtime_use_command_result_get_stdout_bytes (result));
  g_assert_false (runtime_use_command_result_get_stdout_truncated (result));
}

static void
assert_request_properties (RuntimeUseMessage *message,
                           GPtrArray         *downloadables)
{
  g_autofree char *source_id = NULL;
  g_autofree char *ignore = NULL;
  g_auto(GStrv) secrets = NULL;
  g_auto(GStrv) dirs = NULL;
  g_autoptr(GPtrArray) kept = NULL;

  g_object_get (message,
                "source-id", &source_id,
                "secrets-to-redact", &secrets,
                "artifacts-dirs", &dirs,
                "artifacts-ignore-content", &ignore,
                "downloadables", &kept,
                NULL);
  g_assert_cmpstr (source_id, ==, "id");
  g_assert_cmpstr (ignore, ==, "");
  assert_words ((const char * const *) secrets, words);
  assert_words ((const char * const *) dirs, words);
  g_assert_cmpint (kept->len, ==, 1);
  g_assert_true (kept->pdata[0] == downloadables->pdata[0]);
}

static void
test_message_values_execution (void)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) downloadables = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) kept = NULL;
  g_autoptr(RuntimeUseMessage) message = NULL;

  g_test_summary ("A request for commands has its properties");

  g_ptr_array_add (commands, runtime_use_command_new ("c", NULL, variables));
  g_ptr_array_add (downloadables, runtime_use_downloadable_new ("u", "w"));
  message = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE,
                          "source-id", "id",
                          "secrets-to-redact", words,
                          "artifacts-dirs", words,
                          "artifacts-ignore-content", "",
                          "downloadables", downloadables,
                          "commands", commands,
                          NULL);

  assert_request_properties (message, downloadables);
  g_object_get (message, "commands", &kept, NULL);
  g_assert_cmpint (kept->len, ==, 1);
  assert_words (runtime_use_command_get_env (kept->pdata[0]), variables);
}

static void
test_message_values_invocation (void)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) pre = NULL;
  g_autoptr(GPtrArray) post = NULL;
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autofree char *texts = NULL;
  g_autofree char *system_prompt = NULL;
  g_autofree char *user_prompt = NULL;
  g_autofree char *model = NULL;
  g_autofree char *schema = NULL;
  g_auto(GStrv) env = NULL;

  g_test_summary ("An invocation has its properties");

  g_ptr_array_add (commands, runtime_use_command_new ("c", "/", NULL));
  message = g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE,
                          "system-prompt", "s",
                          "user-prompt", "u",
                          "model", "m",
                          "agent-env", variables,
                          "output-format-json-schema-str", "{}",
                          "pre-commands", commands,
                          "post-commands", commands,
                          NULL);

  g_object_get (message,
                "system-prompt", &system_prompt,
                "user-prompt", &user_prompt,
                "model", &model,
                "agent-env", &env,
                "output-format-json-schema-str", &schema,
                "pre-commands", &pre,
                "post-commands", &post,
                NULL);
  texts = g_strjoin ("|", system_prompt, user_prompt, model, schema, NULL);
  g_assert_cmpstr (texts, ==, "s|u|m|{}");
  assert_words ((const char * const *) env, variables);
  g_assert_true (pre->pdata[0] == commands->pdata[0]);
  g_assert_true (post->pdata[0] == commands->pdata[0]);
}

static void
expect_critical (void)
{
  g_test_expect_message ("RuntimeUse", G_LOG_LEVEL_CRITICAL, "*assertion*failed*");
}

static void
test_message_values_wrong (void)
{
  const char * const no_name[] = { "=1", NULL };
  const char * const no_value[] = { "A", NULL };

  g_test_summary ("What a program must not pass is refused");

  expect_critical ();
  g_assert_null (runtime_use_error_message_new ("e", "[]"));
  expect_critical ();
  g_assert_null (runtime_use_error_message_new ("e", "{} {}"));
  expect_critical ();
  g_assert_null (runtime_use_result_message_new_text ("t", "\"m\""));
  expect_critical ();
  g_assert_null (runtime_use_result_message_new_structured_output ("[1]", NULL));
  expect_critical ();
  g_assert_null (runtime_use_result_message_new_structured_output ("{}", "{\"a\":\"\\ud800\"}"));
  expect_critical ();
  g_assert_null (runtime_use_command_new ("", NULL, NULL));
  expect_critical ();
  g_assert_null (runtime_use_command_new ("c", NULL, no_name));
  expect_critical ();
  g_assert_null (runtime_use_command_new ("c", NULL, no_value));
  g_test_assert_expected_messages ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/message/values-artifacts", test_message_values_artifacts);
  g_test_add_func ("/message/values-events", test_message_values_events);
  g_test_add_func ("/message/values-terminals", test_message_values_terminals);
  g_test_add_func ("/message/values-execution", test_message_values_execution);
  g_test_add_func ("/message/values-invocation", test_message_values_invocation);
  g_test_add_func ("/message/values-wrong", test_message_values_wrong);

  return g_test_run ();
}
