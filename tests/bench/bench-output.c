/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"

#define DEADLINE_MS 120000

static const char output_start[] =
  "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\",\"text\":\"";

typedef struct
{
  char *tail;
  size_t tail_length;
  long long received;
  int messages;
  int64_t ended;
} Output;

/* How many bytes @text was before it was escaped. */
static size_t
decoded_length (const char *text,
                size_t      length)
{
  const char *end = text + length;
  const char *at = text;
  size_t saved = 0;

  while (at < end && (at = memchr (at, '\\', (size_t) (end - at))) != NULL)
    {
      bool long_escape = at[1] == 'u';

      saved += long_escape ? 5 : 1;
      at += long_escape ? 6 : 2;
    }

  return length - saved;
}

static void
output_cb (BenchConnection *connection,
           char            *text,
           size_t           length)
{
  Output *output = connection->data;
  size_t head = sizeof output_start - 1;

  if (bench_is_terminal (text, length, "command_execution_result_message"))
    {
      output->ended = bench_now ();
      bench_loop_stop (connection->loop);
      return;
    }
  if (length < head + output->tail_length || memcmp (text, output_start, head) != 0 ||
      memcmp (text + length - output->tail_length, output->tail, output->tail_length) != 0)
    bench_fail ("unexpected message: %.*s", (int) (length < 200 ? length : 200), text);

  output->messages += 1;
  output->received += (long long) decoded_length (text + head, length - head - output->tail_length);
}

/* Lets the server run into a client that does not read. */
void
bench_stall (BenchConnection *connection,
             int              stall_ms)
{
  bench_connection_set_reading (connection, false);
  bench_pause ((int64_t) stall_ms * 1000000);
  bench_connection_set_reading (connection, true);
}

/* A command that prints much, for a client that reads at once or after a while. */
void
bench_output (const BenchOptions *options)
{
  static const BenchEvents events = { NULL, output_cb };
  BenchLoop *loop = bench_loop_new (options->port);
  Output output = { NULL };
  char *request = bench_command_request (options->command, options->secrets);
  BenchConnection **connections = bench_open_connections (loop, 1, &events, &output);
  BenchMemory before, stalled, after;
  int64_t cpu, start;

  if (asprintf (&output.tail, "\",\"command\":\"%s\"}", options->command) < 0)
    bench_fail ("out of memory");
  output.tail_length = strlen (output.tail);
  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);

  cpu = bench_cpu_time (options->pid);
  start = bench_now ();
  bench_connection_send_text (connections[0], request, strlen (request));
  if (options->stall_ms > 0)
    bench_stall (connections[0], options->stall_ms);
  stalled = bench_memory (options->pid);
  bench_loop_run (loop, DEADLINE_MS);
  cpu = bench_cpu_time (options->pid) - cpu;
  after = bench_memory (options->pid);

  printf ("{\"received\": %.6f, \"mb_per_s\": %.1f, \"cpu_ms_per_mb\": %.3f, \"messages\": %d, "
          "\"stalled_mib\": %.2f, \"peak_mib\": %.2f}\n",
          (double) output.received / (double) options->bytes,
          (double) output.received / 1e6 / ((double) (output.ended - start) / 1e9),
          (double) cpu / 1e6 / ((double) output.received / 1e6),
          output.messages,
          (double) (stalled.resident - before.resident) / 1024,
          (double) (after.peak - before.resident) / 1024);

  bench_free_connections (connections, 1);
  bench_loop_free (loop);
  free (output.tail);
  free (request);
}
