/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

char *rud_bus_connection_find_address (void);
void  rud_bus_connection_cut          (GDBusConnection *connection);

G_END_DECLS
