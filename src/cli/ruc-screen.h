/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines on a terminal that are drawn again in place. What was above them stays; the cursor waits in
 * the line below.
 */
typedef struct
{
  GPtrArray *lines;      /* as they were drawn */
  int        columns;    /* of the terminal at that time, 0 if nothing was drawn yet */
  int        rows;
  gboolean   styled;
  gboolean   reflows;    /* the terminal breaks lines anew when it becomes narrower */
} RucScreen;

void     ruc_screen_init     (RucScreen *self);
void     ruc_screen_clear    (RucScreen *self);

/* Whether standard output can be drawn on. */
gboolean ruc_screen_can_draw (void);
void     ruc_screen_get_size (int       *columns,
                              int       *rows);

/* What to write so that the terminal shows @lines, each of less than @columns. */
char    *ruc_screen_draw     (RucScreen *self,
                              GPtrArray *lines,
                              int        columns,
                              int        rows);

/* From now on it is drawn where the cursor is. */
void     ruc_screen_forget   (RucScreen *self);

G_END_DECLS
