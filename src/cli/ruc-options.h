/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Exit statuses that mean the same in each command but serve. */
typedef enum
{
  RUC_EXIT_FAILED = 1,
  RUC_EXIT_USAGE = 2,
  RUC_EXIT_CONNECTION = 3,
  RUC_EXIT_TIMED_OUT = 124,
} RucExit;

gboolean ruc_options_parse      (const char         *command,
                                 const GOptionEntry *entries,
                                 int                 argc,
                                 char              **argv,
                                 gboolean            stop_at_word);
int      ruc_options_fail       (const char         *command,
                                 const char         *format,
                                 ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
