/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-assistant-message.h"
#include "runtime-use-command-output-message.h"
#include "runtime-use-error-message.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-message-fit-private.h"
#include "runtime-use-result-message.h"

#include <string.h>

static void
assert_fits (RuntimeUseMessage *message)
{
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (message);

  g_assert_cmpuint (g_bytes_get_size (bytes), <=, RUNTIME_USE_LIMIT_OUTGOING_MESSAGE);
}

static void
collect_cb (RuntimeUseMessage *message,
            gpointer           user_data)
{
  assert_fits (message);
  g_ptr_array_add (user_data, g_object_ref (message));
}

static void
parse_cb (GBytes   *bytes,
          gpointer  user_data)
{
  RuntimeUseMessage *message;
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (g_bytes_get_size (bytes), <=, RUNTIME_USE_LIMIT_OUTGOING_MESSAGE);
  message = runtime_use_message_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_ptr_array_add (user_data, message);
}

static void
test_assistant (void)
{
  g_autofree char *large = g_strnfill (700000, '"');
  g_autofree char *middle = g_strnfill (400000, 'x');
  const char *blocks[] = { "first", large, middle, "", middle, "last", NULL };
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GString) all = g_string_new (NULL);
  g_autoptr(GString) expected = g_string_new (NULL);

  g_test_summary ("Blocks keep their order and lose nothing when they need several messages");

  _runtime_use_fit_assistant_message (blocks, collect_cb, messages);
  g_assert_cmpuint (messages->len, >, 1);

  for (guint i = 0; i < messages->len; i++)
    {
      RuntimeUseAssistantMessage *message = g_ptr_array_index (messages, i);
      const char * const *texts = runtime_use_assistant_message_get_text_blocks (message);

      for (guint j = 0; texts[j] != NULL; j++)
        g_string_append (all, texts[j]);
    }
  for (guint i = 0; blocks[i] != NULL; i++)
    g_string_append (expected, blocks[i]);
  g_assert_cmpstr (all->str, ==, expected->str);
}

static void
test_assistant_empty (void)
{
  const char *blocks[] = { NULL };
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);

  g_test_summary ("A message without blocks is one message");

  _runtime_use_fit_assistant_message (blocks, collect_cb, messages);
  g_assert_cmpuint (messages->len, ==, 1);
}

static void
test_output (void)
{
  g_autofree char *text = g_strnfill (600000, '\001');
  g_autofree char *command = g_strnfill (2000, '\n');
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  gsize length = 0;

  g_test_summary ("Output that grows when it is encoded is sent in several messages");

  _runtime_use_fit_command_output (RUNTIME_USE_OUTPUT_STREAM_STDERR, text, 600000, command,
                                   parse_cb, messages);
  g_assert_cmpuint (messages->len, ==, 4);
  for (guint i = 0; i < messages->len; i++)
    {
      RuntimeUseCommandOutputMessage *message = g_ptr_array_index (messages, i);

      length += strlen (runtime_use_command_output_message_get_text (message));
      g_assert_cmpstr (runtime_use_command_output_message_get_command (message), ==, command);
    }
  g_assert_cmpuint (length, ==, 600000);
}

static void
test_result (void)
{
  g_autofree char *fitting = g_strnfill (990000, 'x');
  g_autofree char *growing = g_strnfill (500001, '\n');
  g_autoptr(RuntimeUseMessage) small = NULL;
  g_autoptr(RuntimeUseMessage) large = NULL;

  g_test_summary ("A result goes through whole, or is an error that says why not");

  small = _runtime_use_fit_result (runtime_use_result_message_new_text (fitting, NULL));
  g_assert_true (RUNTIME_USE_IS_RESULT_MESSAGE (small));
  assert_fits (small);

  large = _runtime_use_fit_result (runtime_use_result_message_new_text (growing, NULL));
  g_assert_true (RUNTIME_USE_IS_ERROR_MESSAGE (large));
  g_assert_nonnull (strstr (runtime_use_error_message_get_error (RUNTIME_USE_ERROR_MESSAGE (large)),
                            "1000004 bytes"));
}

static void
test_error (void)
{
  g_autofree char *text = g_strnfill (2000000, '\n');
  g_autofree char *filler = g_strnfill (300000, 'x');
  g_autofree char *metadata = g_strdup_printf ("{\"k\":\"%s\"}", filler);
  g_autoptr(RuntimeUseMessage) message = NULL;
  RuntimeUseErrorMessage *error;

  g_test_summary ("An error's text is shortened with a note, its details are dropped");

  message = _runtime_use_fit_error (runtime_use_error_message_new (text, metadata));
  assert_fits (message);
  error = RUNTIME_USE_ERROR_MESSAGE (message);
  g_assert_true (g_str_has_suffix (runtime_use_error_message_get_error (error),
                                   "bytes omitted]"));
  g_assert_cmpstr (runtime_use_error_message_get_metadata_json (error), ==,
                   "{\"metadata_omitted\":300008}");
}

static void
test_near_the_limit (void)
{
  g_autofree char *control = g_strnfill (166000, '\001');
  g_autofree char *plain = g_strnfill (160000, 'x');
  g_autofree char *filler = g_strnfill (240000, 'x');
  g_autofree char *metadata = g_strdup_printf ("{\"k\":\"%s\"}", filler);
  g_autoptr(RuntimeUseMessage) error = NULL;
  g_autoptr(RuntimeUseMessage) result = NULL;

  g_test_summary ("What just fits goes through, what just does not is cut, with details beside it");

  error = _runtime_use_fit_error (runtime_use_error_message_new (control, metadata));
  assert_fits (error);
  g_assert_cmpstr (runtime_use_error_message_get_metadata_json (RUNTIME_USE_ERROR_MESSAGE (error)),
                   ==, metadata);

  result = _runtime_use_fit_result (runtime_use_result_message_new_text (plain, metadata));
  assert_fits (result);
  g_assert_true (RUNTIME_USE_IS_RESULT_MESSAGE (result));
}

static void
test_text (void)
{
  g_autofree char *whole = _runtime_use_fit_text ("äöü", 6);
  g_autofree char *cut = _runtime_use_fit_text ("ääääääääääääääääääääääääääääääääääääääää", 60);

  g_test_summary ("Text is cut between characters, and only when it must be");

  g_assert_cmpstr (whole, ==, "äöü");
  g_assert_cmpstr (cut, ==, "ääääää… [68 bytes omitted]");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/message-fit/assistant", test_assistant);
  g_test_add_func ("/message-fit/assistant-empty", test_assistant_empty);
  g_test_add_func ("/message-fit/output", test_output);
  g_test_add_func ("/message-fit/result", test_result);
  g_test_add_func ("/message-fit/error", test_error);
  g_test_add_func ("/message-fit/near-the-limit", test_near_the_limit);
  g_test_add_func ("/message-fit/text", test_text);

  return g_test_run ();
}
