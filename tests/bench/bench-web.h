/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The least web server: a thread for each connection, which it keeps until the peer hangs up. It
 * is there until the process ends.
 */

#define BENCH_PEER_SIZE (64 * 1024)

typedef struct
{
  void *data;                  /* of the server */
  int fd;
  size_t used;                 /* of the buffer, which holds what came and was not taken yet */
  char buffer[BENCH_PEER_SIZE];
} BenchPeer;

typedef struct
{
  char method[8];
  char path[512];
  long long length;            /* of the body, which is not taken yet */
} BenchRequest;

/* Takes the body of the request, and answers it. */
typedef void (*BenchRequestFunc) (BenchPeer          *peer,
                                  const BenchRequest *request);

int       bench_web_start    (BenchRequestFunc  func,
                              void             *data);
bool      bench_peer_receive (BenchPeer        *peer);
void      bench_peer_drop    (BenchPeer        *peer,
                              size_t            length);
long long bench_peer_discard (BenchPeer        *peer,
                              long long         length);
void      bench_peer_send    (BenchPeer        *peer,
                              const char       *bytes,
                              size_t            length,
                              int               flags);
