/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char            *rud_desktop_bus_find_address (void);
void             rud_desktop_bus_open_async   (const char           *address,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
GDBusConnection *rud_desktop_bus_open_finish  (GAsyncResult         *result,
                                               GError              **error);

G_END_DECLS
