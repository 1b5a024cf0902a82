/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What run and exec are told alike: whom to ask, and with which variables. */
typedef struct
{
  const char  *command;      /* "run" or "exec", for messages */

  /* As on the command line. */
  char        *url;
  char        *token_file;
  char        *timeout;
  char       **env;
  char       **secret_names;

  /* As found in it. */
  guint        seconds;      /* 0: no deadline */
  char       **environment;  /* NAME=VALUE, with the secrets */
  char       **secrets;
} RucRequest;

gboolean ruc_request_complete (RucRequest  *self);
void     ruc_request_clear    (RucRequest  *self);
gboolean ruc_request_is_utf8  (RucRequest  *self,
                               const char  *what,
                               const char  *text);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RucRequest, ruc_request_clear)

G_END_DECLS
