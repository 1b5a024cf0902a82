/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"
#include "bench-scenarios.h"

static const struct
{
  const char *name;
  void (*run) (const BenchOptions *options);
} scenarios[] = {
  { "start", bench_start },
  { "handshakes", bench_handshakes },
  { "echo", bench_echo },
  { "stream", bench_stream },
  { "command", bench_command },
  { "output", bench_output },
  { "cancel", bench_cancel },
  { "settle", bench_settle },
  { "crowd", bench_crowd },
  { "artifact", bench_artifact },
  { "watch", bench_watch },
  { "download", bench_download },
  { "openai-turn", bench_openai_turn },
  { "openai-latency", bench_openai_latency },
  { "openai-deltas", bench_openai_deltas },
  { "openai-calls", bench_openai_calls },
};

static const struct option long_options[] = {
  { "pid", required_argument, NULL, 'p' },
  { "port", required_argument, NULL, 'P' },
  { "idle", required_argument, NULL, 'i' },
  { "connections", required_argument, NULL, 'c' },
  { "count", required_argument, NULL, 'n' },
  { "secrets", required_argument, NULL, 's' },
  { "stall-ms", required_argument, NULL, 'S' },
  { "bytes", required_argument, NULL, 'b' },
  { "command", required_argument, NULL, 'C' },
  { "server", required_argument, NULL, 'x' },
  { "folder", required_argument, NULL, 'd' },
  { "file", required_argument, NULL, 'f' },
  { "ignore", required_argument, NULL, 'I' },
  { "beside", required_argument, NULL, 'B' },
  { NULL, 0, NULL, 0 },
};

static void
take_option (BenchOptions *options,
             int           option,
             const char   *value)
{
  long long number = strtoll (value, NULL, 10);

  switch (option)
    {
    case 'p': options->pid = (pid_t) number; break;
    case 'P': options->port = (int) number; break;
    case 'i': options->idle = (int) number; break;
    case 'c': options->connections = (int) number; break;
    case 'n': options->count = (int) number; break;
    case 's': options->secrets = (int) number; break;
    case 'S': options->stall_ms = (int) number; break;
    case 'b': options->bytes = number; break;
    case 'C': options->command = value; break;
    case 'x': options->server = value; break;
    case 'd': options->folder = value; break;
    case 'f': options->file = value; break;
    case 'I': options->ignore = value; break;
    case 'B': options->beside = number != 0; break;
    default: bench_fail ("usage: bench-load SCENARIO [--pid PID --port PORT] [options]");
    }
}

int
main (int    argc,
      char **argv)
{
  BenchOptions options = { .connections = 1, .count = 1000, .command = "true", .ignore = "" };
  int option;

  while ((option = getopt_long (argc, argv, "", long_options, NULL)) != -1)
    take_option (&options, option, optarg != NULL ? optarg : "");

  bench_raise_limits ();
  for (size_t i = 0; optind < argc && i < sizeof scenarios / sizeof *scenarios; i++)
    {
      if (strcmp (argv[optind], scenarios[i].name) != 0)
        continue;
      scenarios[i].run (&options);
      return 0;
    }

  bench_fail ("no such scenario");
}
