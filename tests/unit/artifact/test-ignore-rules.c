/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-ignore-rules-private.h"

#include <string.h>

/* The paths of each list are separated by spaces; a slash at the end of one
 * makes it a folder. */
typedef struct
{
  const char *path;
  const char *rules;
  const char *ignored;
  const char *kept;
  const char *undecided;
} Example;

static const Example examples[] = {
  { "name", "foo", "foo foo/ a/foo a/b/foo/", "", "foo/a fo fooo Foo afoo" },
  { "suffix", "*.o", ".o a.o x/a.o a.o/", "", "a.O a.o.c a.o/b" },
  { "star", "a*c*e", "ace abcde x/ace abcce acee", "", "abc a/ce acd ac/e" },
  { "question", "a?c", "abc x/a.c", "", "ac a/c abbc" },
  { "bytes", "\xff?", "\xff\xfe", "", "\xff \xfe\xff \xff\xc3\xa9" },
  { "directory", "foo/", "foo/ a/foo/", "", "foo a/foo" },
  { "two-slashes-at-end", "foo//", "", "", "foo foo/ foo/foo/" },
  { "anchored", "/foo", "foo foo/", "", "a/foo foo/foo" },
  { "anchored-star", "/*.c", "a.c .c", "", "a/b.c" },
  { "anchored-inside", "a/foo", "a/foo a/foo/", "", "foo b/a/foo a/foo/b" },
  { "anchored-directory", "a/foo/", "a/foo/", "", "a/foo b/a/foo/" },
  { "two-slashes-at-start", "//foo", "", "", "foo a/foo" },
  { "star-and-slash", "a/*/b", "a/x/b", "", "a/b a/x/y/b" },
  { "question-is-no-slash", "a?b/c", "axb/c", "", "a/b/c" },

  { "folders-first", "**/foo", "foo a/foo a/b/foo/", "", "afoo foo/a" },
  { "folders-first-with-path", "**/a/b", "a/b x/a/b x/y/a/b", "", "a/x/b xa/b" },
  { "folders-last", "foo/**", "foo/a foo/a/b", "", "foo foo/ a/foo/b" },
  { "folders-inside", "a/**/b", "a/b a/x/b a/x/y/b", "", "ab a/xb a/bx b" },
  { "folders-twice", "a/**/b/**/c", "a/b/c a/x/b/c a/b/y/c a/b/c/b/c", "", "a/c a/b a/b/c/b" },
  { "folders-side-by-side", "a/**/**/b", "a/b a/x/b a/x/y/b", "", "a/xb" },
  { "folders-three-stars", "a/***/b", "a/b a/x/y/b", "", "a/xb" },
  { "folders-escaped-slash", "**\\/b", "a/b a/x/b", "", "b ab" },
  { "folders-alone", "**", "a a/b", "", "" },
  { "folders-directory", "**/", "a/ a/b/", "", "a a/b" },
  { "two-stars-in-name", "a/x**y/b", "a/xy/b a/xzzy/b", "", "a/x/y/b" },
  { "two-stars-behind-start", "foo**/bar", "foo/bar foox/bar foobar foo/x/y/bar", "", "foo/barx" },
  { "two-stars-behind-special", "fo?**/bar", "foo/bar fooxx/bar", "", "foobar foo/x/bar" },
  { "two-stars-end-of-start", "a/b**", "a/b a/bc a/b/c/d", "", "a/cb" },
  { "two-stars-end-of-special", "?/b**", "a/b a/bc", "", "a/b/c" },
  { "folders-retry", "**/a*/b", "a/b x/ax/b ax/ay/b ax/x/ay/b", "", "ax/x/b" },

  { "negated", "*\n!foo", "bar foo2", "foo a/foo", "" },
  { "negated-and-back", "*.c\n!a.c\na.*", "a.c b.c a.h", "", "b.h" },
  { "negated-directory", "!foo/", "", "foo/", "foo" },
  { "negated-twice", "!!foo", "", "!foo", "foo" },
  { "negated-alone", "!\n!/\n/", "", "", "a a/ !" },

  { "escaped-mark", "\\!foo\n\\#bar", "!foo #bar", "", "foo bar" },
  { "escaped-star", "a\\*", "a*", "", "ab a\\*" },
  { "escaped-letter", "\\a\\b", "ab", "", "a\\b" },
  { "escaped-backslash", "a\\\\b", "a\\b", "", "ab" },
  { "escaped-slash", "a\\/b", "a/b", "", "b x/a/b" },
  { "escape-at-end", "foo\\\nfoo\\/", "", "", "foo foo\\ foo/" },

  { "comment", "#foo\n ##\nx #y", "", "", "foo #foo # ## x" },
  { "spaces-at-end", "foo   \nbar\\", "foo", "", "bar" },
  { "empty-lines", "\n\n   \n\r\n\t\nfoo\n\n", "foo", "", "a a/" },
  { "carriage-returns",
    "foo\r\nbar  \r\nbaz/\r\nend\r", "foo bar baz/ end", "", "foo\r end\r baz" },
  { "carriage-return-twice", "foo\r\r\n", "foo\r", "", "foo" },
  { "byte-order-mark",
    "\xef\xbb\xbf" "foo\n\xef\xbb\xbf" "bar", "foo \xef\xbb\xbf" "bar", "", "bar" },

  { "set", "[abc]x", "ax bx cx", "", "dx x [abc]x" },
  { "set-range", "[a-c]x", "ax bx", "", "dx -x" },
  { "set-range-backwards", "[c-a]x", "cx", "", "ax bx -x" },
  { "set-range-twice", "[a-c-e]", "a b - e", "", "d" },
  { "set-range-escaped", "[\\[-\\]]", "[ \\ ]", "", "- a" },
  { "set-negated", "[!a-c]x\n[^x]y", "dx ay", "", "ax xy" },
  { "set-is-no-slash", "a[!b]c/d\ne[/]f\ng[.-0]h", "axc/d", "", "a/c/d e/f g/h" },
  { "set-bracket-first", "[]a]x", "]x ax", "", "bx" },
  { "set-bracket-first-negated", "[!]a]x", "bx", "", "]x ax" },
  { "set-dash-first-or-last", "[-a][b-]", "-- ab a- -b", "", "cb ac" },
  { "set-escaped", "[\\]\\-z]", "] - z", "", "\\ a" },
  { "set-class", "[[:digit:]_]x[[:upper:][:punct:]]", "1xA _x!", "", "axA 1xa" },
  { "set-class-negated", "[![:alnum:]]", "_ \xe9", "", "a 1" },
  { "set-class-space", "x[[:space:]]y", "x\ty x\ny x\ry", "", "x\fy x\vy xy" },
  { "set-class-unknown", "[[:foo:]]*\n[[::]a]*", "", "", "a f : ]" },
  { "set-class-broken", "[[:digit]x", ":x dx [x", "", "1x" },
  { "set-class-empty", "[[:]x", "[x :x", "", "ax" },
  { "set-class-in-range", "[+-[:alpha:]]", "9] :] l]", "", "z] 9 \"]" },
  { "set-open", "a[bc\nb[\nc[]\nd[!]\ne[\\", "", "", "a[bc ab b[ c[] d[!] ax e[\\" },
};

