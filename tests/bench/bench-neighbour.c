/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-neighbour.h"

#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"
#include "bench-scenarios.h"

struct BenchNeighbour
{
  BenchConnection **connections;   /* one */
  char *request;
  size_t request_length;
  bool is_asking;
  int64_t last;
  int64_t longest;
};

static void
ask (BenchNeighbour *neighbour)
{
  bench_connection_send_text (neighbour->connections[0], neighbour->request,
                              neighbour->request_length);
}

static void
note_gap (BenchNeighbour *neighbour)
{
  int64_t now = bench_now ();

  if (now - neighbour->last > neighbour->longest)
    neighbour->longest = now - neighbour->last;
  neighbour->last = now;
}

static void
message_cb (BenchConnection *connection,
            char            *text,
            size_t           length)
{
  BenchNeighbour *neighbour = connection->data;

  if (!bench_is_terminal (text, length, "result_message") || !neighbour->is_asking)
    return;

  note_gap (neighbour);
  ask (neighbour);
}

BenchNeighbour *
bench_neighbour_new (BenchLoop *loop)
{
  static const BenchEvents events = { NULL, message_cb };
  BenchNeighbour *neighbour = calloc (1, sizeof *neighbour);

  neighbour->connections = bench_open_connections (loop, 1, &events, neighbour);
  neighbour->request = bench_invocation ("ECHO:x");
  neighbour->request_length = strlen (neighbour->request);

  return neighbour;
}

void
bench_neighbour_free (BenchNeighbour *neighbour)
{
  bench_free_connections (neighbour->connections, 1);
  free (neighbour->request);
  free (neighbour);
}

void
bench_neighbour_start (BenchNeighbour *neighbour)
{
  neighbour->is_asking = true;
  neighbour->last = bench_now ();
  neighbour->longest = 0;
  ask (neighbour);
}

/* Returns for how many milliseconds at most it has waited for an answer. */
double
bench_neighbour_stop (BenchNeighbour *neighbour)
{
  note_gap (neighbour);
  neighbour->is_asking = false;

  return (double) neighbour->longest / 1e6;
}
