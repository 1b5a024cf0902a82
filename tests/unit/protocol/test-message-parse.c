/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtimeuse.h"

#include "runtime-use-message-private.h"

#define INVOCATION \
  "{\"message_type\":\"invocation_message\",\"system_prompt\":\"s\",\"user_prompt\":\"u\"," \
  "\"model\":\"m\""
#define EXECUTION "{\"message_type\":\"command_execution_message\",\"commands\":"

static RuntimeUseMessage *
parse_counted (const char  *json,
               gsize        length,
               char       **message_type,
               GError     **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (json, length);

  return _runtime_use_message_parse (bytes, message_type, error);
}

static gpointer
parse (const char *json)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseMessage *message = parse_counted (json, strlen (json), NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (message);

  return message;
}

/* Takes @json. */
static void
assert_refused (char            *json,
                RuntimeUseError  code,
                const char      *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_type = NULL;
  g_autofree char *owned = json;

  g_assert_null (parse_counted (owned, strlen (owned), &message_type, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, text);

  if (code == RUNTIME_USE_ERROR_INVALID_FIELD)
    g_assert_nonnull (message_type);
}

static void
assert_field (const char *json,
              const char *text)
{
  assert_refused (g_strdup (json), RUNTIME_USE_ERROR_INVALID_FIELD, text);
}

static void
assert_strv (const char * const *strv,
             const char         *joined)
{
  g_autofree char *actual = g_strjoinv ("|", (char **) strv);

  g_assert_nonnull (strv);
  g_assert_cmpstr (actual, ==, joined);
}

static void
test_message_parse_invocation (void)
{
  g_autoptr(RuntimeUseInvocationMessage) message = NULL;
  RuntimeUseRequestMessage *request;
  RuntimeUseCommand *command;
  RuntimeUseDownloadable *downloadable;

  g_test_summary ("All members of an invocation arrive");

  message = parse (INVOCATION ",\"source_id\":\"id\",\"agent_env\":{\"A\":\"1\",\"B\":\"=\"},"
                   "\"output_format_json_schema_str\":\"{\",\"secrets_to_redact\":[\"x\",\"\"],"
                   "\"artifacts_dirs\":[\"/b\",\"/a\",\"/b\"],\"artifacts_dir\":\"/a\","
                   "\"artifacts_ignore_content\":\"\",\"later\":[{}],"
                   "\"pre_agent_invocation_commands\":[{\"cwd\":\"/c\",\"command\":\"l\\ns\","
                   "\"env\":{\"\\u0041\":\"\\u00e9\"}}],"
                   "\"post_agent_invocation_commands\":[{\"command\":\"true\"}],"
                   "\"pre_agent_downloadables\":[{\"download_url\":\"http://h\","
                   "\"working_dir\":\"/w\",\"extract\":\"never\"},"
                   "{\"download_url\":\"u\",\"working_dir\":\"\",\"extract\":\"auto\"},"
                   "{\"download_url\":\"u\",\"working_dir\":\"\",\"extract\":null}]}");
  request = RUNTIME_USE_REQUEST_MESSAGE (message);

  g_assert_cmpstr (runtime_use_invocation_message_get_system_prompt (message), ==, "s");
  g_assert_cmpstr (runtime_use_invocation_message_get_user_prompt (message), ==, "u");
  g_assert_cmpstr (runtime_use_invocation_message_get_model (message), ==, "m");
  g_assert_cmpstr (runtime_use_invocation_message_get_output_format_json_schema_str (message),
                   ==, "{");
  assert_strv (runtime_use_invocation_message_get_agent_env (message), "A=1|B==");
  g_assert_cmpstr (runtime_use_request_message_get_source_id (request), ==, "id");
  assert_strv (runtime_use_request_message_get_secrets_to_redact (request), "x|");
  assert_strv (runtime_use_request_message_get_artifacts_dirs (request), "/a|/b");
  g_assert_cmpstr (runtime_use_request_message_get_artifacts_ignore_content (request), ==, "");

  g_assert_cmpint (runtime_use_invocation_message_get_pre_commands (message)->len, ==, 1);
  command = runtime_use_invocation_message_get_pre_commands (message)->pdata[0];
  g_assert_cmpstr (runtime_use_command_get_command (command), ==, "l\ns");
  g_assert_cmpstr (runtime_use_command_get_cwd (command), ==, "/c");
  assert_strv (runtime_use_command_get_env (command), "A=é");

  g_assert_cmpint (runtime_use_invocation_message_get_post_commands (message)->len, ==, 1);
  command = runtime_use_invocation_message_get_post_commands (message)->pdata[0];
  g_assert_null (runtime_use_command_get_cwd (command));
  g_assert_null (runtime_use_command_get_env (command));

  g_assert_cmpint (runtime_use_request_message_get_downloadables (request)->len, ==, 3);
  downloadable = runtime_use_request_message_get_downloadables (request)->pdata[0];
  g_assert_cmpstr (runtime_use_downloadable_get_download_url (downloadable), ==, "http://h");
  g_assert_cmpstr (runtime_use_downloadable_get_working_dir (downloadable), ==, "/w");
  g_assert_cmpint (runtime_use_downloadable_get_extract (downloadable), ==,
                   RUNTIME_USE_EXTRACT_NEVER);
  downloadable = runtime_use_request_message_get_downloadables (request)->pdata[1];
  g_assert_cmpint (runtime_use_downloadable_get_extract (downloadable), ==,
                   RUNTIME_USE_EXTRACT_AUTO);
  downloadable = runtime_use_request_message_get_downloadables (request)->pdata[2];
  g_assert_cmpint (runtime_use_downloadable_get_extract (downloadable), ==,
                   RUNTIME_USE_EXTRACT_ZIP);
}

static void
assert_bare (const char *json)
{
  g_autoptr(RuntimeUseInvocationMessage) message = parse (json);
  RuntimeUseRequestMessage *request = RUNTIME_USE_REQUEST_MESSAGE (message);

  g_assert_null (runtime_use_request_message_get_source_id (request));
  assert_strv (runtime_use_request_message_get_secrets_to_redact (request), "");
  assert_strv (runtime_use_request_message_get_artifacts_dirs (request), "");
  g_assert_null (runtime_use_request_message_get_artifacts_ignore_content (request));
  g_assert_cmpint (runtime_use_request_message_get_downloadables (request)->len, ==, 0);
  g_assert_null (runtime_use_invocation_message_get_agent_env (message));
  g_assert_null (runtime_use_invocation_message_get_output_format_json_schema_str (message));
  g_assert_cmpint (runtime_use_invocation_message_get_pre_commands (message)->len, ==, 0);
  g_assert_cmpint (runtime_use_invocation_message_get_post_commands (message)->len, ==, 0);
}

static void
test_message_parse_optional (void)
{
  g_test_summary ("Optional members may be missing, null, and lists empty, which is all the same");

  assert_bare (INVOCATION "}");
  assert_bare (INVOCATION ",\"source_id\":null,\"agent_env\":null,\"secrets_to_redact\":null,"
               "\"output_format_json_schema_str\":null,\"artifacts_dirs\":null,"
               "\"artifacts_dir\":null,\"artifacts_ignore_content\":null,"
               "\"pre_agent_invocation_commands\":null,\"post_agent_invocation_commands\":null,"
               "\"pre_agent_downloadables\":null}");
  assert_bare (INVOCATION ",\"output_format_json_schema_str\":\"\",\"secrets_to_redact\":[],"
               "\"artifacts_dirs\":[],\"artifacts_dir\":\"\","
               "\"pre_agent_invocation_commands\":[],\"post_agent_invocation_commands\":[],"
               "\"pre_agent_downloadables\":[]}");
}

static void
test_message_parse_duplicates (void)
{
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_autoptr(RuntimeUseMessage) cancel = NULL;
  RuntimeUseCommand *command;

  g_test_summary ("Of members with the same name the last one counts, wherever they are");

  message = parse ("{\"commands\":7,\"message_type\":\"cancel_message\",\"commands\":["
                   "{\"command\":null,\"command\":[1],\"command\":\"x\",\"env\":{\"A\":\"1\","
                   "\"B\":\"2\",\"A\":\"3\"},\"cwd\":\"/\",\"cwd\":null}],"
                   "\"message_type\":\"command_execution_message\"}");
  command = runtime_use_command_execution_message_get_commands (message)->pdata[0];
  g_assert_cmpstr (runtime_use_command_get_command (command), ==, "x");
  g_assert_null (runtime_use_command_get_cwd (command));
  assert_strv (runtime_use_command_get_env (command), "A=3|B=2");

  cancel = parse ("{\"message_type\":\"invocation_message\",\"message\\u005ftype\":"
                  "\"cancel\\u005fmessage\"}");
  g_assert_true (RUNTIME_USE_IS_CANCEL_MESSAGE (cancel));
}

static void
test_message_parse_not_a_message (void)
{
  static const struct { const char *json; RuntimeUseError code; } cases[] = {
    { "", RUNTIME_USE_ERROR_MALFORMED },
    { "null", RUNTIME_USE_ERROR_MALFORMED },
    { "{", RUNTIME_USE_ERROR_MALFORMED },
    { "nope", RUNTIME_USE_ERROR_MALFORMED },
    { "[1,]", RUNTIME_USE_ERROR_MALFORMED },
    { "{\"message_type\":\"cancel_message\"}{}", RUNTIME_USE_ERROR_MALFORMED },
    { "{\"message_type\":\"cancel_message\",\"x\":[1 2]}", RUNTIME_USE_ERROR_MALFORMED },
    { INVOCATION ",\"model\":7,\"x\":\"\\ud800\"}", RUNTIME_USE_ERROR_MALFORMED },
    { "[]", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "\"cancel_message\"", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "12345678901234567890123", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "true", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":null}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":[\"cancel_message\"]}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":\"\"}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":\"Cancel_message\"}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":\"cancel_message\\u0000\"}", RUNTIME_USE_ERROR_NOT_A_MESSAGE },
    { "{\"message_type\":\"cancel_message\",\"message_type\":1}",
      RUNTIME_USE_ERROR_NOT_A_MESSAGE },
  };

  g_test_summary ("Broken text, null, and what is no message are told apart");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *message_type = NULL;

      g_test_message ("%s", cases[i].json);
      g_assert_null (parse_counted (cases[i].json, strlen (cases[i].json), &message_type, &error));
      g_assert_error (error, RUNTIME_USE_ERROR, (int) cases[i].code);
      g_assert_null (message_type);
    }
}

static void
test_message_parse_types (void)
{
  g_test_summary ("A member of the wrong type is named, with its path");

  assert_field (INVOCATION ",\"secrets_to_redact\":\"x\"}",
                "secrets_to_redact must be an array, not a string");
  assert_field (INVOCATION ",\"secrets_to_redact\":[\"x\",null]}",
                "secrets_to_redact[1] must be a string, not null");
  assert_field (INVOCATION ",\"artifacts_dirs\":{}}",
                "artifacts_dirs must be an array, not an object");
  assert_field (INVOCATION ",\"artifacts_dir\":true}",
                "artifacts_dir must be a string, not a boolean");
  assert_field (INVOCATION ",\"source_id\":1}", "source_id must be a string, not a number");
  assert_field (INVOCATION ",\"agent_env\":[]}", "agent_env must be an object, not an array");
  assert_field (INVOCATION ",\"agent_env\":{\"A\":null}}",
                "agent_env.A must be a string, not null");
  assert_field (INVOCATION ",\"pre_agent_invocation_commands\":[{\"command\":\"a\"},"
                "{\"command\":\"b\"},{\"command\":\"c\",\"env\":{\"HOME\":\"/\",\"PATH\":1}}]}",
                "pre_agent_invocation_commands[2].env.PATH must be a string, not a number");
  assert_field (INVOCATION ",\"post_agent_invocation_commands\":[\"ls\"]}",
                "post_agent_invocation_commands[0] must be an object, not a string");
  assert_field (INVOCATION ",\"pre_agent_downloadables\":[{\"download_url\":\"u\"}]}",
                "pre_agent_downloadables[0].working_dir is missing");
  assert_field (INVOCATION ",\"pre_agent_downloadables\":[{\"download_url\":\"u\","
                "\"working_dir\":\"w\",\"extract\":\"zip\"}]}",
                "pre_agent_downloadables[0].extract must be “auto” or “never”");
  assert_field (EXECUTION "{}}", "commands must be an array, not an object");
  assert_field (EXECUTION "[],\"pre_execution_downloadables\":7}",
                "pre_execution_downloadables must be an array, not a number");
}

static void
test_message_parse_required (void)
{
  g_test_summary ("A required member that is missing, null or empty is named");

  assert_field ("{\"message_type\":\"invocation_message\"}", "system_prompt is missing");
  assert_field (INVOCATION ",\"user_prompt\":null}", "user_prompt must not be null");
  assert_field ("{\"message_type\":\"command_execution_message\"}", "commands is missing");
  assert_field (EXECUTION "null}", "commands must not be null");
  assert_field (EXECUTION "[{}]}", "commands[0].command is missing");
  assert_field (EXECUTION "[{\"command\":null}]}", "commands[0].command must not be null");
  assert_field (EXECUTION "[{\"command\":\"a\"},{\"command\":\"\"}]}",
                "commands[1].command must not be empty");
  assert_field ("{\"message_type\":\"artifact_upload_response_message\",\"filename\":\"f\"}",
                "filepath is missing");
}

static void
test_message_parse_nul (void)
{
  g_test_summary ("NUL in what becomes a C string is refused and named");

  assert_field (EXECUTION "[{\"command\":\"a\\u0000b\"}]}",
                "commands[0].command must not hold a NUL character");
  assert_field (EXECUTION "[{\"command\":\"a\",\"cwd\":\"\\u0000\"}]}",
                "commands[0].cwd must not hold a NUL character");
  assert_field (EXECUTION "[{\"command\":\"a\",\"env\":{\"A\":\"\\u0000\"}}]}",
                "commands[0].env.A must not hold a NUL character");
  assert_field (EXECUTION "[{\"command\":\"a\",\"env\":{\"A\\u0000B\":\"\"}}]}",
                "commands[0].env.A?B must not have NUL in its name");
  assert_field (INVOCATION ",\"user_prompt\":\"\\u0000\"}",
                "user_prompt must not hold a NUL character");
  assert_field (INVOCATION ",\"secrets_to_redact\":[\"a\\u0000\"]}",
                "secrets_to_redact[0] must not hold a NUL character");
}

static void
test_message_parse_env_names (void)
{
  g_test_summary ("Names that no environment can have are refused");

  assert_field (INVOCATION ",\"agent_env\":{\"\":\"\"}}",
                "agent_env must not hold a variable without a name");
  assert_field (INVOCATION ",\"agent_env\":{\"A=B\":\"\"}}",
                "agent_env.A=B must not have “=” in its name");
  assert_field (INVOCATION ",\"agent_env\":{\"\\u0007é\":7}}",
                "agent_env.?é must be a string, not a number");
}

static char *
repeat (const char *before,
        const char *item,
        gsize       n,
        const char *after)
{
  GString *json = g_string_new (before);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (json, "%s%s", i > 0 ? "," : "", item);

  return g_string_free (g_string_append (json, after), FALSE);
}

static char *
fill (const char *before,
      char        byte,
      gsize       n,
      const char *after)
{
  g_autofree char *filling = g_strnfill (n, byte);

  return g_strconcat (before, filling, after, NULL);
}

static void
test_message_parse_limits (void)
{
  g_autofree char *commands = repeat (EXECUTION "[", "{\"command\":\"a\"}", 4096, "]}");
  g_autofree char *secrets = fill (INVOCATION ",\"secrets_to_redact\":[\"", 'x', 1 << 20, "\"]}");
  g_autoptr(RuntimeUseMessage) message = parse (commands);
  g_autoptr(RuntimeUseMessage) other = parse (secrets);

  g_test_summary ("What exceeds a limit is refused, and the limit named");

  g_assert_nonnull (message);
  g_assert_nonnull (other);
  assert_refused (repeat (EXECUTION "[", "{\"command\":\"a\"}", 4097, "]}"),
                  RUNTIME_USE_ERROR_TOO_LARGE, "commands has more than 4096 items");
  assert_refused (repeat (INVOCATION ",\"secrets_to_redact\":[", "\"a\"", 10001, "]}"),
                  RUNTIME_USE_ERROR_TOO_LARGE, "secrets_to_redact has more than 10000 items");
  assert_refused (fill (INVOCATION ",\"secrets_to_redact\":[\"", 'x', (1 << 20) + 1, "\"]}"),
                  RUNTIME_USE_ERROR_TOO_LARGE, "secrets_to_redact holds more than 1048576 bytes");
}

static void
test_message_parse_many_variables (void)
{
  GString *json = g_string_new (INVOCATION ",\"agent_env\":{");
  g_autofree char *text = NULL;
  g_autoptr(RuntimeUseInvocationMessage) message = NULL;
  const char * const *env;

  g_test_summary ("Variables stay unique and in order when there are many");

  for (guint i = 0; i < 30000; i++)
    g_string_append_printf (json, "\"V%u\":\"%u\",", i % 10000, i);
  text = g_string_free (g_string_append (json, "\"V7\":\"end\"}}"), FALSE);
  message = parse (text);

  env = runtime_use_invocation_message_get_agent_env (message);
  g_assert_cmpint (g_strv_length ((char **) env), ==, 10000);
  g_assert_cmpstr (env[7], ==, "V7=end");
  g_assert_cmpstr (env[9999], ==, "V9999=29999");

  json = g_string_new (INVOCATION ",\"agent_env\":{");
  for (guint i = 0; i <= 10000; i++)
    g_string_append_printf (json, "%s\"V%u\":\"\"", i > 0 ? "," : "", i);
  assert_refused (g_string_free (g_string_append (json, "}}"), FALSE),
                  RUNTIME_USE_ERROR_TOO_LARGE, "agent_env has more than 10000 items");
}

static void
test_message_parse_unknown_members (void)
{
  g_autofree char *deep = fill ("{\"message_type\":\"cancel_message\",\"x\":", '[', 100000, "}");
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Unknown members are ignored but must be JSON too");

  message = parse ("{\"message_type\":\"cancel_message\",\"x\":[1e400,{\"\":\"\\u0000\"},"
                   "99999999999999999999999],\"commands\":7}");
  g_assert_true (RUNTIME_USE_IS_CANCEL_MESSAGE (message));

  g_assert_null (parse_counted (deep, strlen (deep), NULL, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
}

static void
test_message_parse_to_client (void)
{
  g_autoptr(RuntimeUseResultMessage) text = NULL;
  g_autoptr(RuntimeUseResultMessage) object = NULL;
  g_autoptr(RuntimeUseCommandOutputMessage) output = NULL;
  g_autoptr(RuntimeUseErrorMessage) failure = NULL;
  GBytes *bytes;

  g_test_summary ("The messages of a runtime are read as well");

  text = parse ("{\"message_type\":\"result_message\",\"data\":{\"type\":\"text\",\"text\":\"t\","
                "\"structured_output\":{}}}");
  g_assert_cmpstr (runtime_use_result_message_get_text (text), ==, "t");
  g_assert_null (runtime_use_result_message_get_structured_output_json (text));
  g_assert_cmpstr (runtime_use_result_message_get_metadata_json (text), ==, "{}");

  object = parse ("{\"message_type\":\"result_message\",\"metadata\":{ \"\\u00e9\" : [1.50] },"
                  "\"data\":{\"type\":\"structured_output\","
                  "\"structured_output\":{\"a\": 1e400}}}");
  g_assert_null (runtime_use_result_message_get_text (object));
  g_assert_cmpstr (runtime_use_result_message_get_structured_output_json (object), ==,
                   "{\"a\":1e400}");
  g_assert_cmpstr (runtime_use_result_message_get_metadata_json (object), ==, "{\"é\":[1.50]}");

  output = parse ("{\"message_type\":\"command_output_message\",\"stream\":\"stderr\","
                  "\"text\":\"a\\u0000b\",\"command\":\"c\"}");
  bytes = runtime_use_command_output_message_get_text_bytes (output);
  g_assert_cmpint (runtime_use_command_output_message_get_stream (output), ==,
                   RUNTIME_USE_OUTPUT_STREAM_STDERR);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "a\0b", 3);
  g_assert_cmpstr (runtime_use_command_output_message_get_text (output), ==, "a");

  failure = parse ("{\"message_type\":\"error_message\",\"error\":\"e\",\"metadata\":null}");
  g_assert_cmpstr (runtime_use_error_message_get_metadata_json (failure), ==, "{}");
}

static void
test_message_parse_to_client_invalid (void)
{
  g_test_summary ("So are their members checked");

  assert_field ("{\"message_type\":\"error_message\",\"metadata\":{}}", "error is missing");
  assert_field ("{\"message_type\":\"error_message\",\"error\":\"\",\"metadata\":[]}",
                "metadata must be an object, not an array");
  assert_field ("{\"message_type\":\"result_message\"}", "data is missing");
  assert_field ("{\"message_type\":\"result_message\",\"data\":{\"type\":\"text\"}}",
                "data.text is missing");
  assert_field ("{\"message_type\":\"result_message\",\"data\":{\"type\":\"number\"}}",
                "data.type must be “text” or “structured_output”");
  assert_field ("{\"message_type\":\"result_message\",\"data\":{\"type\":\"structured_output\","
                "\"structured_output\":[]}}",
                "data.structured_output must be an object, not an array");
  assert_field ("{\"message_type\":\"heartbeat_message\",\"phase\":\"p\",\"elapsed_ms\":1.5}",
                "elapsed_ms must be an integer from -9223372036854775808 to 9223372036854775807");
  assert_field ("{\"message_type\":\"heartbeat_message\",\"phase\":\"p\","
                "\"elapsed_ms\":9223372036854775808}",
                "elapsed_ms must be an integer from -9223372036854775808 to 9223372036854775807");
  assert_field ("{\"message_type\":\"command_execution_result_message\",\"results\":["
                "{\"command\":\"c\",\"exit_code\":2147483648}]}",
                "results[0].exit_code must be an integer from -2147483648 to 2147483647");
  assert_field ("{\"message_type\":\"command_execution_result_message\",\"results\":["
                "{\"command\":\"c\",\"exit_code\":0,\"stdout_truncated\":1}]}",
                "results[0].stdout_truncated must be a boolean, not a number");
}

static void
test_message_parse_request_types (void)
{
  g_test_summary ("Requests are told apart by their type");

  g_assert_true (_runtime_use_message_type_is_request ("invocation_message"));
  g_assert_true (_runtime_use_message_type_is_request ("command_execution_message"));
  g_assert_false (_runtime_use_message_type_is_request ("artifact_upload_response_message"));
  g_assert_false (_runtime_use_message_type_is_request (NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/message/parse-invocation", test_message_parse_invocation);
  g_test_add_func ("/message/parse-optional", test_message_parse_optional);
  g_test_add_func ("/message/parse-duplicates", test_message_parse_duplicates);
  g_test_add_func ("/message/parse-not-a-message", test_message_parse_not_a_message);
  g_test_add_func ("/message/parse-types", test_message_parse_types);
  g_test_add_func ("/message/parse-required", test_message_parse_required);
  g_test_add_func ("/message/parse-nul", test_message_parse_nul);
  g_test_add_func ("/message/parse-env-names", test_message_parse_env_names);
  g_test_add_func ("/message/parse-limits", test_message_parse_limits);
  g_test_add_func ("/message/parse-many-variables", test_message_parse_many_variables);
  g_test_add_func ("/message/parse-unknown-members", test_message_parse_unknown_members);
  g_test_add_func ("/message/parse-to-client", test_message_parse_to_client);
  g_test_add_func ("/message/parse-to-client-invalid", test_message_parse_to_client_invalid);
  g_test_add_func ("/message/parse-request-types", test_message_parse_request_types);

  return g_test_run ();
}
