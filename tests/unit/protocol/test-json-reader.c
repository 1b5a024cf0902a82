/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-reader-private.h"

#define AND_LENGTH(literal) literal, sizeof (literal) - 1

/* One letter for each token, and what strings, names and numbers say. */
static char *
spell (const char *json)
{
  static const char letters[] = "!$0ft#sn[]{}";
  GString *spelt = g_string_new (NULL);
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken token;

  _runtime_use_json_reader_init (&reader, json, strlen (json));
  do
    {
      token = _runtime_use_json_reader_next (&reader);
      g_string_append_c (spelt, letters[token]);
      if (token == RUNTIME_USE_JSON_NUMBER)
        g_string_append_len (spelt, reader.current.text, (gssize) reader.current.length);
      if (token == RUNTIME_USE_JSON_STRING || token == RUNTIME_USE_JSON_NAME)
        _runtime_use_json_value_decode (&reader.current, spelt);
    }
  while (token != RUNTIME_USE_JSON_END && token != RUNTIME_USE_JSON_ERROR);

  return g_string_free (spelt, FALSE);
}

static void
test_json_reader_tokens (void)
{
  static const char * const cases[][2] = {
    { "null", "0$" },
    { " \t\r\n true \n", "t$" },
    { "[]", "[]$" },
    { "{}", "{}$" },
    { "[false , 1,\"a\"]", "[f#1sa]$" },
    { "{\"a\":{\"b\":[[],{}]},\"c\":null}", "{na{nb[[]{}]}nc0}$" },
    { "-0.5e+10", "#-0.5e+10$" },
    { "[0,-0,10,1E5,1e400,123456789012345678901234567890]",
      "[#0#-0#10#1E5#1e400#123456789012345678901234567890]$" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s\"\\/\b\f\n\r\t$" },
    { "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "sAé€😀$" },
    { "\"Aé€😀\x7f\"", "sAé€😀\x7f$" },
    { "{\"\\u0061\":1,\"a\":2}", "{na#1na#2}$" },
    { "\"0123456701234567\\n0123456701234567é01234567\"",
      "s0123456701234567\n0123456701234567é01234567$" },
  };

  g_test_summary ("Documents come as their tokens, strings decoded and numbers as they are");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *spelt = spell (cases[i][0]);

      g_assert_cmpstr (spelt, ==, cases[i][1]);
    }
}

typedef struct
{
  const char *text;
  gsize       length;
  const char *problem;
  gsize       byte;
} Broken;

