/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-files.h"
#include "bench-measure.h"
#include "bench-neighbour.h"

#define DEADLINE_MS 120000

/* More than the caches of a processor hold. */
#define BLOCK_SIZE (64 * 1024 * 1024)

static void
serve_file (BenchFiles *files,
            const char *path)
{
  FILE *file = fopen (path, "re");
  char *content = malloc (BLOCK_SIZE);
  size_t size;

  if (file == NULL)
    bench_fail ("cannot open %s: %s", path, strerror (errno));
  size = fread (content, 1, BLOCK_SIZE, file);
  fclose (file);
  bench_files_serve (files, content, size, (long long) size);
  free (content);
}

static void
serve_bytes (BenchFiles *files,
             long long   length)
{
  char *content = malloc (BLOCK_SIZE);

  memset (content, 'x', BLOCK_SIZE);
  bench_files_serve (files, content, BLOCK_SIZE, length);
  free (content);
}

static char *
make_request (const BenchOptions *options,
              BenchFiles         *files)
{
  const char *slash = options->file != NULL ? strrchr (options->file, '/') : NULL;
  char *text = NULL;

  if (asprintf (&text,
                "{\"message_type\": \"command_execution_message\", \"secrets_to_redact\": [], "
                "\"pre_execution_downloadables\": [{\"download_url\": \"http://127.0.0.1:%d/%s\", "
                "\"working_dir\": \"%s\"}], \"commands\": []}",
                bench_files_get_port (files), slash != NULL ? slash + 1 : "download",
                options->folder) < 0)
    bench_fail ("out of memory");

  return text;
}

static void
message_cb (BenchConnection *connection,
            char            *text,
            size_t           length)
{
  if (bench_is_terminal (text, length, "command_execution_result_message"))
    bench_loop_stop (connection->loop);
}

/* A request that does nothing but fetch a file, alone or beside another session. */
void
bench_download (const BenchOptions *options)
{
  static const BenchEvents events = { NULL, message_cb };
  BenchLoop *loop = bench_loop_new (options->port);
  BenchConnection **connections = bench_open_connections (loop, 1, &events, NULL);
  BenchNeighbour *neighbour = bench_neighbour_new (loop);
  BenchFiles *files = bench_files_new ();
  char *request = make_request (options, files);
  double longest = 0;
  BenchMemory before, after;
  int64_t cpu, time;

  if (options->file != NULL)
    serve_file (files, options->file);
  else
    serve_bytes (files, options->bytes);
  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);

  cpu = bench_cpu_time (options->pid);
  time = bench_now ();
  if (options->beside)
    bench_neighbour_start (neighbour);
  bench_connection_send_text (connections[0], request, strlen (request));
  bench_loop_run (loop, DEADLINE_MS);
  time = bench_now () - time;
  if (options->beside)
    longest = bench_neighbour_stop (neighbour);
  cpu = bench_cpu_time (options->pid) - cpu;
  after = bench_memory (options->pid);

  printf ("{\"ms\": %.3f, \"mb_per_s\": %.1f, \"cpu_ms\": %.3f, \"peak_mib\": %.2f, "
          "\"longest_ms\": %.3f}\n",
          (double) time / 1e6, (double) options->bytes / 1e6 / ((double) time / 1e9),
          (double) cpu / 1e6, (double) (after.peak - before.resident) / 1024, longest);

  bench_neighbour_free (neighbour);
  bench_free_connections (connections, 1);
  bench_loop_free (loop);
  free (request);
}
