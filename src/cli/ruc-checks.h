/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Looks at this machine and waits for what is found: a list of RudCheck. */
GPtrArray *ruc_checks_examine    (void);

void       ruc_checks_print_text (GPtrArray  *checks);

/* @name is what the list is called in the object that is printed. */
void       ruc_checks_print_json (GPtrArray  *checks,
                                  const char *name,
                                  gboolean    can_serve);

G_END_DECLS