static const Broken broken[] = {
  { AND_LENGTH (""), "the text is empty", 0 },
  { AND_LENGTH (" \n "), "the text is empty", 3 },
  { AND_LENGTH ("\xef\xbb\xbf{}"), "a byte order mark", 0 },
  { AND_LENGTH ("{} {}"), "something follows", 3 },
  { AND_LENGTH ("1 2"), "something follows", 2 },
  { AND_LENGTH ("null\0"), "something follows", 4 },
  { AND_LENGTH ("[1,]"), "unexpected character", 3 },
  { AND_LENGTH ("[,1]"), "unexpected character", 1 },
  { AND_LENGTH ("[1 2]"), "unexpected character", 3 },
  { AND_LENGTH ("[1}"), "unexpected character", 2 },
  { AND_LENGTH ("{]"), "unexpected character", 1 },
  { AND_LENGTH ("{\"a\" 1}"), "unexpected character", 5 },
  { AND_LENGTH ("{\"a\":1,}"), "unexpected character", 7 },
  { AND_LENGTH ("{\"a\":}"), "unexpected character", 5 },
  { AND_LENGTH ("{1:2}"), "unexpected character", 1 },
  { AND_LENGTH ("{a:2}"), "unexpected character", 1 },
  { AND_LENGTH ("['a']"), "unexpected character", 1 },
  { AND_LENGTH ("[1] // x"), "something follows", 4 },
  { AND_LENGTH ("/**/[1]"), "unexpected character", 0 },
  { AND_LENGTH ("nul"), "unexpected character", 0 },
  { AND_LENGTH ("nullx"), "something follows", 4 },
  { AND_LENGTH ("NaN"), "unexpected character", 0 },
  { AND_LENGTH ("-Infinity"), "invalid number", 0 },
  { AND_LENGTH ("\v1"), "unexpected character", 0 },
  { AND_LENGTH ("]"), "unexpected character", 0 },
  { AND_LENGTH ("["), "ends too early", 1 },
  { AND_LENGTH ("[1,"), "ends too early", 3 },
  { AND_LENGTH ("{\"a\""), "ends too early", 4 },
  { AND_LENGTH ("{\"a\":"), "ends too early", 5 },
  { AND_LENGTH ("\"a"), "ends too early", 2 },
  { AND_LENGTH ("\"a\\"), "ends too early", 2 },
  { AND_LENGTH ("01"), "invalid number", 0 },
  { AND_LENGTH ("-"), "invalid number", 0 },
  { AND_LENGTH ("1."), "invalid number", 0 },
  { AND_LENGTH (".5"), "unexpected character", 0 },
  { AND_LENGTH ("+1"), "unexpected character", 0 },
  { AND_LENGTH ("1e"), "invalid number", 0 },
  { AND_LENGTH ("1e+"), "invalid number", 0 },
  { AND_LENGTH ("0x10"), "something follows", 1 },
  { AND_LENGTH ("\"\n\""), "control character", 1 },
  { AND_LENGTH ("\"a\0b\""), "control character", 2 },
  { AND_LENGTH ("\"0123456789\x1f\""), "control character", 11 },
  { AND_LENGTH ("\"\\x\""), "invalid escape", 1 },
  { AND_LENGTH ("\"\\\0\""), "invalid escape", 1 },
  { AND_LENGTH ("\"\\u12\""), "invalid escape", 1 },
  { AND_LENGTH ("\"\\u123g\""), "invalid escape", 1 },
  { AND_LENGTH ("\"\\ud800\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\ud800xyzabc\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\ud800\\n12345\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\ud800\\u0041\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\ud800\\ud800\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\udc00\\ud800\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\\udc00\\udc00\""), "lone surrogate", 1 },
  { AND_LENGTH ("\"\xff\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xc0\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xc3\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xe2\x82\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xe0\x80\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xed\xa0\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xf0\x80\x80\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xf4\x90\x80\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"\xf5\x80\x80\x80\""), "invalid UTF-8", 1 },
  { AND_LENGTH ("\"é\xf0\x9f\x98"), "invalid UTF-8", 3 },
  { AND_LENGTH ("[\xc3\xa9]"), "unexpected character", 1 },
};

static void
test_json_reader_broken (void)
{
  g_test_summary ("What is not exactly one JSON document is refused, and where is said");

  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *place = g_strdup_printf ("(byte %" G_GSIZE_FORMAT ")", broken[i].byte);
      /* A copy of the exact size, so that reading too far is seen. */
      g_autofree char *text = g_memdup2 (broken[i].text, broken[i].length);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_false (_runtime_use_json_validate (text, broken[i].length, &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED);
      g_assert_nonnull (strstr (error->message, broken[i].problem));
      g_assert_nonnull (strstr (error->message, place));
    }
}

static void
test_json_reader_place (void)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Lines and columns are counted in characters, from 1");

  g_assert_false (_runtime_use_json_validate (AND_LENGTH ("{\n \"é\": x}"), &error));
  g_assert_cmpstr (error->message, ==,
                   "Not usable as JSON: unexpected character at line 2, column 7 (byte 9)");
}

