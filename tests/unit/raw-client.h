/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/*
 * A WebSocket client without a library, which can also do what a library would
 * not. It lives in the thread of the server: while it waits, the default main
 * context is iterated.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RAW_PATIENCE (60 * G_TIME_SPAN_SECOND)

#define RAW_TEXT   0x81
#define RAW_BINARY 0x82
#define RAW_CLOSE  0x88
#define RAW_PING   0x89
#define RAW_PONG   0x8a

#define RAW_REQUEST_START "GET / HTTP/1.1\r\nHost: localhost\r\n"
#define RAW_UPGRADE       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define RAW_KEY           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define RAW_VERSION       "Sec-WebSocket-Version: 13\r\n"
#define RAW_REQUEST       RAW_REQUEST_START RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"

typedef struct
{
  int         fd;
  GByteArray *input;      /* received, not taken yet */
  gboolean    is_at_end;
  gboolean    is_reset;   /* the end was not a regular one */
} RawClient;

G_GNUC_UNUSED static gboolean
raw_past (gint64 deadline)
{
  return g_get_monotonic_time () > deadline;
}

/* So that a wait has an end when nothing happens in the main context. */
G_GNUC_UNUSED static gboolean
raw_nothing_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

G_GNUC_UNUSED static void
raw_iterate (void)
{
  guint id;

  if (g_main_context_iteration (NULL, FALSE))
    return;

  /* The other end of our sockets is in this context, but a deadline of it may be too. */
  id = g_timeout_add (1, raw_nothing_cb, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
}

#define raw_wait_for(condition)                                     \
  G_STMT_START                                                      \
    {                                                               \
      gint64 raw_deadline = g_get_monotonic_time () + RAW_PATIENCE; \
                                                                    \
      while (!(condition) && !raw_past (raw_deadline))              \
        raw_iterate ();                                             \
      g_assert_true (condition);                                    \
    }                                                               \
  G_STMT_END

G_GNUC_UNUSED static RawClient *
raw_client_new (guint port)
{
  RawClient *self = g_new0 (RawClient, 1);
  struct sockaddr_in address = { 0 };
  int size = 64 * 1024;
  int on = 1;

  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);

  self->input = g_byte_array_new ();
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (self->fd, >=, 0);
  /* A fixed size: the kernel would take more and more of what is not read. */
  g_assert_no_errno (setsockopt (self->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
  g_assert_no_errno (connect (self->fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (ioctl (self->fd, FIONBIO, &on));
  g_assert_no_errno (setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));

  return self;
}

G_GNUC_UNUSED static RawClient *
raw_client_new_unix (const char *path)
{
  RawClient *self = g_new0 (RawClient, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int on = 1;

  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <,
                    sizeof address.sun_path);
  self->input = g_byte_array_new ();
  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_no_errno (connect (self->fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (ioctl (self->fd, FIONBIO, &on));

  return self;
}

G_GNUC_UNUSED static void
raw_client_free (RawClient *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_byte_array_unref (self->input);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RawClient, raw_client_free)

/* Returns FALSE when the server does not take everything. */
G_GNUC_UNUSED static gboolean
raw_client_send (RawClient    *self,
                 gconstpointer bytes,
                 gsize         length)
{
  gint64 deadline = g_get_monotonic_time () + RAW_PATIENCE;
  gsize sent = 0;

  while (sent < length && !raw_past (deadline))
    {
      gssize n = send (self->fd, (const char *) bytes + sent, length - sent, MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN)
        return FALSE;

      sent += MAX (n, 0);
      if (sent < length)
        raw_iterate ();
    }

  return sent == length;
}

G_GNUC_UNUSED static gboolean
raw_client_send_text (RawClient  *self,
                      const char *text)
{
  return raw_client_send (self, text, strlen (text));
}

/* Takes what is there. */
G_GNUC_UNUSED static void
raw_client_receive (RawClient *self)
{
  guint8 buffer[64 * 1024];
  gssize n;

  do
    {
      n = recv (self->fd, buffer, sizeof buffer, 0);
      if (n > 0)
        g_byte_array_append (self->input, buffer, n);
    }
  while (n > 0);

  self->is_at_end |= n == 0;
  if (n < 0 && errno != EAGAIN)
    {
      self->is_at_end = TRUE;
      self->is_reset = TRUE;
    }
}

G_GNUC_UNUSED static gboolean
raw_client_has (RawClient *self,
                gsize      length)
{
  if (self->input->len < length)
    raw_client_receive (self);

  return self->input->len >= length;
}

/* Waits for the end of the connection, throwing nothing away. */
G_GNUC_UNUSED static void
raw_client_wait_for_end (RawClient *self)
{
  gint64 deadline = g_get_monotonic_time () + RAW_PATIENCE;

  while (!self->is_at_end && !raw_past (deadline))
    {
      raw_client_receive (self);
      if (!self->is_at_end)
        raw_iterate ();
    }

  g_assert_true (self->is_at_end);
}

/* Waits for the header of an HTTP answer, and takes it. */
G_GNUC_UNUSED static char *
raw_client_take_answer (RawClient *self)
{
  gint64 deadline = g_get_monotonic_time () + RAW_PATIENCE;
  char *end = NULL;
  char *answer;

  while (end == NULL && !raw_past (deadline))
    {
      raw_client_receive (self);
      if (self->input->len > 0)
        end = memmem (self->input->data, self->input->len, "\r\n\r\n", 4);
      if (end == NULL && self->is_at_end)
        return g_strdup ("");
      if (end == NULL)
        raw_iterate ();
    }

  g_assert_nonnull (end);
  end += 4;
  answer = g_strndup ((char *) self->input->data, end - (char *) self->input->data);
  g_byte_array_remove_range (self->input, 0, end - (char *) self->input->data);

  return answer;
}

/* Sends a request; returns the status of the answer, or 0 when there is none. */
G_GNUC_UNUSED static guint
raw_client_request (RawClient  *self,
                    const char *request)
{
  g_autofree char *answer = NULL;

  g_assert_true (raw_client_send_text (self, request));
  answer = raw_client_take_answer (self);
  if (!g_str_has_prefix (answer, "HTTP/1.1 "))
    return 0;

  return g_ascii_strtoull (answer + strlen ("HTTP/1.1 "), NULL, 10);
}

G_GNUC_UNUSED static RawClient *
raw_client_new_open (guint port)
{
  RawClient *self = raw_client_new (port);

  g_assert_cmpuint (raw_client_request (self, RAW_REQUEST), ==, 101);

  return self;
}

/* A masked frame; @first is the first byte of it. */
G_GNUC_UNUSED static GByteArray *
raw_frame_new (guint8        first,
               gconstpointer payload,
               guint64       length)
{
  static const guint8 mask[] = { 0x12, 0x34, 0x56, 0x78 };
  GByteArray *frame = g_byte_array_sized_new (length + 14);
  guint8 header[10] = { first };
  guint n = 2;
  guint start;

  if (length < 126)
    {
      header[1] = 0x80 | length;
    }
  else
    {
      guint n_bytes = length < 65536 ? 2 : 8;

      header[1] = 0x80 | (n_bytes == 2 ? 126 : 127);
      for (guint i = 0; i < n_bytes; i++)
        header[n++] = (length >> (8 * (n_bytes - 1 - i))) & 0xff;
    }

  g_byte_array_append (frame, header, n);
  g_byte_array_append (frame, mask, sizeof mask);
  start = frame->len;
  if (payload != NULL)
    g_byte_array_append (frame, payload, length);
  for (guint i = start; i < frame->len; i++)
    frame->data[i] ^= mask[(i - start) & 3];

  return frame;
}

G_GNUC_UNUSED static gboolean
raw_client_send_frame (RawClient    *self,
                       guint8        first,
                       gconstpointer payload,
                       gsize         length)
{
  g_autoptr(GByteArray) frame = raw_frame_new (first, payload, length);

  return raw_client_send (self, frame->data, frame->len);
}

G_GNUC_UNUSED static gboolean
raw_client_send_message (RawClient  *self,
                         const char *text)
{
  return raw_client_send_frame (self, RAW_TEXT, text, strlen (text));
}

/* Waits for a frame; @first gets its first byte, 0 at the end of the connection. */
G_GNUC_UNUSED static GBytes *
raw_client_take_frame (RawClient *self,
                       guint8    *first)
{
  gint64 deadline = g_get_monotonic_time () + RAW_PATIENCE;
  guint64 length = 0;
  guint header = 2;
  GBytes *payload;

  *first = 0;
  while (!raw_past (deadline))
    {
      if (self->input->len >= 2)
        {
          guint8 code = self->input->data[1] & 0x7f;

          header = code < 126 ? 2 : code == 126 ? 4 : 10;
          length = code < 126 ? code : 0;
          for (guint i = 2; i < header && i < self->input->len; i++)
            length = length << 8 | self->input->data[i];
          if (self->input->len >= header && self->input->len >= header + length)
            break;
        }

      if (self->is_at_end)
        return NULL;

      raw_client_receive (self);
      if (self->input->len < header + length && !self->is_at_end)
        raw_iterate ();
    }

  g_assert_cmpuint (self->input->len, >=, header + length);
  g_assert_cmphex (self->input->data[1] & 0x80, ==, 0);
  *first = self->input->data[0];
  payload = g_bytes_new (self->input->data + header, length);
  g_byte_array_remove_range (self->input, 0, header + length);

  return payload;
}

G_GNUC_UNUSED static char *
raw_client_take_message (RawClient *self)
{
  g_autoptr(GBytes) payload = NULL;
  guint8 first;

  payload = raw_client_take_frame (self, &first);
  g_assert_cmphex (first, ==, RAW_TEXT);

  return g_strndup (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
}

/* Waits for a close frame with nothing but pings before; returns its code, 0 without one. */
G_GNUC_UNUSED static guint
raw_client_take_close (RawClient *self)
{
  g_autoptr(GBytes) payload = NULL;
  const guint8 *bytes;
  guint8 first;

  do
    {
      g_clear_pointer (&payload, g_bytes_unref);
      payload = raw_client_take_frame (self, &first);
    }
  while (first == RAW_PING);

  g_assert_cmphex (first, ==, RAW_CLOSE);
  bytes = g_bytes_get_data (payload, NULL);

  return g_bytes_get_size (payload) < 2 ? 0 : (guint) bytes[0] << 8 | bytes[1];
}
