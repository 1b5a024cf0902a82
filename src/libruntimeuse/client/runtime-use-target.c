/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-target-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-unix-socket-private.h"

/*
 * The URL of a server. It is never shown whole, for it may hold a token.
 */

#define UNIX_PREFIX "unix:"
#define UNIX_SCHEME "ws+unix"

#define URI_FLAGS (G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_SCHEME_NORMALIZE)

/* None of these can be part of a header line. */
gboolean
_runtime_use_target_is_clean (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if ((guchar) *c <= ' ' || *c == 0x7f)
      return FALSE;

  return TRUE;
}

gboolean
_runtime_use_target_is_tls (const RuntimeUseTarget *self)
{
  return g_str_equal (g_uri_get_scheme (self->uri), "wss");
}

guint16
_runtime_use_target_get_port (const RuntimeUseTarget *self)
{
  int port = g_uri_get_port (self->uri);

  if (port > 0)
    return port;

  return _runtime_use_target_is_tls (self) ? 443 : 80;
}

static char *
dup_authority (const RuntimeUseTarget *self)
{
  const char *host = g_uri_get_host (self->uri);
  gboolean is_ipv6 = strchr (host, ':') != NULL;

  return g_strdup_printf ("%s%s%s:%u", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                          _runtime_use_target_get_port (self));
}

static void
fail (GError     **error,
      const char  *why)
{
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, why);
}

/* Nothing but the host counts that a server over a Unix socket might look at. */
static RuntimeUseTarget *
target_new_unix (const char  *path,
                 const char  *query,
                 GError     **error)
{
  RuntimeUseTarget *self;

  if (path == NULL || *path == '\0' || strlen (path) > RUNTIME_USE_MAX_SOCKET_PATH)
    {
      fail (error, "The URL has to have the path of a socket behind unix:, of up to "
                   G_STRINGIFY (RUNTIME_USE_MAX_SOCKET_PATH) " bytes");
      return NULL;
    }

  self = g_new0 (RuntimeUseTarget, 1);
  self->uri = g_uri_build (G_URI_FLAGS_ENCODED, "ws", NULL, "localhost", -1, "/", query, NULL);
  self->path = g_strdup (path);
  self->authority = g_strdup ("localhost");
  self->address = g_strconcat (UNIX_PREFIX, path, NULL);

  return self;
}

static RuntimeUseTarget *
target_new_unix_uri (GUri    *uri,
                     GError **error)
{
  g_autofree char *path = g_uri_unescape_string (g_uri_get_path (uri), NULL);

  if (g_uri_get_user (uri) != NULL ||
      (g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0'))
    {
      fail (error, "The URL of a Unix socket names no host or user; it has to look like "
                   "ws+unix:/path/of/socket");
      return NULL;
    }

  return target_new_unix (path, g_uri_get_query (uri), error);
}

/*
 * _runtime_use_target_new:
 * @url: (nullable): `ws:` or `wss:`; `unix:` and a path as it is; `ws+unix:` and a path in which
 *   `%` escapes what a URI cannot have
 */
RuntimeUseTarget *
_runtime_use_target_new (const char  *url,
                         GError     **error)
{
  g_autoptr(GUri) uri = NULL;
  const char *why = NULL;
  RuntimeUseTarget *self;

  if (url != NULL && g_str_has_prefix (url, UNIX_PREFIX))
    return target_new_unix (url + strlen (UNIX_PREFIX), NULL, error);

  if (url == NULL)
    why = "No server is given: set the URL of one";
  else if (!_runtime_use_target_is_clean (url))
    why = "The URL has white space or control characters in it";
  else if (!(uri = g_uri_parse (url, URI_FLAGS, NULL)))
    why = "The URL cannot be understood; it has to look like ws://127.0.0.1:8080";
  else if (g_str_equal (g_uri_get_scheme (uri), UNIX_SCHEME))
    return target_new_unix_uri (uri, error);
  else if (!g_str_equal (g_uri_get_scheme (uri), "ws") &&
           !g_str_equal (g_uri_get_scheme (uri), "wss"))
    why = "The URL has to begin with ws://, wss:// or unix:";
  else if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    why = "The URL names no host; it has to look like ws://127.0.0.1:8080";
  else if (g_uri_get_user (uri) != NULL)
    why = "The URL must not have a user name or password; a token has a property of its own";

  if (why != NULL)
    {
      fail (error, why);
      return NULL;
    }

  self = g_new0 (RuntimeUseTarget, 1);
  self->uri = g_steal_pointer (&uri);
  self->authority = dup_authority (self);
  self->address = g_strdup_printf ("%s://%s", g_uri_get_scheme (self->uri), self->authority);

  return self;
}

void
_runtime_use_target_free (RuntimeUseTarget *self)
{
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->path);
  g_free (self->authority);
  g_free (self->address);
  g_free (self);
}
