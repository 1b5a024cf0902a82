/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text by the columns that it takes on a terminal. */

int   ruc_columns_measure      (const char *text);

/* Cuts what is too long, with a sign that it was; fills up what is too short. */
char *ruc_columns_fit          (const char *text,
                                int         columns,
                                gboolean    to_the_right);
char *ruc_columns_cut          (const char *text,
                                int         columns);

/* Between two times in microseconds, such as 5s, 2m05s, 1h02m, 3d04h. */
char *ruc_columns_dup_duration (gint64      from,
                                gint64      to);

G_END_DECLS
