/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus-connection.h"

#include <sys/stat.h>
#include <unistd.h>

/* GLib would start a bus where there is none, which nobody could find. */
#define START_ONE "autolaunch:"

static char *
find_socket (void)
{
  const char *folder = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;
  struct stat status;

  if (folder == NULL || folder[0] == '\0')
    return NULL;

  path = g_build_filename (folder, "bus", NULL);
  if (stat (path, &status) != 0 || !S_ISSOCK (status.st_mode) || status.st_uid != getuid ())
    return NULL;

  escaped = g_dbus_address_escape_value (path);

  return g_strconcat ("unix:path=", escaped, NULL);
}

/* The bus that started us or the one of the session; NULL if there is none. */
char *
rud_bus_connection_find_address (void)
{
  static const char * const variables[] = { "DBUS_STARTER_ADDRESS", "DBUS_SESSION_BUS_ADDRESS" };

  for (size_t i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *address = g_getenv (variables[i]);

      if (address != NULL && address[0] != '\0')
        return g_str_has_prefix (address, START_ONE) ? NULL : g_strdup (address);
    }

  return find_socket ();
}

/* Whoever reads from @stream or writes to it finds it closed. */
void
rud_bus_connection_shut (GIOStream *stream)
{
  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE,
                       NULL);
}

/* Ends @connection although the bus may read nothing any more, which closing it
 * would wait for.
 */
void
rud_bus_connection_cut (GDBusConnection *connection)
{
  rud_bus_connection_shut (g_dbus_connection_get_stream (connection));
  g_dbus_connection_close (connection, NULL, NULL, NULL);
}
