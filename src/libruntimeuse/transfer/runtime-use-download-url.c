/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-url-private.h"

#include <limits.h>
#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-transfer-file-private.h"

/* Works on any text, for it is what errors about texts that are no URLs show. */
char *
_runtime_use_show_url (const char *text)
{
  const char *colon = strchr (text, ':');
  const char *authority = colon != NULL ? colon + 1 : text;
  g_autoptr(GString) shown = NULL;
  const char *at;
  gsize length;

  authority += strspn (authority, "/\\");
  length = strcspn (authority, "/\\?#");
  shown = g_string_new_len (text, authority - text);

  /* A password with a ? in it makes a wrong URL, but is a password all the same. */
  at = strchr (authority + length, '@');
  if (at != NULL && (authority[length] == '?' || authority[length] == '#'))
    return _runtime_use_show_name (shown->str);

  at = memrchr (authority, '@', length);
  if (at != NULL)
    authority = at + 1;
  g_string_append_len (shown, authority, (gssize) strcspn (authority, "?#"));

  return _runtime_use_show_name (shown->str);
}

static gboolean
fail_name (const char  *shown,
           const char  *reason,
           GError     **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               "The URL %s gives no name to store the file under: %s", shown, reason);

  return FALSE;
}

static gboolean
read_name (RuntimeUseDownloadUrl  *self,
           GError                **error)
{
  const char *path = g_uri_get_path (self->uri);
  const char *slash = strrchr (path, '/');
  g_autoptr(GBytes) bytes = NULL;
  gsize length;
  const char *name;

  bytes = g_uri_unescape_bytes (slash != NULL ? slash + 1 : path, -1, NULL, NULL);
  if (bytes == NULL)
    return fail_name (self->shown, "its last part is not well encoded", error);

  name = g_bytes_get_data (bytes, &length);
  if (length == 0)
    return fail_name (self->shown, "its path has no last part", error);
  if (memchr (name, '\0', length) != NULL || memchr (name, '/', length) != NULL)
    return fail_name (self->shown, "its last part holds NUL or a slash", error);
  if (length > NAME_MAX)
    return fail_name (self->shown, "its last part is longer than 255 bytes", error);

  self->name = g_strndup (name, length);
  if (strcmp (self->name, ".") == 0 || strcmp (self->name, "..") == 0)
    return fail_name (self->shown, "its last part is “.” or “..”", error);

  return TRUE;
}

static char *
make_authorization (GUri *uri)
{
  const char *user = g_uri_get_user (uri);
  const char *password = g_uri_get_password (uri);
  g_autofree char *both = NULL;
  g_autofree char *encoded = NULL;

  if (user == NULL)
    return NULL;

  both = g_strconcat (user, ":", password != NULL ? password : "", NULL);
  encoded = g_base64_encode ((guchar *) both, strlen (both));

  return g_strconcat ("Basic ", encoded, NULL);
}

gboolean
_runtime_use_is_http (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return strcmp (scheme, "http") == 0 || strcmp (scheme, "https") == 0;
}

/* Without what is not sent. */
GUri *
_runtime_use_download_uri_clean (GUri *uri)
{
  return soup_uri_copy (uri, SOUP_URI_USER, NULL, SOUP_URI_PASSWORD, NULL, SOUP_URI_FRAGMENT, NULL,
                        SOUP_URI_NONE);
}

RuntimeUseDownloadUrl *
_runtime_use_download_url_parse (const char  *text,
                                 GError     **error)
{
  g_autoptr(RuntimeUseDownloadUrl) self = g_new0 (RuntimeUseDownloadUrl, 1);
  g_autoptr(GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);

  self->shown = _runtime_use_show_url (text);
  if (uri == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "Invalid URL: %s", self->shown);
      return NULL;
    }
  if (!_runtime_use_is_http (uri))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "fetch failed: %s is neither http nor https", self->shown);
      return NULL;
    }
  if (g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   "Invalid URL: %s names no host", self->shown);
      return NULL;
    }

  self->authorization = make_authorization (uri);
  self->uri = _runtime_use_download_uri_clean (uri);
  if (!read_name (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
_runtime_use_download_url_free (RuntimeUseDownloadUrl *self)
{
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->authorization);
  g_free (self->name);
  g_free (self->shown);
  g_free (self);
}
