/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-ignore-rules-private.h"

#include <string.h>

#include "fuzz.h"

/* Places to cut one input at; more take long and say little more. */
#define MAX_CUTS 4

static RuntimeUseIgnoreVerdict
match (const char *text,
       gsize       length,
       const char *path,
       gboolean    is_directory)
{
  g_autoptr(RuntimeUseIgnoreRules) rules = _runtime_use_ignore_rules_new (text, length);

  return _runtime_use_ignore_rules_match (rules, path, is_directory);
}

/* What @rule behind the others says. */
static RuntimeUseIgnoreVerdict
match_with (const char *text,
            gsize       length,
            const char *rule,
            const char *path)
{
  g_autoptr(GString) longer = g_string_new_len (text, (gssize) length);

  g_string_append_printf (longer, "\n%s", rule);

  return match (longer->str, longer->len, path, TRUE);
}

/* The rules behind a line break come first, and those before it hold where they say nothing. */
static void
check_parts (const char *text,
             gsize       length,
             const char *path,
             gboolean    is_directory)
{
  RuntimeUseIgnoreVerdict whole = match (text, length, path, is_directory);
  guint n_cuts = 0;

  for (gsize i = 0; i < length && n_cuts < MAX_CUTS; i++)
    {
      RuntimeUseIgnoreVerdict verdict;

      /* A mark of the byte order means something only at the very start. */
      if (text[i] != '\n' || (i + 1 < length && text[i + 1] == '\xef'))
        continue;

      n_cuts++;
      verdict = match (text + i + 1, length - i - 1, path, is_directory);
      if (verdict == RUNTIME_USE_IGNORE_UNDECIDED)
        verdict = match (text, i, path, is_directory);
      g_assert_cmpint (verdict, ==, whole);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const guint8 *end = size > 0 ? memchr (data, '\n', size) : NULL;
  g_autofree char *path = NULL;
  const char *text;
  gsize length;

  /* The first line is the path, the others are the rules. */
  if (end == NULL || end == data)
    return 0;
  path = g_strndup ((const char *) data, end - data);
  text = (const char *) end + 1;
  length = size - (end + 1 - data);

  check_parts (text, MIN (length, 4096), path, FALSE);
  check_parts (text, MIN (length, 4096), path, TRUE);

  if (length < RUNTIME_USE_LIMIT_IGNORE_RULES && *path != '\0')
    {
      RuntimeUseIgnoreVerdict rules = match (text, length, path, TRUE);

      g_assert_cmpint (match_with (text, length, "*", path), ==, RUNTIME_USE_IGNORE_IGNORED);
      g_assert_cmpint (match_with (text, length, "!**/", path), ==, RUNTIME_USE_IGNORE_KEPT);
      g_assert_cmpint (match_with (text, length, "[a\n", path), ==, rules);
    }

  return 0;
}
