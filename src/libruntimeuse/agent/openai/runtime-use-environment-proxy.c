/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-environment-proxy-private.h"

#include "runtime-use-error.h"
#include "runtime-use-proxy-route-private.h"

#include <string.h>

/*
 * What other programs without a desktop do. The default of GIO asks the settings of the desktop,
 * and ends the process where their schemas are missing.
 */

/* One of two names that is set; the lower-case one counts first. */
static const char *
find_variable (const char  *lower,
               const char  *upper,
               const char **name)
{
  const char *value = g_getenv (lower);

  *name = lower;
  if ((value == NULL || *value == '\0') && upper != NULL)
    {
      value = g_getenv (upper);
      *name = upper;
    }

  return value != NULL && *value != '\0' ? value : NULL;
}

static gboolean
is_proxy (const char *uri)
{
  static const char * const schemes[] = {
    "http", "https", "socks", "socks4", "socks4a", "socks5", NULL
  };
  g_autoptr(GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);

  return parsed != NULL && g_strv_contains (schemes, g_uri_get_scheme (parsed)) &&
         g_uri_get_host (parsed) != NULL && *g_uri_get_host (parsed) != '\0';
}

/* A value may have a password in it, so it is not repeated. */
static gboolean
read_proxy (const char  *lower,
            const char  *upper,
            char       **proxy,
            GError     **error)
{
  const char *name;
  const char *value = find_variable (lower, upper, &name);
  g_autofree char *uri = NULL;

  if (value == NULL)
    return TRUE;

  if (strstr (value, "://") == NULL)
    uri = g_strconcat ("http://", value, NULL);
  else if (g_ascii_strncasecmp (value, "socks5h://", strlen ("socks5h://")) == 0)
    uri = g_strconcat ("socks5://", value + strlen ("socks5h://"), NULL);
  else
    uri = g_strdup (value);

  if (!is_proxy (uri))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "%s in the environment of the runtime must be the address of a proxy, such as "
                   "http://proxy.example:3128 or socks5://proxy.example:1080", name);
      return FALSE;
    }

  *proxy = g_steal_pointer (&uri);

  return TRUE;
}

/* Gives NULL if nothing is to be reached by a proxy. */
static char **
read_ignored (void)
{
  g_autoptr(GStrvBuilder) ignored = g_strv_builder_new ();
  g_auto(GStrv) items = NULL;
  const char *name;
  const char *value = find_variable ("no_proxy", "NO_PROXY", &name);

  g_strv_builder_add_many (ignored, "localhost", "127.0.0.0/8", "::1", NULL);
  items = g_strsplit_set (value != NULL ? value : "", ", \t", -1);
  for (gsize i = 0; items[i] != NULL; i++)
    {
      gsize length = strlen (items[i]);

      if (strcmp (items[i], "*") == 0)
        return NULL;
      if (length > 2 && items[i][0] == '[' && items[i][length - 1] == ']')
        {
          g_autofree char *address = g_strndup (items[i] + 1, length - 2);

          g_strv_builder_add (ignored, address);
        }
      else if (length > 0)
        g_strv_builder_add (ignored, items[i]);
    }

  return g_strv_builder_end (ignored);
}

/* HTTP_PROXY is left alone, as others do: a web server may have set it from a header. */
GProxyResolver *
_runtime_use_environment_proxy_new (GError **error)
{
  g_autoptr(GProxyResolver) self = NULL;
  g_autofree char *all = NULL;
  g_autofree char *http = NULL;
  g_autofree char *https = NULL;
  g_auto(GStrv) ignored = NULL;

  if (!read_proxy ("all_proxy", "ALL_PROXY", &all, error) ||
      !read_proxy ("http_proxy", NULL, &http, error) ||
      !read_proxy ("https_proxy", "HTTPS_PROXY", &https, error))
    return NULL;

  ignored = read_ignored ();
  if (ignored == NULL)
    return g_simple_proxy_resolver_new (NULL, NULL);

  self = g_simple_proxy_resolver_new (all, ignored);
  if (http != NULL)
    g_simple_proxy_resolver_set_uri_proxy (G_SIMPLE_PROXY_RESOLVER (self), "http", http);
  if (https != NULL)
    g_simple_proxy_resolver_set_uri_proxy (G_SIMPLE_PROXY_RESOLVER (self), "https", https);

  return g_steal_pointer (&self);
}

/* Gives NULL where no proxy is needed. @url is a valid one of http or https. */
GSocketConnectable *
_runtime_use_environment_proxy_find_route (GProxyResolver *self,
                                           const char     *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_auto(GStrv) proxies = g_proxy_resolver_lookup (self, url, NULL, NULL);

  if (uri == NULL || proxies == NULL || g_strcmp0 (proxies[0], "direct://") == 0)
    return NULL;

  return _runtime_use_proxy_route_new (uri, self);
}
