/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A source that calls @callback as long as its ready time has come; at first it never comes. @name
 * is static. */
GSource *_runtime_use_ready_source_new (const char     *name,
                                        GSourceFunc     callback,
                                        gpointer        user_data,
                                        GDestroyNotify  notify);

/* Ends a source, if there is one, and lets go of it. */
void     _runtime_use_clear_source     (GSource       **source);

G_END_DECLS
