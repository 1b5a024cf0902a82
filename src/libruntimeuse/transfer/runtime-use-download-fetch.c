/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-download-fetch-private.h"

#include <errno.h>
#include <libsoup/soup.h>
#include <string.h>

#include "runtime-use-chunk-reader-private.h"
#include "runtime-use-error.h"
#include "runtime-use-http1-private.h"
#include "runtime-use-public-address-private.h"
#include "runtime-use-transfer-file-private.h"
#include "runtime-use-trust-private.h"

#define BLOCK (256 * 1024)

typedef struct
{
  const RuntimeUseDownloadUrl      *url;
  const RuntimeUseDownloadSettings *settings;
  RuntimeUseDownloadWatch          *watch;
  GCancellable                     *cancellable;
  int                               fd;
  int                               folder;

  GUri                             *uri;         /* where we are */
  SoupSession                      *session;     /* for one request */
  SoupMessage                      *message;
  GSocketConnectable               *connectable; /* (nullable) */
} Fetch;

G_GNUC_PRINTF (3, 4) static gboolean
fail (GError          **error,
      RuntimeUseError   code,
      const char       *format,
      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RUNTIME_USE_ERROR, code, text);

  return FALSE;
}

/* --- one request --- */

static void
event_cb (SoupMessage        *message,
          GSocketClientEvent  event,
          GIOStream          *connection,
          gpointer            user_data)
{
  Fetch *self = user_data;

  if (event == G_SOCKET_CLIENT_COMPLETE)
    _runtime_use_download_watch_wait (self->watch, "the server did not answer",
                                      self->settings->idle_timeout);
}

/* One length, or the same one several times. */
static gboolean
is_length (const char *text)
{
  g_auto(GStrv) values = g_strsplit (text, ",", -1);

  for (guint i = 0; values[i] != NULL; i++)
    {
      g_strstrip (values[i]);
      if (strcmp (values[i], values[0]) != 0)
        return FALSE;
    }

  return values[0] != NULL &&
         g_ascii_string_to_unsigned (values[0], 10, 0, G_MAXINT64, NULL, NULL);
}

/* Of several lengths libsoup believes the last one, and one that is too long becomes another. */
static gboolean
is_length_wrong (Fetch *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *text = soup_message_headers_get_list (headers, "Content-Length");

  return text != NULL && !is_length (text);
}

static void
make_session (Fetch *self)
{
  if (!self->settings->allow_local)
    self->connectable = _runtime_use_public_address_new (g_uri_get_host (self->uri),
                                                         (guint16) g_uri_get_port (self->uri));

  /* The proxy of the desktop is a setting, and without the schema of that GLib ends the process. */
  self->session = soup_session_new_with_options ("remote-connectable", self->connectable,
                                                 "proxy-resolver", NULL,
                                                 NULL);

  /* Waiting has limits of ours. What is stored is what is sent; a password is not for others. */
  soup_session_set_timeout (self->session, 0);
  soup_session_set_user_agent (self->session, "runtimeuse/" PACKAGE_VERSION);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_AUTH_MANAGER);
  _runtime_use_trust_apply (self->session);
}

