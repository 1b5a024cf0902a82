/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-measure.h"

#define BUFFER_SIZE (64 * 1024)
#define DISCARD_SIZE (1024 * 1024)
#define PATTERN_SIZE 16

struct BenchFiles
{
  int fd;
  int port;
  int content_fd;
  size_t content_size;
  long long length;
  pthread_mutex_t lock;
  BenchPuts puts;       /* under the lock */
};

typedef struct
{
  BenchFiles *files;
  int fd;
  size_t used;          /* of the buffer, which holds what was received and not taken yet */
  char buffer[BUFFER_SIZE];
} Peer;

/* Each piece of the content tells whose it is, so that none is taken for another. */
void
bench_fill_file (char        content[BENCH_FILE_SIZE],
                 const char *name)
{
  char pattern[PATTERN_SIZE + 1];

  snprintf (pattern, sizeof pattern, "%-*.*s", PATTERN_SIZE, PATTERN_SIZE, name);
  for (size_t i = 0; i < BENCH_FILE_SIZE; i += PATTERN_SIZE)
    memcpy (content + i, pattern, PATTERN_SIZE);
}

static bool
receive_more (Peer *peer)
{
  ssize_t n = recv (peer->fd, peer->buffer + peer->used, BUFFER_SIZE - peer->used, 0);

  peer->used += n > 0 ? (size_t) n : 0;

  return n > 0;
}

static void
drop (Peer   *peer,
      size_t  length)
{
  peer->used -= length;
  memmove (peer->buffer, peer->buffer + length, peer->used);
}

static void
send_text (Peer       *peer,
           const char *text,
           int         flags)
{
  if (send (peer->fd, text, strlen (text), MSG_NOSIGNAL | flags) < 0)
    bench_fail ("cannot send an answer: %s", strerror (errno));
}

static bool
is_content_of (const Peer *peer,
               const char *path,
               long long   length)
{
  char content[BENCH_FILE_SIZE];
  const char *slash = strrchr (path, '/');

  bench_fill_file (content, slash != NULL ? slash + 1 : path);

  return length == BENCH_FILE_SIZE && memcmp (peer->buffer, content, BENCH_FILE_SIZE) == 0;
}

/* Has the kernel drop what is not looked at. */
static long long
discard (Peer      *peer,
         long long  length)
{
  long long received = (long long) peer->used;

  peer->used = 0;
  while (received < length)
    {
      long long left = length - received;
      ssize_t n = recv (peer->fd, NULL, left < DISCARD_SIZE ? (size_t) left : DISCARD_SIZE,
                        MSG_TRUNC);

      if (n <= 0)
        break;
      received += n;
    }

  return received;
}

static void
take_put (Peer       *peer,
          const char *path,
          long long   length)
{
  BenchFiles *files = peer->files;
  long long received = length;
  bool is_whole;

  if (length > BUFFER_SIZE)
    {
      received = discard (peer, length);
      is_whole = received == length;
    }
  else
    {
      while ((long long) peer->used < length && receive_more (peer))
        ;
      is_whole = (long long) peer->used >= length && is_content_of (peer, path, length);
      drop (peer, is_whole ? (size_t) length : peer->used);
    }
  send_text (peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);

  pthread_mutex_lock (&files->lock);
  files->puts.n_whole += is_whole;
  files->puts.n_wrong += !is_whole;
  files->puts.n_bytes += received;
  files->puts.last = bench_now ();
  pthread_mutex_unlock (&files->lock);
}

static void
answer_get (Peer *peer)
{
  BenchFiles *files = peer->files;
  long long left = files->length;
  char head[128];
  off_t at = 0;

  snprintf (head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", left);
  send_text (peer, head, MSG_MORE);
  while (left > 0)
    {
      size_t rest = files->content_size - (size_t) at;
      ssize_t n = sendfile (peer->fd, files->content_fd, &at,
                            left < (long long) rest ? (size_t) left : rest);

      if (n <= 0)
        bench_fail ("cannot send a file: %s", strerror (errno));
      left -= n;
      if (at == (off_t) files->content_size)
        at = 0;
    }
}

/* Returns false when there are no more requests. */
static bool
take_request (Peer *peer)
{
  static const char length_name[] = "\r\nContent-Length:";
  char path[512] = "";
  const char *length;
  long long body = 0;
  char *end;
  bool is_put;

  while ((end = memmem (peer->buffer, peer->used, "\r\n\r\n", 4)) == NULL)
    if (!receive_more (peer))
      return false;

  end[2] = '\0';
  is_put = strncmp (peer->buffer, "PUT ", 4) == 0;
  sscanf (peer->buffer, "%*s %511s", path);
  length = strcasestr (peer->buffer, length_name);
  if (length != NULL)
    body = strtoll (length + sizeof length_name - 1, NULL, 10);
  drop (peer, (size_t) (end - peer->buffer) + 4);

  if (is_put)
    take_put (peer, path, body);
  else
    answer_get (peer);

  return true;
}

static void *
serve_peer (void *data)
{
  Peer *peer = data;

  while (take_request (peer))
    ;
  close (peer->fd);
  free (peer);

  return NULL;
}

static void
start_thread (void *(*func) (void *),
              void *data)
{
  pthread_t thread;
  int error = pthread_create (&thread, NULL, func, data);

  if (error != 0)
    bench_fail ("cannot start a thread: %s", strerror (error));
  pthread_detach (thread);
}

static void *
accept_peers (void *data)
{
  BenchFiles *files = data;

  while (true)
    {
      Peer *peer = calloc (1, sizeof *peer);
      int on = 1;

      peer->files = files;
      peer->fd = accept4 (files->fd, NULL, NULL, SOCK_CLOEXEC);
      if (peer->fd < 0)
        bench_fail ("cannot accept: %s", strerror (errno));
      setsockopt (peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      start_thread (serve_peer, peer);
    }

  return NULL;
}

BenchFiles *
bench_files_new (void)
{
  BenchFiles *files = calloc (1, sizeof *files);
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  files->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (files->fd < 0 || bind (files->fd, (struct sockaddr *) &address, size) != 0 ||
      listen (files->fd, 64) != 0 ||
      getsockname (files->fd, (struct sockaddr *) &address, &size) != 0)
    bench_fail ("cannot listen: %s", strerror (errno));

  files->port = ntohs (address.sin_port);
  files->content_fd = -1;
  pthread_mutex_init (&files->lock, NULL);
  start_thread (accept_peers, files);

  return files;
}

int
bench_files_get_port (BenchFiles *files)
{
  return files->port;
}

BenchPuts
bench_files_get_puts (BenchFiles *files)
{
  BenchPuts puts;

  pthread_mutex_lock (&files->lock);
  puts = files->puts;
  pthread_mutex_unlock (&files->lock);

  return puts;
}

/* Answers each GET with @length bytes, which are @content over and over again. */
void
bench_files_serve (BenchFiles *files,
                   const void *content,
                   size_t      size,
                   long long   length)
{
  files->content_fd = memfd_create ("bench-files", MFD_CLOEXEC);
  if (files->content_fd < 0 ||
      pwrite (files->content_fd, content, size, 0) != (ssize_t) size)
    bench_fail ("cannot keep a file in memory: %s", strerror (errno));

  files->content_size = size;
  files->length = length;
}
