/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-agent.h"

G_BEGIN_DECLS

/* What the command line says about serving. */
typedef struct
{
  RucAgentOptions agent;
  char     *port;
  char     *host;
  char    **allowed_origins;
  char    **allowed_hosts;
  char     *token_file;
  char     *log_level;
  char    **limits;            /* NAME=VALUE of the server's properties */
  gboolean  insecure_no_auth;
  gboolean  no_local_downloads;
  gboolean  help;
  gboolean  version;
} RucServeOptions;

RucServeOptions *ruc_serve_options_parse      (int               argc,
                                               char            **argv,
                                               GError          **error);
void             ruc_serve_options_free       (RucServeOptions  *self);
gboolean         ruc_serve_options_apply      (RucServeOptions  *self,
                                               GObject          *server,
                                               GError          **error);
void             ruc_serve_options_print_help (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RucServeOptions, ruc_serve_options_free)

G_END_DECLS