static gboolean
is_same_origin (GUri *a,
                GUri *b)
{
  return strcmp (g_uri_get_scheme (a), g_uri_get_scheme (b)) == 0 &&
         g_ascii_strcasecmp (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         g_uri_get_port (a) == g_uri_get_port (b);
}

static void
make_message (Fetch *self)
{
  self->message = soup_message_new_from_uri (SOUP_METHOD_GET, self->uri);
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  if (self->url->authorization != NULL && is_same_origin (self->uri, self->url->uri))
    soup_message_headers_append (soup_message_get_request_headers (self->message),
                                 "Authorization", self->url->authorization);
  _runtime_use_http1_require (self->message);
  g_signal_connect (self->message, "network-event", G_CALLBACK (event_cb), self);
}

static void
end_request (Fetch *self)
{
  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  if (self->session != NULL)
    soup_session_abort (self->session);
  g_clear_object (&self->session);
  g_clear_object (&self->connectable);
}

static gboolean
fail_length (GError **error)
{
  return fail (error, RUNTIME_USE_ERROR_FAILED,
               "fetch failed: what the server says of the length of the file is no number");
}

static gboolean
fail_request (Fetch         *self,
              const GError  *cause,
              GError       **error)
{
  g_autofree char *reason = NULL;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  if (self->connectable != NULL &&
      _runtime_use_public_address_is_refused (RUNTIME_USE_PUBLIC_ADDRESS (self->connectable)))
    return fail (error, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                 "fetch failed: the host %s has an address that is not public, "
                 "from which this runtime does not download", g_uri_get_host (self->uri));

  if (is_length_wrong (self))
    return fail_length (error);

  reason = _runtime_use_trust_explain (self->message, cause);

  return fail (error, RUNTIME_USE_ERROR_FAILED, "fetch failed: %s", reason);
}

static GInputStream *
send_request (Fetch   *self,
              GError **error)
{
  g_autoptr(GError) cause = NULL;
  GInputStream *body;

  end_request (self);
  if (strcmp (g_uri_get_scheme (self->uri), "https") == 0 && !_runtime_use_trust_check (error))
    {
      g_prefix_error (error, "fetch failed: ");
      return NULL;
    }

  make_session (self);
  make_message (self);
  _runtime_use_download_watch_wait (self->watch, "there was no connection",
                                    self->settings->connect_timeout);
  body = soup_session_send (self->session, self->message, self->cancellable, &cause);
  if (body == NULL)
    fail_request (self, cause, error);

  return body;
}

/* --- where it leads --- */

static gboolean
is_redirect (Fetch *self)
{
  guint status = soup_message_get_status (self->message);
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);

  return (status == SOUP_STATUS_MOVED_PERMANENTLY || status == SOUP_STATUS_FOUND ||
          status == SOUP_STATUS_SEE_OTHER || status == SOUP_STATUS_TEMPORARY_REDIRECT ||
          status == SOUP_STATUS_PERMANENT_REDIRECT) &&
         soup_message_headers_get_one (headers, "Location") != NULL;
}

static gboolean
follow_redirect (Fetch   *self,
                 guint    n_redirects,
                 GError **error)
{
  const char *location =
    soup_message_headers_get_one (soup_message_get_response_headers (self->message), "Location");
  g_autoptr(GUri) uri = g_uri_parse_relative (self->uri, location, SOUP_HTTP_URI_FLAGS, NULL);

  if (n_redirects >= self->settings->max_redirects)
    return fail (error, RUNTIME_USE_ERROR_FAILED, "fetch failed: more than %u redirects",
                 self->settings->max_redirects);
  if (uri == NULL || g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0' ||
      !_runtime_use_is_http (uri))
    {
      g_autofree char *shown = _runtime_use_show_url (location);

      return fail (error, RUNTIME_USE_ERROR_FAILED,
                   "fetch failed: redirect to %s, which is no URL of http or https", shown);
    }

  g_uri_unref (self->uri);
  self->uri = _runtime_use_download_uri_clean (uri);

  return TRUE;
}

static gboolean
check_status (Fetch   *self,
              GError **error)
{
  guint status = soup_message_get_status (self->message);
  const char *reason = soup_message_get_reason_phrase (self->message);
  g_autofree char *shown = _runtime_use_show_name (reason != NULL ? reason : "");

  if (!SOUP_STATUS_IS_SUCCESSFUL (status))
    return fail (error, RUNTIME_USE_ERROR_FAILED, "Download failed: %u %s", status, shown);
  if (status == SOUP_STATUS_NO_CONTENT || status == SOUP_STATUS_RESET_CONTENT)
    return fail (error, RUNTIME_USE_ERROR_FAILED, "Download failed: no response body");
  if (is_length_wrong (self))
    return fail_length (error);

  return TRUE;
}

/* Asks until there is an answer that is no redirect. */
static GInputStream *
get_answer (Fetch   *self,
            GError **error)
{
  for (guint n_redirects = 0; ; n_redirects++)
    {
      g_autoptr(GInputStream) body = send_request (self, error);

      if (body == NULL)
        return NULL;
      if (!is_redirect (self))
        return check_status (self, error) ? g_steal_pointer (&body) : NULL;
      if (!follow_redirect (self, n_redirects, error))
        return NULL;
    }
}

/* --- the body --- */

static gboolean
fail_size (Fetch   *self,
           GError **error)
{
  return fail (error, RUNTIME_USE_ERROR_TOO_LARGE,
               "Download failed: the file has more than %" G_GUINT64_FORMAT " bytes (max-size)",
               self->settings->max_size);
}

static gboolean
fail_write (Fetch    *self,
            int       saved,
            guint64   needed,
            GError  **error)
{
  g_autofree char *shown = _runtime_use_show_name (self->url->name);

  _runtime_use_set_system_error (error, saved, self->folder, needed, "Cannot store “%s”", shown);

  return FALSE;
}

/* G_MAXUINT64 if it does not say. */
static guint64
get_length (Fetch *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH)
    return G_MAXUINT64;

  return (guint64) MAX (soup_message_headers_get_content_length (headers), 0);
}

