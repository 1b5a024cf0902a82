/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"

#define DEADLINE_MS 10000
#define STEP_NS 100000

/* The shell and its three children. */
#define N_PROCESSES 4

static const char output_start[] =
  "{\"message_type\":\"command_output_message\",\"stream\":\"stdout\",\"text\":\"";

typedef struct
{
  pid_t pids[N_PROCESSES];
  int n_pids;
  int64_t cancelled;
  int64_t terminal;
} Cancel;

static const char cancel_request[] = "{\"message_type\": \"cancel_message\"}";

/* The processes are told apart by their ids, which the command printed. */
static void
cancel_cb (BenchConnection *connection,
           char            *text,
           size_t           length)
{
  Cancel *cancel = connection->data;
  char *at;

  if (length > 64 && memcmp (text, output_start, sizeof output_start - 1) == 0)
    {
      at = text + sizeof output_start - 1;
      for (cancel->n_pids = 0; cancel->n_pids < N_PROCESSES; cancel->n_pids++)
        cancel->pids[cancel->n_pids] = (pid_t) strtol (at, &at, 10);
      cancel->cancelled = bench_now ();
      bench_connection_send_text (connection, cancel_request, sizeof cancel_request - 1);
      return;
    }

  if (memmem (text, length, "Request cancelled", 17) == NULL)
    bench_fail ("the request was not cancelled: %.*s", (int) length, text);
  cancel->terminal = bench_now ();
  bench_loop_stop (connection->loop);
}

static bool
any_alive (const Cancel *cancel)
{
  for (int i = 0; i < cancel->n_pids; i++)
    {
      if (cancel->pids[i] <= 1)
        bench_fail ("the command did not name its processes");
      if (kill (cancel->pids[i], 0) == 0 || errno != ESRCH)
        return true;
    }

  return false;
}

static void
cancel_once (BenchLoop       *loop,
             BenchConnection *connection,
             const char      *request,
             int64_t         *to_terminal,
             int64_t         *to_gone)
{
  Cancel *cancel = connection->data;
  int64_t deadline;

  bench_connection_send_text (connection, request, strlen (request));
  bench_loop_run (loop, DEADLINE_MS);
  deadline = bench_now () + INT64_C (10000000000);
  while (any_alive (cancel))
    {
      if (bench_now () > deadline)
        bench_fail ("children outlived the cancel");
      bench_pause (STEP_NS);
    }

  *to_terminal = cancel->terminal - cancel->cancelled;
  *to_gone = bench_now () - cancel->cancelled;
}

/* From the cancel to the terminal, and until the shell and its three children are gone. */
void
bench_cancel (const BenchOptions *options)
{
  static const BenchEvents events = { NULL, cancel_cb };
  static const char command[] =
    "sleep 600 & a=$!; sleep 600 & b=$!; sleep 600 & echo $$ $a $b $!; wait";
  BenchLoop *loop = bench_loop_new (options->port);
  Cancel cancel = { { 0 } };
  BenchConnection **connections = bench_open_connections (loop, 1, &events, &cancel);
  char *request = bench_command_request (command, 0);
  int64_t *terminal = calloc ((size_t) options->count, sizeof *terminal);
  int64_t *gone = calloc ((size_t) options->count, sizeof *gone);
  size_t n_runs = (size_t) options->count;

  for (size_t i = 0; i < n_runs; i++)
    cancel_once (loop, connections[0], request, &terminal[i], &gone[i]);

  printf ("{\"terminal_ms\": %.3f, \"gone_ms\": %.3f}\n",
          bench_percentile (terminal, n_runs, 0.5) / 1e6,
          bench_percentile (gone, n_runs, 0.5) / 1e6);

  bench_free_connections (connections, 1);
  bench_loop_free (loop);
  free (terminal);
  free (gone);
  free (request);
}
