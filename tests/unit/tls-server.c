/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tls-server.h"

#include <string.h>

/* Seconds that a client may take for anything. */
#define PATIENCE 20

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
#define THANKS "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static char *
read_head (GInputStream *stream)
{
  g_autoptr(GString) head = g_string_new (NULL);
  char c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n") &&
         g_input_stream_read (stream, &c, 1, NULL, NULL) == 1)
    g_string_append_c (head, c);

  return g_string_free (g_steal_pointer (&head), FALSE);
}

static void
read_body (TlsServer    *self,
           GInputStream *stream,
           const char   *head)
{
  const char *header = strstr (head, "\r\nContent-Length: ");
  guint64 left = header != NULL ? g_ascii_strtoull (header + 18, NULL, 10) : 0;
  char buffer[16384];
  gssize n = 1;

  for (; left > 0 && n > 0; left -= (guint64) MAX (n, 0))
    {
      n = g_input_stream_read (stream, buffer, MIN (left, sizeof buffer), NULL, NULL);
      g_mutex_lock (&self->lock);
      self->n_body += (guint64) MAX (n, 0);
      g_mutex_unlock (&self->lock);
    }
}

static void
answer (TlsServer     *self,
        GOutputStream *stream,
        const char    *head)
{
  g_autofree char *text = NULL;

  if (g_str_has_prefix (head, "PUT "))
    text = g_strdup (THANKS);
  else if (g_str_has_prefix (head, "GET /redirect/"))
    text = g_strdup_printf ("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n"
                            "Connection: close\r\n\r\n", self->location);
  else
    text = g_strdup (HELLO);

  g_output_stream_write_all (stream, text, strlen (text), NULL, NULL, NULL);
}

static void
serve (TlsServer         *self,
       GSocketConnection *connection)
{
  static const char * const protocols[] = { "h2", "http/1.1", NULL };
  g_autoptr(GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (connection),
                                                          self->certificate, NULL);
  g_autofree char *head = NULL;

  g_assert_nonnull (tls);
  if (self->has_http2)
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), protocols);
  /* Who does not like the certificate ends it here. */
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return;

  head = read_head (g_io_stream_get_input_stream (tls));
  g_mutex_lock (&self->lock);
  g_string_append (self->requests, head);
  g_free (self->protocol);
  self->protocol = g_strdup (g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (tls)));
  g_mutex_unlock (&self->lock);
  read_body (self, g_io_stream_get_input_stream (tls), head);
  answer (self, g_io_stream_get_output_stream (tls), head);
  g_io_stream_close (tls, NULL, NULL);
}

static gpointer
accept_func (gpointer data)
{
  TlsServer *self = data;

  while (TRUE)
    {
      g_autoptr(GSocketConnection) connection = NULL;

      connection = g_socket_listener_accept (self->listener, NULL, self->cancellable, NULL);
      if (connection == NULL)
        return NULL;

      g_socket_set_timeout (g_socket_connection_get_socket (connection), PATIENCE);
      g_mutex_lock (&self->lock);
      self->n_connections++;
      g_mutex_unlock (&self->lock);
      serve (self, connection);
      g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
    }
}

char *
tls_server_dup_certificate_path (const char *certificate)
{
  g_autofree char *name = g_strconcat (certificate, ".pem", NULL);

  g_assert_nonnull (g_getenv ("RUNTIMEUSE_TEST_CERTIFICATES"));

  return g_build_filename (g_getenv ("RUNTIMEUSE_TEST_CERTIFICATES"), name, NULL);
}

TlsServer *
tls_server_new (const char *ipv4,
                const char *certificate)
{
  TlsServer *self = g_new0 (TlsServer, 1);
  g_autofree char *path = tls_server_dup_certificate_path (certificate);
  g_autoptr(GInetAddress) host = g_inet_address_new_from_string (ipv4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (host, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;

  g_mutex_init (&self->lock);
  self->requests = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
  self->certificate = g_tls_certificate_new_from_file (path, &error);
  g_assert_no_error (error);
  self->listener = g_socket_listener_new ();
  g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->thread = g_thread_new ("tls", accept_func, self);

  return self;
}

void
tls_server_free (TlsServer *self)
{
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_socket_listener_close (self->listener);
  g_object_unref (self->listener);
  g_object_unref (self->certificate);
  g_object_unref (self->cancellable);
  g_string_free (self->requests, TRUE);
  g_mutex_clear (&self->lock);
  g_free (self->location);
  g_free (self->protocol);
  g_free (self);
}

char *
tls_server_url (TlsServer  *self,
                const char *path)
{
  return g_strdup_printf ("https://127.0.0.1:%u%s", self->port, path);
}

char *
tls_server_dup_requests (TlsServer *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->requests->str);
}

guint64
tls_server_get_n_body (TlsServer *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_body;
}

guint
tls_server_get_n_connections (TlsServer *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_connections;
}

char *
tls_server_dup_protocol (TlsServer *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->protocol);
}
