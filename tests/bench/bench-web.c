/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-measure.h"

#define DISCARD_SIZE (1024 * 1024)

typedef struct
{
  int fd;
  BenchRequestFunc func;
  void *data;
} Web;

typedef struct
{
  BenchRequestFunc func;
  BenchPeer peer;
} Visit;

bool
bench_peer_receive (BenchPeer *peer)
{
  ssize_t n = recv (peer->fd, peer->buffer + peer->used, BENCH_PEER_SIZE - peer->used, 0);

  peer->used += n > 0 ? (size_t) n : 0;

  return n > 0;
}

void
bench_peer_drop (BenchPeer *peer,
                 size_t     length)
{
  peer->used -= length;
  memmove (peer->buffer, peer->buffer + length, peer->used);
}

/* Has the kernel drop what is not looked at; returns how much that was. */
long long
bench_peer_discard (BenchPeer *peer,
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

void
bench_peer_send (BenchPeer  *peer,
                 const char *bytes,
                 size_t      length,
                 int         flags)
{
  while (length > 0)
    {
      ssize_t n = send (peer->fd, bytes, length, MSG_NOSIGNAL | flags);

      if (n < 0)
        bench_fail ("cannot send an answer: %s", strerror (errno));
      bytes += n;
      length -= (size_t) n;
    }
}

/* Returns false when there are no more requests. */
static bool
take_request (Visit *visit)
{
  static const char length_name[] = "\r\nContent-Length:";
  BenchPeer *peer = &visit->peer;
  BenchRequest request = { .length = 0 };
  const char *length;
  char *end;

  while ((end = memmem (peer->buffer, peer->used, "\r\n\r\n", 4)) == NULL)
    if (!bench_peer_receive (peer))
      return false;

  end[2] = '\0';
  sscanf (peer->buffer, "%7s %511s", request.method, request.path);
  length = strcasestr (peer->buffer, length_name);
  if (length != NULL)
    request.length = strtoll (length + sizeof length_name - 1, NULL, 10);
  bench_peer_drop (peer, (size_t) (end - peer->buffer) + 4);
  visit->func (peer, &request);

  return true;
}

static void *
serve_peer (void *data)
{
  Visit *visit = data;

  while (take_request (visit))
    ;
  close (visit->peer.fd);
  free (visit);

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
  Web *web = data;

  while (true)
    {
      Visit *visit = calloc (1, sizeof *visit);
      int on = 1;

      visit->func = web->func;
      visit->peer.data = web->data;
      visit->peer.fd = accept4 (web->fd, NULL, NULL, SOCK_CLOEXEC);
      if (visit->peer.fd < 0)
        bench_fail ("cannot accept: %s", strerror (errno));
      setsockopt (visit->peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      start_thread (serve_peer, visit);
    }

  return NULL;
}

/**
 * bench_web_start:
 * @func: what is called for each request, in the thread of its connection
 * @data: what the peers have
 *
 * Starts a web server, and returns its port.
 */
int
bench_web_start (BenchRequestFunc  func,
                 void             *data)
{
  Web *web = calloc (1, sizeof *web);
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  web->func = func;
  web->data = data;
  web->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (web->fd < 0 || bind (web->fd, (struct sockaddr *) &address, size) != 0 ||
      listen (web->fd, 64) != 0 ||
      getsockname (web->fd, (struct sockaddr *) &address, &size) != 0)
    bench_fail ("cannot listen: %s", strerror (errno));
  start_thread (accept_peers, web);

  return ntohs (address.sin_port);
}
