/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-escape-private.h"

/* Reads four digits, or returns -1. */
static int
read_hex (const char *text,
          const char *end)
{
  int value = 0;

  if (end - text < 4)
    return -1;

  for (gsize i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (text[i]);

      if (digit < 0)
        return -1;
      value = value << 4 | digit;
    }

  return value;
}

static gboolean
is_surrogate (int value,
              int first)
{
  return value >= first && value < first + 0x400;
}

/* @text is behind “\u”. Returns the end of the escape, which may be one of two parts, and the
 * character, or NULL with @problem set. */
const char *
_runtime_use_json_read_unicode (const char  *text,
                                const char  *end,
                                gunichar    *character,
                                const char **problem)
{
  int value = read_hex (text, end);
  int low;

  *problem = "invalid escape";
  if (value < 0)
    return NULL;

  *character = (gunichar) value;
  text += 4;
  if (!is_surrogate (value, 0xd800) && !is_surrogate (value, 0xdc00))
    return text;

  *problem = "lone surrogate";
  if (is_surrogate (value, 0xdc00) || end - text < 6 || text[0] != '\\' || text[1] != 'u')
    return NULL;

  low = read_hex (text + 2, end);
  if (!is_surrogate (low, 0xdc00))
    return NULL;

  *character = 0x10000 + ((gunichar) (value - 0xd800) << 10) + (gunichar) (low - 0xdc00);

  return text + 6;
}
