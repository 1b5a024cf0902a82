/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-redactor-private.h"

#include <string.h>

#include "fuzz.h"

#define MARKER "[REDACTED]"

/* The parts of the input are put apart by 0xff, which no valid text contains:
 * first where to cut, then the secrets, last the text. */
static GPtrArray *
split_input (const guint8 *data,
             gsize         size)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func (g_free);
  const guint8 *end = data + size;
  const guint8 *start = data;

  while (TRUE)
    {
      const guint8 *stop = memchr (start, 0xff, end - start);

      if (stop == NULL)
        break;
      g_ptr_array_add (parts, g_strndup ((const char *) start, stop - start));
      start = stop + 1;
    }
  g_ptr_array_add (parts, g_strndup ((const char *) start, end - start));

  return parts;
}

/* Whether a secret is left in what is shown between two markers. */
static void
check_hidden (const char         *redacted,
              const char * const *secrets)
{
  g_auto(GStrv) shown = g_strsplit (redacted, MARKER, -1);
  gsize i, k;

  for (i = 0; shown[i] != NULL; i++)
    {
      for (k = 0; secrets[k] != NULL; k++)
        g_assert_true (*secrets[k] == '\0' || strstr (shown[i], secrets[k]) == NULL);
    }
}

/* Redacts @text in pieces that end between two characters. */
static void
append_pieces (RuntimeUseRedactor *redactor,
               const char         *cuts,
               const char         *text,
               GString            *out)
{
  g_autoptr(RuntimeUseRedactorStream) stream = runtime_use_redactor_open_stream (redactor);
  const char *cut = cuts;

  while (*text != '\0')
    {
      guint n = *cut != '\0' ? (guint8) *cut++ : 1;
      const char *end = text;

      for (; n > 0 && *end != '\0'; n--)
        end = g_utf8_next_char (end);
      _runtime_use_redactor_stream_append (stream, text, end - text, out);
      g_assert_true (g_utf8_validate_len (out->str, out->len, NULL));
      text = end;
    }
  _runtime_use_redactor_stream_flush (stream, out);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GPtrArray) parts = split_input (data, size);
  g_autoptr(RuntimeUseRedactor) redactor = NULL;
  g_autoptr(GString) streamed = g_string_new (NULL);
  g_autofree char *cuts = NULL;
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;
  g_autofree char *again = NULL;
  const char * const *secrets;
  guint i;

  if (parts->len < 2)
    return 0;

  cuts = g_ptr_array_steal_index (parts, 0);
  text = g_ptr_array_steal_index (parts, parts->len - 1);
  for (i = 0; i < parts->len; i++)
    {
      if (!g_utf8_validate (g_ptr_array_index (parts, i), -1, NULL))
        return 0;
    }
  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  g_ptr_array_add (parts, NULL);
  secrets = (const char * const *) parts->pdata;

  redactor = runtime_use_redactor_new (secrets);
  whole = runtime_use_redactor_redact (redactor, text);
  g_assert_true (g_utf8_validate (whole, -1, NULL));
  check_hidden (whole, secrets);

  append_pieces (redactor, cuts, text, streamed);
  g_assert_cmpstr (streamed->str, ==, whole);

  again = runtime_use_redactor_redact (redactor, whole);
  g_assert_cmpstr (again, ==, whole);

  return 0;
}
