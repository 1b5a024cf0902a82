/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "file-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  FileServer *server;
  int         fd;
} Connection;

static void
answer (int         fd,
        const char *text)
{
  gsize length = strlen (text);
  ssize_t n;

  for (; length > 0 && (n = send (fd, text, length, MSG_NOSIGNAL)) > 0; text += n)
    length -= (gsize) n;
}

static void
answer_file (FileServer *self,
             int         fd,
             const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *header = NULL;
  g_autofree char *content = NULL;
  gsize length = 0;
  gsize sent = 0;
  ssize_t n;

  g_file_get_contents (path, &content, &length, NULL);
  header = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                            length);
  answer (fd, header);
  while (sent < length && (n = send (fd, content + sent, length - sent, MSG_NOSIGNAL)) > 0)
    sent += (gsize) n;
}

/* A length of 0 is no end at all. */
static void
answer_zeros (int     fd,
              guint64 length)
{
  static const char zeros[256 * 1024];
  g_autofree char *header = NULL;
  ssize_t n;

  if (length == 0)
    {
      header = g_strdup ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      length = G_MAXUINT64;
    }
  else
    {
      header = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %" G_GUINT64_FORMAT
                                "\r\n\r\n", length);
    }
  answer (fd, header);
  while (length > 0 && (n = send (fd, zeros, MIN (length, sizeof zeros), MSG_NOSIGNAL)) > 0)
    length -= (guint64) n;
}

/* Until the other end has had enough. */
static void
wait_for_end (int fd)
{
  char buffer[512];

  while (recv (fd, buffer, sizeof buffer, 0) > 0)
    continue;
}

static const struct
{
  const char *path;
  const char *answer;
} fixed[] = {
  { "/hello/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
  { "/empty/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
  { "/no-content/", "HTTP/1.1 204 No Content\r\n\r\n" },
  { "/missing/", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
  { "/broken/", "HTTP/1.1 503 Out \xff" "of\tOrder\r\nContent-Length: 0\r\n\r\n" },
  { "/nowhere/", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n" },
  { "/gzip/", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8bzip" },
  { "/chunked/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n" },
  { "/chunk-cut/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel" },
  { "/chunk-end/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n" },
  { "/chunk-none/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
  { "/chunk-size/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3x\r\nhel\r\n" },
  { "/chunk-long/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n" },
  { "/trailers/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "005\r\nhello\r\n0\r\nA: b\r\n\r\n" },
  { "/until-close/", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello" },
  { "/too-little/", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello" },
  { "/too-much/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more" },
  { "/length-words/", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello" },
  { "/length-rest/", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello" },
  { "/length-empty/", "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello" },
  { "/length-two/", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello" },
  { "/length-long/", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello" },
  { "/length-again/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello" },
  { "/length-chunks/", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
                       "\r\n5\r\nhello\r\n0\r\n\r\n" },
  { "/encoded/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello" },
  { "/half-header/", "HTTP/1.1 200 OK\r\nContent-Le" },
  { "/garbage/", "220 ready for mail\r\n" },
};

/* A redirect to the location that was set, with what %s of it stands for. */
static void
answer_redirect (FileServer *self,
                 int         fd,
                 const char *status)
{
  g_autofree char *location = NULL;
  g_autofree char *text = NULL;

  g_mutex_lock (&self->lock);
  location = g_strdup (self->location);
  g_mutex_unlock (&self->lock);
  text = g_strdup_printf ("HTTP/1.1 %s Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                          status, location);
  answer (fd, text);
}

static void
answer_path (FileServer *self,
             int         fd,
             const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    if (g_str_has_prefix (path, fixed[i].path))
      answer (fd, fixed[i].answer);

  if (g_str_has_prefix (path, "/files/"))
    answer_file (self, fd, path + strlen ("/files/"));
  else if (g_str_has_prefix (path, "/zeros/"))
    answer_zeros (fd, g_ascii_strtoull (path + strlen ("/zeros/"), NULL, 10));
  else if (g_str_has_prefix (path, "/redirect/"))
    answer_redirect (self, fd, "302");
  else if (g_str_has_prefix (path, "/moved/"))
    answer_redirect (self, fd, "308");
  else if (g_str_has_prefix (path, "/loop/"))
    answer (fd, "HTTP/1.1 307 Again\r\nLocation: again\r\nContent-Length: 0\r\n\r\n");
  else if (g_str_has_prefix (path, "/stall/"))
    answer (fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");

  if (g_str_has_prefix (path, "/stall/") || g_str_has_prefix (path, "/silent/"))
    wait_for_end (fd);
}

static char *
read_request (int fd)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char buffer[4096];
  ssize_t n;

  while (strstr (text->str, "\r\n\r\n") == NULL && (n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    g_string_append_len (text, buffer, n);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gpointer
connection_thread (gpointer data)
{
  Connection *self = data;
  g_autofree char *request = read_request (self->fd);
  g_auto(GStrv) words = g_strsplit (request, " ", 3);

  if (words[0] != NULL && words[1] != NULL)
    {
      g_mutex_lock (&self->server->lock);
      g_string_append (self->server->requests, request);
      self->server->n_requests++;
      g_mutex_unlock (&self->server->lock);
      answer_path (self->server, self->fd, words[1]);
    }

  /* The other end reads what it was sent even if it has sent more than was read. */
  shutdown (self->fd, SHUT_WR);
  wait_for_end (self->fd);
  close (self->fd);
  g_free (self);

  return NULL;
}

static gpointer
accept_thread (gpointer data)
{
  FileServer *self = data;
  int fd;

  while ((fd = accept4 (self->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    {
      Connection *connection = g_new (Connection, 1);

      connection->server = self;
      connection->fd = fd;
      g_ptr_array_add (self->connections, g_thread_new ("connection", connection_thread,
                                                        connection));
    }

  return NULL;
}

FileServer *
file_server_new (const char *ipv4)
{
  FileServer *self = g_new0 (FileServer, 1);
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;

  g_mutex_init (&self->lock);
  self->connections = g_ptr_array_new ();
  self->requests = g_string_new (NULL);
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (inet_pton (AF_INET, ipv4, &address.sin_addr), ==, 1);
  g_assert_no_errno (bind (self->fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (self->fd, 1024));
  g_assert_no_errno (getsockname (self->fd, (struct sockaddr *) &address, &size));
  self->port = ntohs (address.sin_port);
  self->thread = g_thread_new ("accept", accept_thread, self);

  return self;
}

/* Waits for the end of all connections, so whoever leaves one open makes this hang. */
void
file_server_free (FileServer *self)
{
  shutdown (self->fd, SHUT_RDWR);
  g_thread_join (self->thread);
  close (self->fd);
  for (guint i = 0; i < self->connections->len; i++)
    g_thread_join (self->connections->pdata[i]);
  g_ptr_array_unref (self->connections);
  g_string_free (self->requests, TRUE);
  g_mutex_clear (&self->lock);
  g_free (self->folder);
  g_free (self->location);
  g_free (self);
}

char *
file_server_url (FileServer *self,
                 const char *path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", self->port, path);
}

char *
file_server_dup_requests (FileServer *self)
{
  char *requests;

  g_mutex_lock (&self->lock);
  requests = g_strdup (self->requests->str);
  g_mutex_unlock (&self->lock);

  return requests;
}

void
file_server_set_location (FileServer *self,
                          char       *location)
{
  g_mutex_lock (&self->lock);
  g_free (self->location);
  self->location = location;
  g_mutex_unlock (&self->lock);
}
