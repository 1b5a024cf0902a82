/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-error.h"
#include "runtime-use-json-schema-pattern-private.h"

#include <string.h>

/* Enough for what is quick only, so that many inputs can be tried. */
#define BUDGET 100000

/* The input is a pattern, and on the next line a text. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *input = g_strndup (size > 0 ? (const char *) data : "", size);
  g_autofree char *valid = g_utf8_make_valid (input, -1);
  g_auto(GStrv) lines = g_strsplit (valid, "\n", 2);
  g_autoptr(RuntimeUseJsonSchemaPattern) pattern = NULL;
  g_autoptr(GError) error = NULL;
  gint64 budget = BUDGET;
  gboolean is_match;

  if (lines[0] == NULL || lines[1] == NULL)
    return 0;

  pattern = _runtime_use_json_schema_pattern_new (lines[0], &error);
  if (pattern == NULL)
    {
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  if (!_runtime_use_json_schema_pattern_match (pattern, lines[1], &budget, &is_match, &error))
    {
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }

  return 0;
}