static RuntimeUseIgnoreRules *
make_rules (const char *text)
{
  /* Nothing marks the end. */
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);

  return _runtime_use_ignore_rules_new (copy, length);
}

static RuntimeUseIgnoreVerdict
match (RuntimeUseIgnoreRules *rules,
       const char            *path)
{
  g_autofree char *copy = g_strdup (path);
  gsize length = strlen (copy);
  gboolean is_directory = copy[length - 1] == '/';

  if (is_directory)
    copy[length - 1] = '\0';

  return _runtime_use_ignore_rules_match (rules, copy, is_directory);
}

static void
check_list (RuntimeUseIgnoreRules   *rules,
            const char              *list,
            RuntimeUseIgnoreVerdict  verdict)
{
  g_auto(GStrv) paths = g_strsplit (list, " ", -1);

  for (gsize i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *shown = g_strescape (paths[i], NULL);

      g_test_message ("%s", shown);
      g_assert_cmpint (match (rules, paths[i]), ==, verdict);
    }
}

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  g_autoptr(RuntimeUseIgnoreRules) rules = make_rules (example->rules);

  check_list (rules, example->ignored, RUNTIME_USE_IGNORE_IGNORED);
  check_list (rules, example->kept, RUNTIME_USE_IGNORE_KEPT);
  check_list (rules, example->undecided, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_true (_runtime_use_ignore_rules_is_complete (rules));
}

