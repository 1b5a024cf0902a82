/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Shows the sessions of the service, and how they change, until a signal comes. Returns the exit
 * status.
 */
int ruc_watch_run (guint    seconds,
                   gboolean as_json);

G_END_DECLS
