/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-options.h"

#include <glib/gi18n.h>

/* Says what is wrong with the words after @command; returns the exit status for that. */
int
ruc_options_fail (const char *command,
                  const char *format,
                  ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  g_printerr (_("Error: %s\n"), text);
  g_printerr (_("See: runtimeuse %s --help\n"), command);

  return RUC_EXIT_USAGE;
}

/* Reads the options of a command, and says so if it cannot. With @stop_at_word, what comes after
 * the first word belongs to that word.
 */
gboolean
ruc_options_parse (const char         *command,
                   const GOptionEntry *entries,
                   int                 argc,
                   char              **argv,
                   gboolean            stop_at_word)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) words = g_new0 (char *, argc + 1);

  for (int i = 0; i < argc; i++)
    words[i] = g_strdup (argv[i]);

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, stop_at_word);
  if (g_option_context_parse_strv (context, &words, &error))
    return TRUE;

  ruc_options_fail (command, "%s", error->message);

  return FALSE;
}
