/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-writer-private.h"
#include "runtime-use-output-capture-private.h"

#include <string.h>

static char *
join (RuntimeUseOutputCapture *capture)
{
  return g_string_free (_runtime_use_output_capture_join (capture), FALSE);
}

static void
test_whole (void)
{
  g_autoptr(RuntimeUseOutputCapture) capture = _runtime_use_output_capture_new (8);
  g_autofree char *text = NULL;

  g_test_summary ("What fits is kept as it is, also when it needs both sides");

  _runtime_use_output_capture_append (capture, "12345", 5);
  _runtime_use_output_capture_append (capture, "67890", 5);
  _runtime_use_output_capture_append (capture, "abcdef", 6);
  g_assert_cmpuint (capture->omitted, ==, 0);
  g_assert_cmpuint (_runtime_use_output_capture_get_length (capture), ==, 16);
  text = join (capture);
  g_assert_cmpstr (text, ==, "1234567890abcdef");
}

static void
test_long (void)
{
  g_autoptr(RuntimeUseOutputCapture) capture = _runtime_use_output_capture_new (1000);
  g_autofree char *text = NULL;
  gsize total = 0;

  g_test_summary ("Of much, the beginning and the end are kept, and memory stays bounded");

  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *line = g_strdup_printf ("line %u\n", i);

      _runtime_use_output_capture_append (capture, line, strlen (line));
      total += strlen (line);
      g_assert_cmpuint (capture->head->len, <=, 1000);
      g_assert_cmpuint (capture->tail->len, <=, 2000 + strlen (line));
    }

  g_assert_cmpuint (capture->head->len + capture->tail->len + capture->omitted, ==, total);
  text = join (capture);
  g_assert_true (g_str_has_prefix (text, "line 0\nline 1\n"));
  g_assert_true (g_str_has_suffix (text, "line 99998\nline 99999\n"));
  g_assert_nonnull (strstr (text, "bytes omitted"));
}

static void
test_shrink (void)
{
  g_test_summary ("Shrinking fits into any size, tears no character and counts what is missing");

  for (gsize size = 200; size < 1200; size += 7)
    {
      g_autoptr(RuntimeUseOutputCapture) capture = _runtime_use_output_capture_new (5000);
      g_autofree char *text = NULL;
      gsize total = 0;

      for (guint i = 0; i < 300; i++)
        {
          const char *piece = i % 2 == 0 ? "ä\n\"" : "日本\001";

          _runtime_use_output_capture_append (capture, piece, strlen (piece));
          total += strlen (piece);
        }

      _runtime_use_output_capture_shrink (capture, size);
      text = join (capture);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_cmpuint (_runtime_use_json_string_length (text, strlen (text)), <=, size);
      g_assert_cmpuint (capture->head->len + capture->tail->len + capture->omitted, ==, total);
      g_assert_cmpuint (capture->omitted, >, 0);
    }
}

static void
test_share (void)
{
  g_autoptr(GPtrArray) captures = NULL;
  const gsize sizes[] = { 10, 100000, 300, 50000, 0, 2000 };
  gsize sum = 0;

  g_test_summary ("Small outputs stay whole; only the largest give way to fit together");

  captures = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_output_capture_free);
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RuntimeUseOutputCapture *capture = _runtime_use_output_capture_new (200000);
      g_autofree char *text = g_strnfill (sizes[i], 'x');

      _runtime_use_output_capture_append (capture, text, sizes[i]);
      g_ptr_array_add (captures, capture);
    }

  _runtime_use_output_captures_share (captures, 20000);

  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      RuntimeUseOutputCapture *capture = g_ptr_array_index (captures, i);

      sum += _runtime_use_output_capture_get_length (capture);
      g_assert_cmpint (capture->omitted > 0, ==, sizes[i] > 10000);
    }
  g_assert_cmpuint (sum, <=, 20000);
  g_assert_cmpuint (sum, >, 19000);
}

static void
test_share_many (void)
{
  g_autoptr(GPtrArray) captures = NULL;
  gsize sum = 0;

  g_test_summary ("Thousands of outputs share a small room without a note for each");

  captures = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_output_capture_free);
  for (guint i = 0; i < 4096; i++)
    {
      RuntimeUseOutputCapture *capture = _runtime_use_output_capture_new (1000);

      _runtime_use_output_capture_append (capture, "some hundred bytes or rather fewer of them",
                                          42);
      _runtime_use_output_capture_append (capture, "some hundred bytes or rather fewer of them",
                                          42);
      g_ptr_array_add (captures, capture);
      _runtime_use_output_captures_share (captures, 100000);
    }

  for (guint i = 0; i < captures->len; i++)
    {
      g_autofree char *text = join (g_ptr_array_index (captures, i));

      sum += strlen (text);
    }
  g_assert_cmpuint (sum, <=, 100000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/output-capture/whole", test_whole);
  g_test_add_func ("/output-capture/long", test_long);
  g_test_add_func ("/output-capture/shrink", test_shrink);
  g_test_add_func ("/output-capture/share", test_share);
  g_test_add_func ("/output-capture/share-many", test_share_many);

  return g_test_run ();
}
