/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *ruc_text_read_file  (const char  *path,
                           GError     **error);
char *ruc_text_read_input (GError     **error);
char *ruc_text_show       (const char  *text);
char *ruc_text_show_name  (const char  *name);
int   ruc_text_print      (const char  *text);
int   ruc_text_finish     (int          status);

G_END_DECLS
