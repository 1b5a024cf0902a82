/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RudCallLimit RudCallLimit;

RudCallLimit *rud_call_limit_new           (void);
void          rud_call_limit_unref         (RudCallLimit    *self);
void          rud_call_limit_watch         (RudCallLimit    *self,
                                            GDBusConnection *connection);
void          rud_call_limit_set_n_objects (RudCallLimit    *self,
                                            guint            n_objects);
gboolean      rud_call_limit_take          (RudCallLimit    *self,
                                            const char      *sender,
                                            guint            cost,
                                            gint64           now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RudCallLimit, rud_call_limit_unref)

G_END_DECLS