static void
test_spaces (void)
{
  g_autoptr(RuntimeUseIgnoreRules) rules = make_rules ("a\\ \nb\\  \n c\nd e\nf\t \n");

  g_test_summary ("Spaces count unless they are at the end and not escaped; tabs always do");

  g_assert_cmpint (match (rules, "a "), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "a"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_cmpint (match (rules, "b "), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "b  "), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_cmpint (match (rules, " c"), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "c"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_cmpint (match (rules, "d e"), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "f\t"), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "f"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
}

static void
test_nul (void)
{
  static const char text[] = "foo\0bar\n\0baz\n!a\0";
  g_autoptr(RuntimeUseIgnoreRules) rules = NULL;

  g_test_summary ("A NUL ends its line");

  rules = _runtime_use_ignore_rules_new (text, sizeof text - 1);
  g_assert_cmpint (match (rules, "foo"), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, "a"), ==, RUNTIME_USE_IGNORE_KEPT);
  g_assert_cmpint (match (rules, "bar"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_cmpint (match (rules, "baz"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
}

static void
test_empty (void)
{
  g_autoptr(RuntimeUseIgnoreRules) rules = _runtime_use_ignore_rules_new (NULL, 0);

  g_test_summary ("No rules decide nothing");

  g_assert_cmpint (match (rules, "a"), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_true (_runtime_use_ignore_rules_is_complete (rules));
}

static void
test_default (void)
{
  RuntimeUseIgnoreRules *rules = _runtime_use_ignore_rules_get_default ();

  g_test_summary ("By default, folders of packages and caches are ignored at any depth");

  check_list (rules,
              "node_modules/ .venv/ .env/ env/ venv/ dist/ __pycache__/ __pytest_cache__/ "
              ".pytest_cache/ a/dist/ a/b/node_modules/",
              RUNTIME_USE_IGNORE_IGNORED);
  check_list (rules, "dist .env a/env Dist/ dist2/ a b/ .artifactignore",
              RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_true (rules == _runtime_use_ignore_rules_get_default ());
}

static void
test_references (void)
{
  RuntimeUseIgnoreRules *rules = make_rules ("a");
  RuntimeUseIgnoreRules *same = _runtime_use_ignore_rules_ref (rules);

  g_test_summary ("Rules live as long as somebody holds them");

  g_assert_true (rules == same);
  _runtime_use_ignore_rules_unref (rules);
  g_assert_cmpint (match (same, "a"), ==, RUNTIME_USE_IGNORE_IGNORED);
  _runtime_use_ignore_rules_unref (same);
}

static void
test_long_text (void)
{
  g_autoptr(GString) text = g_string_new ("first\n#");
  g_autoptr(RuntimeUseIgnoreRules) fits = NULL;
  g_autoptr(RuntimeUseIgnoreRules) cut = NULL;

  g_test_summary ("A line that ends behind the limit of the text is left out as a whole");

  while (text->len < RUNTIME_USE_LIMIT_IGNORE_TEXT - 5)
    g_string_append_c (text, 'x');
  g_string_append (text, "\nlast");

  fits = make_rules (text->str);
  g_assert_true (_runtime_use_ignore_rules_is_complete (fits));
  check_list (fits, "first last", RUNTIME_USE_IGNORE_IGNORED);

  g_string_append (text, "x\nmore");
  cut = make_rules (text->str);
  g_assert_false (_runtime_use_ignore_rules_is_complete (cut));
  check_list (cut, "first", RUNTIME_USE_IGNORE_IGNORED);
  check_list (cut, "last lastx more", RUNTIME_USE_IGNORE_UNDECIDED);
}

static void
test_long_rule (void)
{
  g_autofree char *name = g_strnfill (RUNTIME_USE_LIMIT_IGNORE_RULE, 'a');
  g_autofree char *longer = g_strconcat (name, "a", NULL);
  g_autofree char *text = g_strconcat (name, "\n", longer, "\nb", NULL);
  g_autoptr(RuntimeUseIgnoreRules) rules = make_rules (text);

  g_test_summary ("A rule over the limit is left out, the others are not");

  g_assert_false (_runtime_use_ignore_rules_is_complete (rules));
  g_assert_cmpint (match (rules, name), ==, RUNTIME_USE_IGNORE_IGNORED);
  g_assert_cmpint (match (rules, longer), ==, RUNTIME_USE_IGNORE_UNDECIDED);
  g_assert_cmpint (match (rules, "b"), ==, RUNTIME_USE_IGNORE_IGNORED);
}

static void
test_many_rules (void)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(RuntimeUseIgnoreRules) fits = NULL;
  g_autoptr(RuntimeUseIgnoreRules) cut = NULL;

  g_test_summary ("Rules after so many are left out");

  for (guint i = 1; i < RUNTIME_USE_LIMIT_IGNORE_RULES; i++)
    g_string_append (text, "a\n");
  g_string_append (text, "last\n\n# end\n");

  fits = make_rules (text->str);
  g_assert_true (_runtime_use_ignore_rules_is_complete (fits));
  check_list (fits, "a last", RUNTIME_USE_IGNORE_IGNORED);

  g_string_append (text, "!last\n");
  cut = make_rules (text->str);
  g_assert_false (_runtime_use_ignore_rules_is_complete (cut));
  check_list (cut, "last", RUNTIME_USE_IGNORE_IGNORED);
}

static char *
repeat (const char *before,
        const char *text,
        guint       n,
        const char *behind)
{
  GString *all = g_string_new (before);

  while (n-- > 0)
    g_string_append (all, text);
  g_string_append (all, behind);

  return g_string_free (all, FALSE);
}

/* Without a bound these would take longer than anybody lives. */
static void
test_time (void)
{
  static const struct
  {
    const char *before, *text, *behind;   /* of the rule; the middle is repeated 300 times */
    const char *path_text, *path_end;     /* the first is repeated 300 times, too */
  } cases[] = {
    { "", "a*", "b", "a", "" },
    { "", "*a", "?b", "a", "" },
    { "", "[a-z]*", "[!a]", "a", "" },
    { "", "**/", "b", "a/", "a" },
    { "", "**/a/", "b", "a/", "a" },
    { "", "**/*a/", "b", "a/", "a" },
    { "", "**/*a*/", "**/b", "aaaa/", "a" },
    { "/", "*/**/", "b", "a/", "a" },
  };

  g_test_summary ("No rule takes a time that grows faster than path and rule together");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = repeat (cases[i].before, cases[i].text, 300, cases[i].behind);
      g_autofree char *path = repeat ("", cases[i].path_text, 300, cases[i].path_end);
      g_autoptr(RuntimeUseIgnoreRules) rules = make_rules (text);
      gint64 start = g_get_monotonic_time ();

      g_assert_cmpint (match (rules, path), ==, RUNTIME_USE_IGNORE_UNDECIDED);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
    }
}

/* Measured by hand: run with -m perf. */
static void
test_speed (void)
{
  static const char text[] =
    "*.o\n*.a\n*.so\n*.py[cod]\n__pycache__/\nnode_modules/\n/build/\n/dist\n*.log\n!keep.log\n"
    "**/tmp/**\ndocs/_build/\n*~\n.DS_Store\n*.swp\n.env*\n!.env.example\ncoverage/\n*.egg-info/\n"
    "target/\n/vendor/*/cache\n*.min.js\n*.map\n.idea/\n.vscode/*\n!.vscode/settings.json\n"
    "a/**/b\nfoo*bar\n[Bb]in/\n[Oo]bj/\n";
  g_autoptr(RuntimeUseIgnoreRules) rules = make_rules (text);
  gint64 start = g_get_monotonic_time ();
  const guint n = 100000;

  g_test_summary ("How long one path takes with thirty rules");

  for (guint i = 0; i < n; i++)
    {
      char path[64];

      g_snprintf (path, sizeof path, "src/component-%u/deeper/file-%u.tsx", i % 100, i);
      g_assert_cmpint (match (rules, path), ==, RUNTIME_USE_IGNORE_UNDECIDED);
    }

  g_test_minimized_result ((double) (g_get_monotonic_time () - start) / n,
                           "%.3f µs", (double) (g_get_monotonic_time () - start) / n);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/ignore-rules/", examples[i].path, NULL);

      g_test_add_data_func (path, &examples[i], test_example);
    }

  g_test_add_func ("/ignore-rules/spaces", test_spaces);
  g_test_add_func ("/ignore-rules/nul", test_nul);
  g_test_add_func ("/ignore-rules/empty", test_empty);
  g_test_add_func ("/ignore-rules/default", test_default);
  g_test_add_func ("/ignore-rules/references", test_references);
  g_test_add_func ("/ignore-rules/long-text", test_long_text);
  g_test_add_func ("/ignore-rules/long-rule", test_long_rule);
  g_test_add_func ("/ignore-rules/many-rules", test_many_rules);
  g_test_add_func ("/ignore-rules/time", test_time);
  if (g_test_perf ())
    g_test_add_func ("/ignore-rules/speed", test_speed);

  return g_test_run ();
}
