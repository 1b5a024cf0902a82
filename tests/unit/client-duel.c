/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-duel.h"

int
duel_listen (guint *port)
{
  struct sockaddr_in address = { 0 };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 8));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  *port = ntohs (address.sin_port);

  return fd;
}

RawClient *
duel_accept (int listener)
{
  RawClient *self = g_new0 (RawClient, 1);
  int on = 1;

  self->input = g_byte_array_new ();
  self->fd = -1;
  raw_wait_for (self->fd >= 0 ||
                (self->fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
  g_assert_no_errno (ioctl (self->fd, FIONBIO, &on));

  return self;
}

char *
duel_make_answer (const char *request)
{
  const char *name = "Sec-WebSocket-Key: ";
  const char *start = strstr (request, name);
  g_autofree char *key = NULL;
  g_autofree char *text = NULL;
  g_autofree char *accept = NULL;
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_assert_nonnull (start);
  key = g_strndup (start + strlen (name), 24);
  text = g_strconcat (key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", NULL);
  g_checksum_update (checksum, (guchar *) text, -1);
  g_checksum_get_digest (checksum, digest, &length);
  accept = g_base64_encode (digest, length);

  return g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
}

Duel *
duel_new (void)
{
  Duel *self = g_new0 (Duel, 1);

  self->n_sockets = count_sockets ();
  self->listener = duel_listen (&self->port);
  self->client = client_new (self->port, "/p?token=s3cr3t");
  g_object_set (self->client, "max-message-size", (guint64) 4 * MIB, NULL);
  client_query (self->client, "x", &self->answer);
  self->peer = duel_accept (self->listener);
  self->request = raw_client_take_answer (self->peer);
  g_assert_true (g_str_has_prefix (self->request, "GET /p?token=s3cr3t HTTP/1.1\r\n"));
  g_assert_null (strstr (self->request, "Origin"));
  g_assert_null (strstr (self->request, "Extensions"));

  return self;
}

void
duel_open (Duel *self)
{
  g_autofree char *text = duel_make_answer (self->request);

  g_assert_true (raw_client_send_text (self->peer, text));
}

void
duel_send (RawClient  *self,
           guint8      first,
           const char *text,
           gsize       length)
{
  g_autoptr(GByteArray) frame = g_byte_array_new ();
  guint8 header[10] = { first };
  guint n = length < 126 ? 2 : 10;

  header[1] = length < 126 ? length : 127;
  for (guint i = 2; i < n; i++)
    header[i] = ((guint64) length >> (8 * (9 - i))) & 0xff;
  g_byte_array_append (frame, header, n);
  g_byte_array_append (frame, (const guint8 *) text, length);
  raw_client_send (self, frame->data, frame->len);
}

guint
duel_take_close (Duel *self)
{
  GByteArray *input = self->peer->input;

  for (;;)
    {
      guint header = 6;
      guint length;

      raw_wait_for (raw_client_has (self->peer, 8) || self->peer->is_at_end);
      if (input->len < 8)
        return 0;

      g_assert_cmphex (input->data[1] & 0x80, ==, 0x80);
      if (input->data[0] == RAW_CLOSE)
        return (input->data[2] ^ input->data[6]) << 8 | (input->data[3] ^ input->data[7]);

      /* The request comes first. */
      length = input->data[1] & 0x7f;
      if (length == 126)
        {
          header = 8;
          length = input->data[2] << 8 | input->data[3];
        }
      raw_wait_for (raw_client_has (self->peer, header + length));
      g_byte_array_remove_range (input, 0, header + length);
    }
}

void
duel_free (Duel *self)
{
  raw_wait_for (self->answer.is_done);
  if (self->answer.error != NULL)
    g_assert_null (strstr (self->answer.error->message, "s3cr3t"));
  answer_clear (&self->answer);
  g_clear_pointer (&self->peer, raw_client_free);
  close (self->listener);
  g_assert_finalize_object (self->client);
  g_free (self->request);
  raw_wait_for (count_sockets () == self->n_sockets);
  g_free (self);
}
