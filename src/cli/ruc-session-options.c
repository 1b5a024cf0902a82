/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-session-options.h"

#include "ruc-ask.h"
#include "ruc-options.h"

#include <glib/gi18n.h>
#include <stdlib.h>

void
ruc_session_options_clear (RucSessionOptions *self)
{
  g_strfreev (self->words);
  g_free (self->timeout);
}

static gboolean
check_words (RucSessionOptions *self)
{
  guint n_words = self->words != NULL ? g_strv_length (self->words) : 0;

  if (self->all && n_words > 0)
    ruc_options_fail (self->command, _("it is either --all or the id of a session"));
  else if (n_words > 1)
    ruc_options_fail (self->command, _("there is more than one id"));
  else if (!self->all && (n_words == 0 || self->words[0][0] == '\0'))
    ruc_options_fail (self->command, _("the id of a session is missing; \"runtimeuse sessions\" "
                                       "lists them"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
parse (RucSessionOptions  *self,
       const char         *option,
       gboolean           *value,
       int                 argc,
       char              **argv)
{
  const GOptionEntry entries[] = {
    { option, 0, 0, G_OPTION_ARG_NONE, value },
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &self->timeout },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->words },
    G_OPTION_ENTRY_NULL
  };

  if (!ruc_options_parse (self->command, entries, argc, argv, FALSE))
    return FALSE;

  return self->help || (check_words (self) &&
                        ruc_ask_read_timeout (self->command, self->timeout, &self->seconds));
}

RucService *
ruc_session_options_begin (RucSessionOptions  *self,
                           const char         *option,
                           gboolean           *value,
                           int                 argc,
                           char              **argv,
                           void              (*print_help) (void),
                           int                *exit_status)
{
  if (!parse (self, option, value, argc, argv))
    {
      *exit_status = RUC_EXIT_USAGE;
      return NULL;
    }
  if (self->help)
    {
      print_help ();
      *exit_status = EXIT_SUCCESS;
      return NULL;
    }

  return ruc_ask_service (self->seconds, exit_status);
}
