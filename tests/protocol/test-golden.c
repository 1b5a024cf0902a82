/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtimeuse.h"

#include "corpus.h"
#include "runtime-use-command-output-message-private.h"
#include "runtime-use-command-result-private.h"
#include "runtime-use-message-private.h"

/* Every file NAME.json is read and written again. What comes out is in NAME.out, or the same as
 * what went in. NAME begins with the type of the message. */

static void
assert_bytes (GBytes *bytes,
              GBytes *expected)
{
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}

static GBytes *
load_canonical (const char *name)
{
  GBytes *out = corpus_load ("golden", name, ".out");

  return out != NULL ? out : corpus_load ("golden", name, ".json");
}

static void
test_golden_round_trip (gconstpointer test_data)
{
  const char *name = test_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) json = corpus_load ("golden", name, ".json");
  g_autoptr(GBytes) canonical = load_canonical (name);
  g_autoptr(RuntimeUseMessage) message = NULL;
  g_autoptr(RuntimeUseMessage) again = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) bytes_again = NULL;

  message = runtime_use_message_new_from_bytes (json, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (name, runtime_use_message_get_message_type (message)));

  bytes = runtime_use_message_to_bytes (message);
  assert_bytes (bytes, canonical);

  again = runtime_use_message_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  bytes_again = runtime_use_message_to_bytes (again);
  assert_bytes (bytes_again, canonical);
}

/* Takes @message. */
static void
assert_golden (RuntimeUseMessage *message,
               const char        *name)
{
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (message);
  g_autoptr(GBytes) expected = load_canonical (name);

  assert_bytes (bytes, expected);
  g_object_unref (message);
}

static GPtrArray *
make_results (void)
{
  GPtrArray *results = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (results,
                   _runtime_use_command_result_new_counted ("seq 9", 0, "1\n…\0", 6, TRUE));
  g_ptr_array_add (results, runtime_use_command_result_new ("kill $$", -1, NULL, FALSE));

  return results;
}

static void
test_golden_built (void)
{
  const char * const blocks[] = { "first", "", "\x1b[1mbold\x1b[0m", NULL };
  g_autoptr(GPtrArray) results = make_results ();

  g_test_summary ("What a runtime builds is what the golden files say");

  assert_golden (runtime_use_result_message_new_text ("“done”\t😀", NULL), "result_message-text");
  assert_golden (runtime_use_result_message_new_structured_output (
                   "{ \"answer\": [42, 1e400, null], \"na\\u00efve\": {} }",
                   "{\"tokens\": 12, \"cost\": 0.10}"),
                 "result_message-structured");
  assert_golden (runtime_use_command_execution_result_message_new (results),
                 "command_execution_result_message");
  assert_golden (runtime_use_error_message_new ("Request cancelled", NULL), "error_message");
  assert_golden (runtime_use_assistant_message_new (blocks), "assistant_message");
  assert_golden (runtime_use_assistant_delta_message_new ("The answ"), "assistant_delta_message");
  assert_golden (_runtime_use_command_output_message_new_counted (
                   RUNTIME_USE_OUTPUT_STREAM_STDOUT,
                   "zero: \0, replaced: \xff\r\n", 22, "cat f"),
                 "command_output_message-stdout");
  assert_golden (runtime_use_heartbeat_message_new ("request_in_flight", 15000),
                 "heartbeat_message");
  assert_golden (runtime_use_artifact_upload_request_message_new ("report.pdf",
                                                                  "/out/2024/report.pdf"),
                 "artifact_upload_request_message");
  assert_golden (runtime_use_artifact_upload_result_message_new ("/out/2024/report.pdf", TRUE, 200,
                                                                 G_GUINT64_CONSTANT (4294967296),
                                                                 NULL),
                 "artifact_upload_result_message");
  assert_golden (runtime_use_artifact_upload_result_message_new (
                   "out/a b.txt", FALSE, 0, 0,
                   "Cannot send to bucket.example.org: Connection refused"),
                 "artifact_upload_result_message-failed");
  assert_golden (runtime_use_artifact_upload_result_message_new_gone (
                   "out/part.o",
                   "Cannot open out/part.o any more: ENOENT: No such file or directory"),
                 "artifact_upload_result_message-gone");
  assert_golden (runtime_use_download_progress_message_new (1, G_GUINT64_CONSTANT (4294967296),
                                                            G_GUINT64_CONSTANT (8589934592)),
                 "download_progress_message");
  assert_golden (runtime_use_end_session_confirm_message_new (), "end_session_confirm_message");
}

static void
test_golden_complete (void)
{
  static const char * const types[] = {
    "artifact_upload_request_message", "artifact_upload_response_message",
    "artifact_upload_result_message", "assistant_delta_message", "assistant_message",
    "cancel_message",
    "command_execution_message", "command_execution_result_message", "command_output_message",
    "download_progress_message", "end_session_confirm_message", "end_session_message",
    "error_message", "heartbeat_message", "invocation_message", "result_message",
  };
  g_auto(GStrv) names = corpus_list ("golden", ".json");
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_test_summary ("Every type of message has a golden file");

  for (gsize i = 0; names[i] != NULL; i++)
    g_hash_table_add (seen, g_strndup (names[i], strcspn (names[i], "-")));
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_true (g_hash_table_contains (seen, types[i]));
  g_assert_cmpint (g_hash_table_size (seen), ==, G_N_ELEMENTS (types));
}

int
main (int   argc,
      char *argv[])
{
  g_auto(GStrv) names = NULL;

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  names = corpus_list ("golden", ".json");
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/golden/round-trip/", names[i], NULL);

      g_test_add_data_func (path, names[i], test_golden_round_trip);
    }
  g_test_add_func ("/golden/built", test_golden_built);
  g_test_add_func ("/golden/complete", test_golden_complete);

  return g_test_run ();
}
