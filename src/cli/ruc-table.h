/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-session.h"

G_BEGIN_DECLS

/* Sessions as lines of a table; the first of them has the titles. @columns is how wide a line may
 * be, or 0, and then nothing is left out. Of the sessions no more than @max_rows are shown, and the
 * last line says so. @now is in microseconds since the epoch. @doing (inout), 0 at first, is what
 * the last column had to have so far, so that a table that is drawn again does not move.
 */
GPtrArray *ruc_table_dup_lines  (GPtrArray        *sessions,
                                 int               columns,
                                 guint             max_rows,
                                 gint64            now,
                                 int              *doing);

/* A line that comes alone. */
char      *ruc_table_dup_line   (const RucSession *session,
                                 gint64            now);

/* Bits of those fields of a session that a line tells. */
guint      ruc_table_get_fields (void);

G_END_DECLS
