/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-agents.h"
#include "ruc-config.h"
#include "ruc-doctor.h"
#include "ruc-exec.h"
#include "ruc-run.h"
#include "ruc-serve.h"
#include "ruc-session-cancel.h"
#include "ruc-session-end.h"
#include "ruc-session-show.h"
#include "ruc-sessions.h"
#include "ruc-text.h"
#include "rud-process.h"

#include <glib/gi18n.h>
#include <locale.h>

/* What a command does with the words after its name; returns the exit status. */
typedef struct
{
  const char *name;
  int         (* main) (int    argc,
                        char **argv);
} Command;

/* The first one may be named or left out. */
static const Command commands[] = {
  { "serve", ruc_serve },
  { "run", ruc_run },
  { "exec", ruc_exec },
  { "agents", ruc_agents },
  { "config", ruc_config },
  { "doctor", ruc_doctor },
  { "sessions", ruc_sessions },
  { "show", ruc_session_show },
  { "cancel", ruc_session_cancel },
  { "end", ruc_session_end },
};

static void
set_language (void)
{
  /* In a build tree the translations are not installed yet. */
  const char *folder = g_getenv ("RUNTIMEUSE_LOCALEDIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, folder != NULL ? folder : LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

int
main (int    argc,
      char **argv)
{
  rud_process_harden ();
  set_language ();
  g_set_prgname ("runtimeuse");

  for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i].name))
      return ruc_text_finish (commands[i].main (argc - 1, argv + 1));

  return ruc_text_finish (commands[0].main (argc, argv));
}
