/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void     rud_bus_name_request_async  (GDBusConnection      *connection,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data);
gboolean rud_bus_name_request_finish (GDBusConnection      *connection,
                                      GAsyncResult         *result,
                                      char                **holder,
                                      GError              **error);
void     rud_bus_name_release_async  (GDBusConnection      *connection,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data);
void     rud_bus_name_release_finish (GDBusConnection      *connection,
                                      GAsyncResult         *result);

G_END_DECLS
