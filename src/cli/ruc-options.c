/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-options.h"

#include <glib/gi18n.h>
#include <string.h>

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

/* Returns: (nullable): the entry of the option that @word begins with */
static const GOptionEntry *
find_entry (const GOptionEntry *entries,
            const char         *word)
{
  g_autofree char *name = g_strndup (word + 2, strcspn (word + 2, "="));

  for (; entries->long_name != NULL; entries++)
    if (g_str_equal (entries->long_name, name))
      return entries;

  return NULL;
}

/* GLib ignores what is behind the equals sign of an option without a value, so that --all=false
 * would mean all.
 *
 * Returns: (nullable): the first such option that has a value all the same
 */
static const char *
find_switch_with_value (const GOptionEntry *entries,
                        int                 argc,
                        char              **argv,
                        gboolean            stop_at_word)
{
  for (int i = 1; i < argc && !g_str_equal (argv[i], "--"); i++)
    {
      gboolean is_option = g_str_has_prefix (argv[i], "--");
      const GOptionEntry *entry = is_option ? find_entry (entries, argv[i]) : NULL;
      gboolean has_value = strchr (argv[i], '=') != NULL;

      if (stop_at_word && (argv[i][0] != '-' || argv[i][1] == '\0'))
        break;
      if (entry != NULL && entry->arg == G_OPTION_ARG_NONE && has_value)
        return entry->long_name;
      /* The next word is the value, whatever it looks like. */
      if (entry != NULL && entry->arg != G_OPTION_ARG_NONE && !has_value)
        i++;
    }

  return NULL;
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
  const char *name = find_switch_with_value (entries, argc, argv, stop_at_word);

  if (name != NULL)
    {
      ruc_options_fail (command, _("--%s takes no value"), name);
      return FALSE;
    }

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
