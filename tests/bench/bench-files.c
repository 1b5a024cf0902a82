/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-files.h"

#include <errno.h>
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
#include "bench-web.h"

#define PATTERN_SIZE 16

struct BenchFiles
{
  int port;
  int content_fd;
  size_t content_size;
  long long length;
  pthread_mutex_t lock;
  BenchPuts puts;       /* under the lock */
};

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

static void
send_text (BenchPeer  *peer,
           const char *text,
           int         flags)
{
  bench_peer_send (peer, text, strlen (text), flags);
}

static bool
is_content_of (const BenchPeer *peer,
               const char      *path,
               long long        length)
{
  char content[BENCH_FILE_SIZE];
  const char *slash = strrchr (path, '/');

  bench_fill_file (content, slash != NULL ? slash + 1 : path);

  return length == BENCH_FILE_SIZE && memcmp (peer->buffer, content, BENCH_FILE_SIZE) == 0;
}

static void
take_put (BenchPeer  *peer,
          const char *path,
          long long   length)
{
  BenchFiles *files = peer->data;
  long long received = length;
  bool is_whole;

  if (length > BENCH_PEER_SIZE)
    {
      received = bench_peer_discard (peer, length);
      is_whole = received == length;
    }
  else
    {
      while ((long long) peer->used < length && bench_peer_receive (peer))
        ;
      is_whole = (long long) peer->used >= length && is_content_of (peer, path, length);
      bench_peer_drop (peer, is_whole ? (size_t) length : peer->used);
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
answer_get (BenchPeer *peer)
{
  BenchFiles *files = peer->data;
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

static void
request_cb (BenchPeer          *peer,
            const BenchRequest *request)
{
  if (strcmp (request->method, "PUT") == 0)
    take_put (peer, request->path, request->length);
  else
    answer_get (peer);
}

BenchFiles *
bench_files_new (void)
{
  BenchFiles *files = calloc (1, sizeof *files);

  files->content_fd = -1;
  pthread_mutex_init (&files->lock, NULL);
  files->port = bench_web_start (request_cb, files);

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
