/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus-connection.h"

#include "rud-session-bus.h"

/* The bus that started us or the one of the session; NULL if there is none. */
char *
rud_bus_connection_find_address (void)
{
  const char *starter = g_getenv ("DBUS_STARTER_ADDRESS");

  if (starter != NULL && starter[0] != '\0')
    return g_strdup (starter);

  return rud_session_bus_find_address ();
}

/* Ends @connection although the bus may read nothing any more, which closing it
 * would wait for.
 */
void
rud_bus_connection_cut (GDBusConnection *connection)
{
  rud_session_bus_shut (g_dbus_connection_get_stream (connection));
  g_dbus_connection_close (connection, NULL, NULL, NULL);
}
