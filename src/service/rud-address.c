/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-address.h"

#include "runtimeuse.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>

/* With the byte that ends it, and one that GIO keeps for itself. */
#define PATH_SIZE (sizeof ((struct sockaddr_un *) NULL)->sun_path - 1)

static GSocketAddress *
new_unix (const char  *path,
          GError     **error)
{
  if (strlen (path) < PATH_SIZE)
    return g_unix_socket_address_new (path);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("the path of a socket has at most %d bytes, not %d"),
               (int) PATH_SIZE - 1, (int) strlen (path));

  return NULL;
}

static GSocketAddress *
new_inet (const char *text)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL;
  guint64 port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &port, NULL))
    return NULL;

  /* Without brackets nobody can tell where an address ends and its port begins. */
  if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
    host = g_strndup (text + 1, colon - text - 2);
  else if (memchr (text, ':', colon - text) == NULL)
    host = g_strndup (text, colon - text);

  return host != NULL ? g_inet_socket_address_new_from_string (host, (guint) port) : NULL;
}

/* Reads what --listen takes. */
GSocketAddress *
rud_address_new (const char  *text,
                 GError     **error)
{
  GSocketAddress *address;

  if (g_str_has_prefix (text, RUD_ADDRESS_UNIX) && text[strlen (RUD_ADDRESS_UNIX)] != '\0')
    return new_unix (text + strlen (RUD_ADDRESS_UNIX), error);

  address = new_inet (text);
  if (address == NULL)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                 _("must be unix:PATH or an address with a port, such as 127.0.0.1:8080 or "
                   "[::1]:8080, not \"%s\""), text);

  return address;
}
