/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-service.h"

G_BEGIN_DECLS

/* What the commands about one session have in common: ID, or --all for all of them. */
typedef struct
{
  const char  *command;
  char       **words;
  char        *timeout;
  guint        seconds;
  gboolean     as_json;
  gboolean     all;
  gboolean     help;
} RucSessionOptions;

void        ruc_session_options_clear (RucSessionOptions  *self);

/* Reads what is asked for, and waits until the sessions are known. @option is the name of the other
 * option that the command has, and @value where it goes. NULL when the command is over already,
 * with @exit_status. */
RucService *ruc_session_options_begin (RucSessionOptions  *self,
                                       const char         *option,
                                       gboolean           *value,
                                       int                 argc,
                                       char              **argv,
                                       void              (*print_help) (void),
                                       int                *exit_status);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RucSessionOptions, ruc_session_options_clear)

G_END_DECLS
