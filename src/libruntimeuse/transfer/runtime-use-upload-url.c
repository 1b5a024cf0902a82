/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-url-private.h"

#include <libsoup/soup.h>
#include <string.h>

#include "runtime-use-error.h"

static gboolean
fail (GError     **error,
      const char  *text)
{
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, text);

  return FALSE;
}

/* What no URL may hold is escaped, so that it can neither end the line of the request nor be
 * refused for a blank in a name. Everything else stays as it is. */
static char *
escape_forbidden (const char *text,
                  gsize       length)
{
  GString *escaped = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_isgraph (text[i]))
        g_string_append_c (escaped, text[i]);
      else
        g_string_append_printf (escaped, "%%%02X", (guint8) text[i]);
    }

  return g_string_free (escaped, FALSE);
}

static gboolean
check_origin (const char  *scheme,
              const char  *userinfo,
              const char  *host,
              GError     **error)
{
  if (g_ascii_strcasecmp (scheme, "http") != 0 && g_ascii_strcasecmp (scheme, "https") != 0)
    return fail (error, "The upload URL must begin with http:// or https://");
  if (host == NULL || *host == '\0')
    return fail (error, "The upload URL has no host");
  for (const char *c = host; *c != '\0'; c++)
    {
      if (*c == ' ' || g_ascii_iscntrl (*c))
        return fail (error, "The host of the upload URL is not valid");
    }
  if (userinfo != NULL)
    return fail (error, "The upload URL must not have a user name or password");

  return TRUE;
}

/* GLib's own parser would decode and encode again what it thinks equal; a signature is over the
 * bytes. So path and query are taken as they are. */
GUri *
_runtime_use_upload_url_parse (const char  *url,
                               GError     **error)
{
  const char *authority = strstr (url, "://");
  g_autofree char *origin = NULL;
  g_autofree char *scheme = NULL;
  g_autofree char *userinfo = NULL;
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;
  g_autofree char *query = NULL;
  const char *rest;
  gsize path_length;
  int port;

  if (authority == NULL)
    return fail (error, "The upload URL must begin with http:// or https://"), NULL;

  rest = authority + 3 + strcspn (authority + 3, "/?#");
  origin = g_strndup (url, (gsize) (rest - url));
  if (!g_uri_split (origin, SOUP_HTTP_URI_FLAGS, &scheme, &userinfo, &host, &port, NULL, NULL, NULL,
                    NULL) ||
      scheme == NULL)
    return fail (error, "The upload URL is not valid"), NULL;
  if (!check_origin (scheme, userinfo, host, error))
    return NULL;

  path_length = strcspn (rest, "?#");
  path = path_length > 0 ? escape_forbidden (rest, path_length) : g_strdup ("/");
  rest += path_length;
  if (*rest == '?')
    query = escape_forbidden (rest + 1, strcspn (rest + 1, "#"));

  return g_uri_build (SOUP_HTTP_URI_FLAGS,
                      g_ascii_strcasecmp (scheme, "https") == 0 ? "https" : "http",
                      NULL, host, port, path, query, NULL);
}

/* Where @location sends a request that was made to @from. */
GUri *
_runtime_use_upload_url_follow (GUri        *from,
                                const char  *location,
                                GError     **error)
{
  g_autofree char *absolute = NULL;
  g_autoptr(GUri) to = NULL;

  if (g_uri_peek_scheme (location) == NULL)
    {
      g_autofree char *base = g_uri_to_string (from);

      absolute = g_uri_resolve_relative (base, location,
                                         SOUP_HTTP_URI_FLAGS | G_URI_FLAGS_PARSE_RELAXED, NULL);
      if (absolute == NULL)
        return fail (error, "The URL that the upload was redirected to is not valid"), NULL;
    }

  to = _runtime_use_upload_url_parse (absolute != NULL ? absolute : location, error);
  if (to != NULL && g_str_equal (g_uri_get_scheme (from), "https") &&
      g_str_equal (g_uri_get_scheme (to), "http"))
    return fail (error, "The upload was redirected from https to http"), NULL;

  return g_steal_pointer (&to);
}

/* All of a URL that may be shown. */
char *
_runtime_use_upload_url_dup_host (GUri *url)
{
  const char *host = g_uri_get_host (url);
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  gboolean is_usual = g_uri_get_port (url) == (g_str_equal (g_uri_get_scheme (url), "https") ? 443
                                                                                            : 80);
  g_autofree char *name = is_ipv6 ? g_strdup_printf ("[%s]", host) : g_strdup (host);

  return is_usual ? g_steal_pointer (&name)
                  : g_strdup_printf ("%s:%d", name, g_uri_get_port (url));
}
