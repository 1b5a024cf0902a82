/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ruc-serve-listen.h"

#include "rud-address.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* In the folder of the user that ends with the session; see the units of systemd. */
#define RUNTIME_FOLDER "runtimeuse"

/* Seconds without a client, if nobody says how many. Who listens for us starts us again, so that
 * nobody misses a service that leaves.
 */
#define HANDED_EXIT_IDLE 300

/* Nobody but us makes the folder of our own sockets; others are there, or the user is wrong. */
static void
make_runtime_folder (const char *path)
{
  g_autofree char *ours = g_build_filename (g_get_user_runtime_dir (), RUNTIME_FOLDER, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_str_equal (folder, ours) && g_mkdir (folder, 0700) != 0 && errno != EEXIST)
    g_warning (_("Cannot make the folder %s: %s"), folder, g_strerror (errno));
}

static gboolean
add_address (RuntimeUseServer  *server,
             const char        *text,
             GError           **error)
{
  g_autoptr(GSocketAddress) address = rud_address_new (text, error);

  if (address == NULL)
    {
      g_prefix_error (error, "--listen: ");
      return FALSE;
    }

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    make_runtime_folder (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));
  runtime_use_server_add_address (server, address);

  return TRUE;
}

/* Says to @server where to listen: on the sockets that it was given, on what was asked for, and
 * where it does by itself unless only the others were named.
 */
gboolean
ruc_serve_listen_set_up (RudConfig         *config,
                         RuntimeUseServer  *server,
                         GPtrArray         *inherited,
                         GError           **error)
{
  const char * const *addresses = rud_config_get_strv (config, "listen");
  guint n_addresses = 0;

  for (; addresses != NULL && addresses[n_addresses] != NULL; n_addresses++)
    if (!add_address (server, addresses[n_addresses], error))
      return FALSE;

  for (guint i = 0; i < inherited->len; i++)
    runtime_use_server_add_socket (server, g_ptr_array_index (inherited, i));

  if (n_addresses + inherited->len == 0 ||
      rud_config_is_set (config, "port") || rud_config_is_set (config, "host"))
    return TRUE;

  g_object_set (server, "listen-default", FALSE, NULL);
  if (n_addresses == 0)
    rud_config_set_default (config, "exit-idle", HANDED_EXIT_IDLE, "LISTEN_FDS");

  return TRUE;
}

/* Says that @server accepts connections. Not translated: programs wait for these words. */
void
ruc_serve_listen_say (RuntimeUseServer *server)
{
  g_auto(GStrv) addresses = runtime_use_server_dup_addresses (server);
  guint port = runtime_use_server_get_port (server);
  g_autofree char *first = NULL;

  for (guint i = 0; addresses[i] != NULL; i++)
    g_info ("Listening on %s", addresses[i]);

  if (port != 0)
    printf ("RuntimeUse server listening on port %u\n", port);
  else
    {
      first = g_uri_unescape_string (addresses[0] + strlen ("ws+"), NULL);
      printf ("RuntimeUse server listening on %s\n", first);
    }

  /* Clients are served all the same when nobody takes this line. */
  fflush (stdout);
  clearerr (stdout);
}
