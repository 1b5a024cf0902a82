/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-metrics-text.h"

void
rud_metrics_text_begin (GString    *text,
                        const char *name,
                        const char *type,
                        const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* @labels (nullable) are without braces. */
static void
append_name (GString    *text,
             const char *name,
             const char *labels)
{
  g_string_append (text, name);
  if (labels != NULL)
    g_string_append_printf (text, "{%s}", labels);
  g_string_append_c (text, ' ');
}

void
rud_metrics_text_integer (GString    *text,
                          const char *name,
                          const char *labels,
                          guint64     value)
{
  append_name (text, name, labels);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", value);
}

/* With a point, whatever the language of the user has. */
void
rud_metrics_text_number (GString    *text,
                         const char *name,
                         const char *labels,
                         double      value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_name (text, name, labels);
  g_string_append (text, g_ascii_formatd (digits, sizeof digits, "%.15g", value));
  g_string_append_c (text, '\n');
}

/* What a value of a label looks like between its quotes. */
char *
rud_metrics_text_escape (const char *value)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (const char *c = value; *c != '\0'; c++)
    {
      if (*c == '\\' || *c == '"')
        g_string_append_c (text, '\\');
      if (*c == '\n')
        g_string_append (text, "\\n");
      else
        g_string_append_c (text, *c);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}