static gboolean
expect (Fetch    *self,
        guint64   length,
        GError  **error)
{
  if (length == G_MAXUINT64)
    return TRUE;

  _runtime_use_download_watch_expect (self->watch, length);
  if (length > self->settings->max_size)
    return fail_size (self, error);
  if (length > _runtime_use_get_free_space (self->folder))
    return fail_write (self, ENOSPC, length, error);

  return TRUE;
}

static gboolean
fail_read (Fetch         *self,
           const GError  *cause,
           guint64        received,
           guint64        length,
           GError       **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  if (length == G_MAXUINT64)
    return fail (error, RUNTIME_USE_ERROR_FAILED,
                 "fetch failed: the connection was lost after %" G_GUINT64_FORMAT " bytes%s%s",
                 received, cause != NULL ? ": " : "", cause != NULL ? cause->message : "");

  return fail (error, RUNTIME_USE_ERROR_FAILED,
               "fetch failed: the connection was lost after %" G_GUINT64_FORMAT " of %"
               G_GUINT64_FORMAT " bytes%s%s",
               received, length, cause != NULL ? ": " : "", cause != NULL ? cause->message : "");
}

/* Keeps one piece; @at is how much there was before. */
static gboolean
store (Fetch       *self,
       const void  *data,
       gsize        n,
       guint64      at,
       guint64      length,
       GError     **error)
{
  if (n > self->settings->max_size - at)
    return fail_size (self, error);
  if (!_runtime_use_write_at (self->fd, data, n, at))
    return fail_write (self, errno, length == G_MAXUINT64 ? at + n : length, error);

  return TRUE;
}

/*
 * Returns a reader for a body that comes in chunks, or NULL for any other.
 *
 * libsoup takes a connection that ends between two chunks for the end of the body. So the chunks
 * are read here, from the stream that it would read them from.
 */
static RuntimeUseChunkReader *
find_chunks (Fetch        *self,
             GInputStream *body)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  GInputStream *stream = body;

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CHUNKED)
    return NULL;

  while (G_IS_FILTER_INPUT_STREAM (stream))
    {
      gboolean is_decoder = strcmp (G_OBJECT_TYPE_NAME (stream), "SoupBodyInputStream") == 0;

      stream = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
      if (is_decoder)
        return _runtime_use_chunk_reader_new (stream);
    }

  return NULL;
}

static gssize
read_block (Fetch                  *self,
            GInputStream           *body,
            RuntimeUseChunkReader  *chunks,
            guint8                 *block,
            GError                **error)
{
  if (chunks != NULL)
    return _runtime_use_chunk_reader_read (chunks, block, BLOCK, self->cancellable, error);

  return g_input_stream_read (body, block, BLOCK, self->cancellable, error);
}

static gboolean
copy_body (Fetch         *self,
           GInputStream  *body,
           GError       **error)
{
  g_autoptr(RuntimeUseChunkReader) chunks = find_chunks (self, body);
  g_autofree guint8 *block = g_malloc (BLOCK);
  g_autoptr(GError) cause = NULL;
  guint64 length = get_length (self);
  guint64 received = 0;
  gssize n;

  if (!expect (self, length, error))
    return FALSE;

  _runtime_use_download_watch_wait (self->watch, "the server sent nothing more",
                                    self->settings->idle_timeout);
  while ((n = read_block (self, body, chunks, block, &cause)) > 0)
    {
      _runtime_use_download_watch_received (self->watch, (guint64) n);
      if (!store (self, block, (gsize) n, received, length, error))
        return FALSE;
      received += (guint64) n;
    }
  _runtime_use_download_watch_wait (self->watch, NULL, 0);

  if (n < 0 || (length != G_MAXUINT64 && received < length))
    return fail_read (self, cause, received, length, error);

  return TRUE;
}

gboolean
_runtime_use_download_fetch (const RuntimeUseDownloadUrl       *url,
                             const RuntimeUseDownloadSettings  *settings,
                             RuntimeUseDownloadWatch           *watch,
                             int                                fd,
                             int                                folder,
                             GCancellable                      *cancellable,
                             GError                           **error)
{
  Fetch self = {
    .url = url, .settings = settings, .watch = watch, .cancellable = cancellable,
    .fd = fd, .folder = folder, .uri = g_uri_ref (url->uri),
  };
  GInputStream *body = get_answer (&self, error);
  gboolean fetched = body != NULL && copy_body (&self, body, error);

  g_clear_object (&body);
  end_request (&self);
  g_uri_unref (self.uri);

  return fetched;
}
