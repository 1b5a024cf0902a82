/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-columns.h"

static int
measure_character (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;

  return g_unichar_iswide (character) ? 2 : 1;
}

int
ruc_columns_measure (const char *text)
{
  int columns = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    columns += measure_character (g_utf8_get_char (text));

  return columns;
}

char *
ruc_columns_cut (const char *text,
                 int         columns)
{
  const char *end = text;
  int taken = 0;

  if (ruc_columns_measure (text) <= columns)
    return g_strdup (text);
  if (columns <= 0)
    return g_strdup ("");

  for (; *end != '\0'; end = g_utf8_next_char (end))
    {
      taken += measure_character (g_utf8_get_char (end));
      if (taken > columns - 1)
        break;
    }

  return g_strdup_printf ("%.*s…", (int) (end - text), text);
}

char *
ruc_columns_fit (const char *text,
                 int         columns,
                 gboolean    to_the_right)
{
  g_autofree char *cut = ruc_columns_cut (text, columns);
  int padding = MAX (columns - ruc_columns_measure (cut), 0);

  return to_the_right ? g_strdup_printf ("%*s%s", padding, "", cut)
                      : g_strdup_printf ("%s%*s", cut, padding, "");
}

char *
ruc_columns_dup_duration (gint64 from,
                          gint64 to)
{
  gint64 seconds = to > from ? (to - from) / G_TIME_SPAN_SECOND : 0;
  gint64 minutes = seconds / 60;
  gint64 hours = minutes / 60;

  if (minutes == 0)
    return g_strdup_printf ("%ds", (int) seconds);
  if (hours == 0)
    return g_strdup_printf ("%dm%02ds", (int) minutes, (int) (seconds % 60));
  if (hours < 24)
    return g_strdup_printf ("%dh%02dm", (int) hours, (int) (minutes % 60));

  return g_strdup_printf ("%" G_GINT64_FORMAT "d%02dh", hours / 24, (int) (hours % 24));
}
