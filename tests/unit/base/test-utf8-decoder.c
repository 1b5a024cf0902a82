/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#include "add-examples.h"

#define BAD "\xef\xbf\xbd"

typedef struct
{
  const char *path;
  const char *bytes;
  const char *text;
} Example;

/* The maximal subparts are those of chapter 3.9 of the Unicode standard. */
static const Example examples[] = {
  { "empty", "", "" },
  { "ascii", "plain text", "plain text" },
  { "long-ascii", "a text that is longer than what is looked at in one go, é, and more of it",
    "a text that is longer than what is looked at in one go, é, and more of it" },
  { "two", "\xc3\xa9\xc2\x80\xdf\xbf", "\xc3\xa9\xc2\x80\xdf\xbf" },
  { "three", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
    "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
  { "four", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
  { "lone-continuation", "a\x80z", "a" BAD "z" },
  { "overlong-two", "\xc0\xaf", BAD BAD },
  { "overlong-three", "\xe0\x9f\xbf", BAD BAD BAD },
  { "overlong-four", "\xf0\x8f\xbf\xbf", BAD BAD BAD BAD },
  { "surrogate", "\xed\xa0\x80", BAD BAD BAD },
  { "too-large", "\xf4\x90\x80\x80", BAD BAD BAD BAD },
  { "no-lead", "\xf5\xff\xfe", BAD BAD BAD },
  { "broken-off", "a\xe2\x82z", "a" BAD "z" },
  { "broken-off-by-lead", "\xe2\x82\xe2\x82\xac", BAD "\xe2\x82\xac" },
  { "broken-off-four", "\xf0\x9f\x98z\xf0\x9f" "z\xf0z", BAD "z" BAD "z" BAD "z" },
  { "cut", "a\xf0\x9f\x98", "a" BAD },
  { "unicode-example", "a\xf1\x80\x80\xe1\x80\xc2" "b\x80" "c\x80\xbf" "d",
    "a" BAD BAD BAD "b" BAD "c" BAD BAD "d" },
};

static void
decode_pieces (const guint8 *bytes,
               gsize         length,
               gsize         first,
               gsize         second,
               GString      *out)
{
  RuntimeUseUtf8Decoder decoder;

  g_string_truncate (out, 0);
  _runtime_use_utf8_decoder_init (&decoder);
  _runtime_use_utf8_decoder_append (&decoder, bytes, first, out);
  _runtime_use_utf8_decoder_append (&decoder, bytes + first, second - first, out);
  _runtime_use_utf8_decoder_append (&decoder, bytes + second, length - second, out);
  _runtime_use_utf8_decoder_finish (&decoder, out);
}

/* Decodes @bytes whole, and cut at every two places. */
static void
check (const guint8 *bytes,
       gsize         length,
       const char   *text,
       gsize         text_length)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize first, second;

  for (first = 0; first <= length; first++)
    {
      for (second = first; second <= length; second++)
        {
          decode_pieces (bytes, length, first, second, out);
          g_assert_cmpmem (out->str, out->len, text, text_length);
        }
    }
}

static void
test_decoder_example (gconstpointer data)
{
  const Example *example = data;

  check ((const guint8 *) example->bytes, strlen (example->bytes),
         example->text, strlen (example->text));
}

static void
test_decoder_nul (void)
{
  static const guint8 bytes[] = { 'a', 0, 0xe2, 0, 0x82, 0xac, 0 };
  static const char text[] = "a\0" BAD "\0" BAD BAD "\0";

  g_test_summary ("NUL is a character like any other");

  check (bytes, sizeof bytes, text, sizeof text - 1);
}

static void
test_decoder_random (void)
{
  static const guint8 alphabet[] = {
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
    0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
  };
  g_autoptr(GString) whole = g_string_new (NULL);
  guint round;

  g_test_summary ("Whatever comes in, valid text comes out, the same for every cut");

  for (round = 0; round < 20000; round++)
    {
      guint8 bytes[12];
      gsize length = g_test_rand_int_range (0, sizeof bytes + 1);
      gsize i;

      for (i = 0; i < length; i++)
        bytes[i] = alphabet[g_test_rand_int_range (0, sizeof alphabet)];

      decode_pieces (bytes, length, length, length, whole);
      g_assert_true (g_utf8_validate_len (whole->str, whole->len, NULL)
                     || memchr (whole->str, 0, whole->len) != NULL);
      check (bytes, length, whole->str, whole->len);

      if (g_utf8_validate_len ((const char *) bytes, length, NULL))
        g_assert_cmpmem (whole->str, whole->len, bytes, length);
    }
}

static void
test_decoder_valid_length (void)
{
  static const guint8 bytes[] = "0123456789012345678901234567890123456789\xc3\xa9\xe2\x82\xac" "a";
  gsize length;

  g_test_summary ("The valid beginning ends before what is cut off or wrong");

  for (length = 0; length < sizeof bytes; length++)
    {
      const char *end;

      g_utf8_validate_len ((const char *) bytes, length, &end);
      g_assert_cmpuint (_runtime_use_utf8_valid_length (bytes, length), ==,
                        (const guint8 *) end - bytes);
    }

  g_assert_cmpuint (_runtime_use_utf8_valid_length ((const guint8 *) "ab\xff" "c", 4), ==, 2);
  g_assert_cmpuint (_runtime_use_utf8_valid_length ((const guint8 *) "a\0b", 3), ==, 3);
}

static void
test_decoder_cut (void)
{
  const char *text = "a\u00e9\u20ac\U0001f600z";   /* 1, 2, 3, 4 and 1 bytes */
  const gsize lengths[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11 };

  g_test_summary ("A text is cut between characters, and a short one not at all");

  for (gsize limit = 0; limit < G_N_ELEMENTS (lengths); limit++)
    {
      g_autofree char *cut = _runtime_use_utf8_cut (text, limit);

      g_assert_cmpuint (strlen (cut), ==, lengths[limit]);
      g_assert_true (g_str_has_prefix (text, cut));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_examples ("/utf8-decoder/example", examples, test_decoder_example);
  g_test_add_func ("/utf8-decoder/nul", test_decoder_nul);
  g_test_add_func ("/utf8-decoder/random", test_decoder_random);
  g_test_add_func ("/utf8-decoder/valid-length", test_decoder_valid_length);
  g_test_add_func ("/utf8-decoder/cut", test_decoder_cut);

  return g_test_run ();
}
