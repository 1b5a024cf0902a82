/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-schema-pattern-private.h"

#define BUDGET 5000000

typedef struct
{
  const char *pattern;
  const char *text;
  gboolean    is_match;
} Example;

static const Example examples[] = {
  { "", "", TRUE },
  { "b", "abc", TRUE },
  { "^b", "abc", FALSE },
  { "^a|c$", "xc", TRUE },
  { "^a|^x", "xa", TRUE },
  { "^a$|^b", "ab", FALSE },
  { "a|b$", "cb", TRUE },
  { "^abc$", "abc\n", FALSE },
  { "a.c", "a\nc", FALSE },
  { "a.c", "a\rc", FALSE },
  { "a.c", "a\342\200\250c", FALSE },
  { "a.c", "aéc", TRUE },
  { "^.$", "😀", TRUE },
  { "[.]", "x", FALSE },
  { "^\\d$", "7", TRUE },
  { "^\\d$", "٧", FALSE },
  { "^\\D$", "٧", TRUE },
  { "^\\w+$", "Az_09", TRUE },
  { "^\\w$", "é", FALSE },
  { "^\\W$", "é", TRUE },
  { "^\\W$", "_", FALSE },
  { "^[\\W]$", "[", TRUE },
  { "^[\\W]$", "^", TRUE },
  { "^[\\W]$", "`", TRUE },
  { "^[^\\W]$", "a", TRUE },
  { "^\\s$", "\302\240", TRUE },
  { "^\\s$", "\357\273\277", TRUE },
  { "^\\s$", "\342\200\213", FALSE },
  { "^\\s$", "\v", TRUE },
  { "^\\S$", "\v", FALSE },
  { "^[\\S]$", "\342\200\213", TRUE },
  { "^[\\d-]$", "-", TRUE },
  { "^[\\d-x]$", "-", TRUE },
  { "^[\\d-x]$", "d", FALSE },
  { "^[\\w-.]+$", "a-b.c", TRUE },
  { "^[.-\\w]+$", "a-b.c", TRUE },
  { "^[.-\\w]+$", "/", FALSE },
  { "^[-\\w]$", "-", TRUE },
  { "^[\\-\\w]$", "-", TRUE },
  { "^[\\p{L}-.]$", "-", TRUE },
  { "^[\\p{L}-.]$", "é", TRUE },
  { "^[a-c]$", "b", TRUE },
  { "[[:alpha:]]", "a", FALSE },
  { "[[:alpha:]]", "a]", TRUE },
  { "[]", "a", FALSE },
  { "^[^]$", "\n", TRUE },
  { "[]a]", "a]", FALSE },
  { "\\bé", "aé", TRUE },
  { "\\bb\\b", "a b c", TRUE },
  { "\\Bb", "ab", TRUE },
  { "\\Bb", "a b", FALSE },
  { "^[\\b]$", "\b", TRUE },
  { "^\\v$", "\v", TRUE },
  { "^\\v$", "\n", FALSE },
  { "^\\t\\n\\r\\f$", "\t\n\r\f", TRUE },
  { "^\\cA$", "\001", TRUE },
  { "^\\x41$", "A", TRUE },
  { "^\\u00e9$", "é", TRUE },
  { "^\\ud83d\\ude00$", "😀", TRUE },
  { "^\\u{1f600}$", "😀", TRUE },
  { "^[\\u0041-\\u{43}]$", "B", TRUE },
  { "^\\p{Letter}$", "é", TRUE },
  { "^\\p{Lu}$", "é", FALSE },
  { "^\\P{Lu}$", "é", TRUE },
  { "^\\p{General_Category=Uppercase_Letter}$", "É", TRUE },
  { "^\\p{Script=Greek}$", "α", TRUE },
  { "^\\/\\.\\-$", "/.-", TRUE },
  { "^\\é$", "é", TRUE },
  { "^(a)(b)\\2\\1$", "abba", TRUE },
  { "^(?<x>a)\\k<x>$", "aa", TRUE },
  { "^(?:a|b)(?=c)(?!d)c$", "ac", TRUE },
  { "(?<=a)b", "ab", TRUE },
  { "(?<!a)b", "ab", FALSE },
  { "^(?i)AB$", "ab", TRUE },
  { "\\Aab\\z", "ab", TRUE },
  { "^a{2,3}$", "aa", TRUE },
  { "^a{2}$", "aaa", FALSE },
  { "^a{2,}$", "aaa", TRUE },
  { "a{,2}", "a{,2}", TRUE },
  { "a{,2}", "aa", FALSE },
  { "^{}{a}{1,2,3}$", "{}{a}{1,2,3}", TRUE },
  { "^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,}$", "a.b@example.com", TRUE },
};