static char *
nest (gsize    levels,
      gboolean objects)
{
  GString *json = g_string_new (NULL);

  for (gsize i = 0; i < levels; i++)
    g_string_append (json, objects ? "{\"a\":" : "[");
  g_string_append (json, "1");
  for (gsize i = 0; i < levels; i++)
    g_string_append_c (json, objects ? '}' : ']');

  return g_string_free (json, FALSE);
}

static void
test_json_reader_depth (void)
{
  g_test_summary ("64 levels are read, more are refused, however many");

  for (int objects = FALSE; objects <= TRUE; objects++)
    {
      const gsize too_deep[] = { 65, 100000 };
      g_autofree char *deep = nest (64, objects);

      g_assert_true (_runtime_use_json_validate (deep, strlen (deep), NULL));

      for (gsize i = 0; i < G_N_ELEMENTS (too_deep); i++)
        {
          g_autoptr(GError) error = NULL;
          g_autofree char *deeper = nest (too_deep[i], objects);

          g_assert_false (_runtime_use_json_validate (deeper, strlen (deeper), &error));
          g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
          g_assert_nonnull (strstr (error->message, "more than 64 levels"));
        }
    }
}

static void
test_json_reader_truncated (void)
{
  static const char json[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00é\",true,{\"b\":null}]}";

  g_test_summary ("No document stays one when its end is cut off");

  for (gsize length = 0; length < sizeof (json) - 1; length++)
    {
      g_autofree char *text = g_memdup2 (json, length);

      g_assert_false (_runtime_use_json_validate (text, length, NULL));
    }
  g_assert_true (_runtime_use_json_validate (AND_LENGTH (json), NULL));
}

static void
test_json_reader_values (void)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonReader inner;
  RuntimeUseJsonValue value;

  g_test_summary ("Whole values can be taken out and gone through later");

  _runtime_use_json_reader_init (&reader, AND_LENGTH ("[ 1, [ 2, {} ] , \"\\u0000\", \"b\" ]"));
  g_assert_cmpint (_runtime_use_json_reader_next (&reader), ==, RUNTIME_USE_JSON_ARRAY);
  g_assert_true (_runtime_use_json_reader_read_value (&reader, &value));
  g_assert_cmpint (value.token, ==, RUNTIME_USE_JSON_NUMBER);
  g_assert_true (_runtime_use_json_reader_read_value (&reader, &value));
  g_assert_cmpmem (value.text, value.length, "[ 2, {} ]", 9);

  _runtime_use_json_value_open (&value, &inner);
  g_assert_true (_runtime_use_json_reader_read_value (&inner, &value));
  g_assert_cmpmem (value.text, value.length, "2", 1);
  g_assert_true (_runtime_use_json_reader_read_value (&inner, &value));
  g_assert_cmpint (value.token, ==, RUNTIME_USE_JSON_OBJECT);
  g_assert_false (_runtime_use_json_reader_read_value (&inner, &value));

  g_assert_true (_runtime_use_json_reader_read_value (&reader, &value));
  g_assert_true (value.has_nul);
  g_assert_true (_runtime_use_json_value_equals (&value, "\0", 1));
  g_assert_true (_runtime_use_json_reader_read_value (&reader, &value));
  g_assert_false (value.has_nul);
  g_assert_false (_runtime_use_json_value_equals (&value, "a", 1));
  g_assert_false (_runtime_use_json_value_equals (&value, "bb", 2));
  g_assert_false (_runtime_use_json_reader_read_value (&reader, &value));
  g_assert_cmpint (_runtime_use_json_reader_next (&reader), ==, RUNTIME_USE_JSON_END);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/json-reader/tokens", test_json_reader_tokens);
  g_test_add_func ("/json-reader/broken", test_json_reader_broken);
  g_test_add_func ("/json-reader/place", test_json_reader_place);
  g_test_add_func ("/json-reader/depth", test_json_reader_depth);
  g_test_add_func ("/json-reader/truncated", test_json_reader_truncated);
  g_test_add_func ("/json-reader/values", test_json_reader_values);

  return g_test_run ();
}
