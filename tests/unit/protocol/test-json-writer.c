/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtime-use-json-reader-private.h"
#include "runtime-use-json-writer-private.h"

/* The plain way to do it. */
static char *
escape_slowly (const char *text,
               gsize       length)
{
  GString *json = g_string_new ("\"");

  for (gsize i = 0; i < length; i++)
    {
      static const char * const names[] = { "\\b", "\\t", "\\n", NULL, "\\f", "\\r" };
      guchar byte = (guchar) text[i];

      if (byte == '"' || byte == '\\')
        g_string_append_printf (json, "\\%c", byte);
      else if (byte >= '\b' && byte <= '\r' && names[byte - '\b'] != NULL)
        g_string_append (json, names[byte - '\b']);
      else if (byte < 0x20)
        g_string_append_printf (json, "\\u%04x", byte);
      else
        g_string_append_c (json, (char) byte);
    }

  return g_string_free (g_string_append_c (json, '"'), FALSE);
}

static void
assert_written (const char *text,
                gsize       length)
{
  g_autofree char *expected = escape_slowly (text, length);
  /* Copies of the exact size, so that reading too far is seen. */
  g_autofree char *copy = g_memdup2 (text, length);
  g_autoptr(GString) json = g_string_new (NULL);

  _runtime_use_json_append_string (json, copy, length);
  g_assert_cmpstr (json->str, ==, expected);
  g_assert_cmpint (json->len, ==, strlen (expected));
  g_assert_cmpint (_runtime_use_json_string_length (copy, length), ==, json->len - 2);
}

static void
test_json_writer_bytes (void)
{
  char text[24];

  g_test_summary ("Every byte is written right at every place of a word");

  for (int byte = 0; byte < 0x80; byte++)
    {
      for (gsize place = 0; place < sizeof text; place++)
        {
          memset (text, 'x', sizeof text);
          text[place] = (char) byte;
          assert_written (text, sizeof text);
          assert_written (text, place + 1);
        }
    }
}

static void
test_json_writer_random (void)
{
  static const char * const parts[] = {
    "a", "bc", "é", "€", "😀", "\n", "\"", "\\", "\x01", "\x1f", " ", "!", "#", "[", "]", "\x7f",
    "0123456789abcdef", "\"\"\"\"\"\"\"\"\"\"\"\"", "\x02\x03\x04\x05\x06\x07\x0e\x0f",
  };

  g_test_summary ("Any text is written as if byte by byte, and reads back as it was");

  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr(GString) text = g_string_new (NULL);
      g_autofree char *json = NULL;

      for (int i = g_test_rand_int_range (0, 40); i > 0; i--)
        {
          if (g_test_rand_int_range (0, 10) == 0)
            g_string_append_c (text, '\0');
          g_string_append (text, parts[g_test_rand_int_range (0, G_N_ELEMENTS (parts))]);
        }

      assert_written (text->str, text->len);
      json = escape_slowly (text->str, text->len);
      g_assert_true (_runtime_use_json_validate (json, strlen (json), NULL));
    }
}

static void
test_json_writer_appends (void)
{
  g_autoptr(GString) json = g_string_new ("[");

  g_test_summary ("What is there already stays");

  _runtime_use_json_append_string (json, "", 0);
  _runtime_use_json_append_string (json, "a\0b", 3);
  g_assert_cmpstr (json->str, ==, "[\"\"\"a\\u0000b\"");
}

static gboolean
is_between_characters (const char *text,
                       gsize       length,
                       gsize       place)
{
  return place == length || ((guchar) text[place] & 0xc0) != 0x80;
}

static void
assert_fits (const char *text,
             gsize       length,
             gsize       max_encoded)
{
  gsize prefix = _runtime_use_json_fit_prefix (text, length, max_encoded);
  gsize suffix = _runtime_use_json_fit_suffix (text, length, max_encoded);
  gsize best_prefix = 0;
  gsize best_suffix = 0;

  for (gsize n = 0; n <= length; n++)
    {
      if (is_between_characters (text, length, n) &&
          _runtime_use_json_string_length (text, n) <= max_encoded)
        best_prefix = n;
      if (is_between_characters (text, length, length - n) &&
          _runtime_use_json_string_length (text + length - n, n) <= max_encoded)
        best_suffix = n;
    }

  g_assert_cmpint (prefix, ==, best_prefix);
  g_assert_cmpint (suffix, ==, best_suffix);
}

static void
test_json_writer_fit (void)
{
  static const char * const texts[] = {
    "", "a", "0123456789abcdefghijklmnop", "\n\n\n\n\n\n\n\n\n\n", "\x01\x02\x03",
    "é€😀é€😀", "a\"b\\c\x01 d€", "0123456789\n0123456789\n01234😀",
  };

  g_test_summary ("As much fits as can without cutting a character, from both ends");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      for (gsize max_encoded = 0; max_encoded < 40; max_encoded++)
        assert_fits (texts[i], strlen (texts[i]), max_encoded);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/json-writer/bytes", test_json_writer_bytes);
  g_test_add_func ("/json-writer/random", test_json_writer_random);
  g_test_add_func ("/json-writer/appends", test_json_writer_appends);
  g_test_add_func ("/json-writer/fit", test_json_writer_fit);

  return g_test_run ();
}