static void
test_examples (void)
{
  g_test_summary ("Patterns mean what ECMA-262 says");

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      const Example *example = &examples[i];
      g_autoptr(RuntimeUseJsonSchemaPattern) pattern = NULL;
      g_autoptr(GError) error = NULL;
      gint64 budget = BUDGET;
      gboolean is_match;

      g_test_message ("%s %s", example->pattern, example->text);
      pattern = _runtime_use_json_schema_pattern_new (example->pattern, &error);
      g_assert_no_error (error);
      g_assert_true (_runtime_use_json_schema_pattern_match (pattern, example->text, &budget,
                                                             &is_match, &error));
      g_assert_no_error (error);
      g_assert_cmpint (is_match, ==, example->is_match);
      g_assert_cmpint (budget, <, BUDGET);
    }
}

static void
test_invalid (void)
{
  static const char * const patterns[] = {
    "(", ")", "^*a", "a)(b", "[", "[b-a]", "a\\", "*", "(*ACCEPT)", "(*LIMIT_MATCH=400000000)a",
    "(?R)", "(?(1)a)", "(?#a", "(?C)", "(?>a)", "\\a", "\\e", "\\K", "\\Qa\\E", "\\G", "\\h",
    "\\R", "\\X", "\\C", "\\N", "\\1", "[\\1]", "[\\B]", "[\\k<a>]", "\\x4", "\\u00e",
    "\\u{110000}", "\\u{}", "\\ud83d", "\\c1", "\\p", "\\pL", "\\p{}", "\\p{L",
    "\\p{Nothing}", "(?<=a*)b", "(?<a>b)(?<a>c)",
  };

  g_test_summary ("What is no pattern, or could do away with the limits, is refused");

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RuntimeUseJsonSchemaPattern) pattern = NULL;

      g_test_message ("%s", patterns[i]);
      pattern = _runtime_use_json_schema_pattern_new (patterns[i], &error);
      g_assert_null (pattern);
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD);
      g_assert_null (strstr (error->message, "LIMIT"));
    }
}

static void
test_backtracking (void)
{
  static const char * const patterns[] = {
    "^(a+)+$", "(a+)+$", "^(a|a)*$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*[xy]$",
    "(a?){40}a{40}$",
  };
  g_autofree char *text = g_strconcat ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
                                       NULL);

  g_test_summary ("Backtracking has an end, and an error says so");

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RuntimeUseJsonSchemaPattern) pattern = NULL;
      gint64 budget = BUDGET;
      gboolean is_match;

      g_test_message ("%s", patterns[i]);
      pattern = _runtime_use_json_schema_pattern_new (patterns[i], &error);
      g_assert_no_error (error);
      g_assert_false (_runtime_use_json_schema_pattern_match (pattern, text, &budget, &is_match,
                                                              &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
      g_assert_nonnull (strstr (error->message, "takes too long to match \"aaa"));
      g_assert_nonnull (strstr (error->message, patterns[i]));
      g_assert_cmpint (budget, <, BUDGET - BUDGET / 10);
    }
}

static void
test_long_text (void)
{
  static const char * const patterns[] = { "^(a|b)*$", "^[a-z]*$", "a$", "b|a$" };
  g_autofree char *text = g_strnfill (100000, 'a');

  g_test_summary ("A long text is no trouble by itself");

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RuntimeUseJsonSchemaPattern) pattern = NULL;
      gint64 budget = BUDGET;
      gboolean is_match;

      pattern = _runtime_use_json_schema_pattern_new (patterns[i], &error);
      g_assert_no_error (error);
      g_assert_true (_runtime_use_json_schema_pattern_match (pattern, text, &budget, &is_match,
                                                             &error));
      g_assert_no_error (error);
      g_assert_true (is_match);
      g_assert_cmpint (budget, >, 0);
    }
}

static void
test_long_pattern (void)
{
  g_autofree char *text = g_strnfill (20000, 'a');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A pattern has a limit");

  g_assert_null (_runtime_use_json_schema_pattern_new (text, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/json-schema-pattern/examples", test_examples);
  g_test_add_func ("/json-schema-pattern/invalid", test_invalid);
  g_test_add_func ("/json-schema-pattern/backtracking", test_backtracking);
  g_test_add_func ("/json-schema-pattern/long-text", test_long_text);
  g_test_add_func ("/json-schema-pattern/long-pattern", test_long_pattern);

  return g_test_run ();
}
