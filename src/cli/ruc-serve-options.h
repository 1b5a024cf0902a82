/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"

G_BEGIN_DECLS

/* What the command line says about serving. */
typedef struct
{
  RudConfig *config;     /* with the options that set something */
  GPtrArray *others;     /* (element-type utf8): words that are no options of serve */
  gboolean   help;
  gboolean   version;
} RucServeOptions;

RucServeOptions *ruc_serve_options_parse      (int                argc,
                                               char             **argv,
                                               GError           **error);
void             ruc_serve_options_free       (RucServeOptions   *self);
void             ruc_serve_options_say_others (RucServeOptions   *self);
void             ruc_serve_options_print_help (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RucServeOptions, ruc_serve_options_free)

G_END_DECLS
