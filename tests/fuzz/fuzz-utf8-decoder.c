/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-utf8-decoder-private.h"

#include <string.h>

#include "fuzz.h"

/* NUL is a character to the decoder, but not to GLib. */
static gboolean
is_valid (const char *text,
          gsize       length)
{
  while (length > 0)
    {
      const char *end;

      if (g_utf8_validate_len (text, length, &end))
        return TRUE;
      if (*end != '\0')
        return FALSE;
      length -= end + 1 - text;
      text = end + 1;
    }

  return TRUE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  RuntimeUseUtf8Decoder decoder;
  g_autoptr(GString) whole = g_string_new (NULL);
  g_autoptr(GString) streamed = g_string_new (NULL);
  gsize valid;
  gsize step, i;

  if (size == 0)
    return 0;

  /* The first byte says how to cut the rest. */
  step = *data++ + 1;
  size--;

  _runtime_use_utf8_decoder_init (&decoder);
  _runtime_use_utf8_decoder_append (&decoder, data, size, whole);
  _runtime_use_utf8_decoder_finish (&decoder, whole);
  g_assert_true (is_valid (whole->str, whole->len));

  valid = _runtime_use_utf8_valid_length (data, size);
  g_assert_true (is_valid ((const char *) data, valid));
  g_assert_cmpmem (whole->str, MIN (valid, whole->len), data, valid);
  g_assert_true ((valid == size) == is_valid ((const char *) data, size));

  for (i = 0; i < size; i += step)
    _runtime_use_utf8_decoder_append (&decoder, data + i, MIN (step, size - i), streamed);
  _runtime_use_utf8_decoder_finish (&decoder, streamed);
  g_assert_cmpmem (streamed->str, streamed->len, whole->str, whole->len);

  return 0;
}
