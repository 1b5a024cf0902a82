/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char            *rud_session_bus_find_address (void);
gboolean         rud_session_bus_is_there     (char                **name);
void             rud_session_bus_open_async   (const char           *address,
                                               guint                 milliseconds,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
GDBusConnection *rud_session_bus_open_finish  (GAsyncResult         *result,
                                               GError              **error);
void             rud_session_bus_shut         (GIOStream            *stream);

G_END_DECLS
