/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-line-splitter-private.h"

#include <string.h>

static void
collect_cb (const char *line,
            gpointer    user_data)
{
  GString *all = user_data;

  g_string_append_printf (all, "<%s>", line);
}

static char *
split (const char *text,
       gsize       length,
       gsize       piece,
       gsize       limit)
{
  GString *all = g_string_new (NULL);
  RuntimeUseLineSplitter splitter;

  _runtime_use_line_splitter_init (&splitter, limit);
  for (gsize i = 0; i < length; i += piece)
    _runtime_use_line_splitter_push (&splitter, text + i, MIN (piece, length - i),
                                     collect_cb, all);
  _runtime_use_line_splitter_finish (&splitter, collect_cb, all);
  _runtime_use_line_splitter_clear (&splitter);

  return g_string_free (all, FALSE);
}

static void
test_lines (void)
{
  const char *text = "one\n\ntwo\nthree";

  g_test_summary ("Lines are the same however the text is cut, and the last needs no line break");

  for (gsize piece = 1; piece <= strlen (text); piece++)
    {
      g_autofree char *lines = split (text, strlen (text), piece, 100);

      g_assert_cmpstr (lines, ==, "<one><><two><three>");
    }
}

static void
test_long_line (void)
{
  g_autofree char *ascii = split ("abcdefghij\nk", 12, 12, 4);
  g_autofree char *wide = split ("日本語\n", 10, 10, 4);

  g_test_summary ("A long line comes in pieces of whole characters");

  g_assert_cmpstr (ascii, ==, "<abcd><efgh><ij><k>");
  g_assert_cmpstr (wide, ==, "<日><本><語>");
}

static void
test_nul (void)
{
  g_autofree char *lines = split ("a\0b\n", 4, 4, 100);

  g_test_summary ("A NUL is shown as U+FFFD");

  g_assert_cmpstr (lines, ==, "<a\357\277\275b>");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/line-splitter/lines", test_lines);
  g_test_add_func ("/line-splitter/long-line", test_long_line);
  g_test_add_func ("/line-splitter/nul", test_nul);

  return g_test_run ();
}
