/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench-files.h"
#include "bench-measure.h"
#include "bench-neighbour.h"

#define DEADLINE_MS 120000
#define LARGE_BLOCK (1024 * 1024)

/* Longer than the quiet time, and shorter. */
#define LONG_PAUSE 100000000
#define SHORT_PAUSE 10000000

/* Between files, so that each is one of its own. */
#define FILE_PAUSE 60000000

/* What the client of a folder does: it has each file that it is asked about sent to @files. */
typedef struct
{
  BenchFiles *files;
  BenchConnection **connections;   /* one */
  const char *terminal;
  int64_t *asked;                  /* by the number in the name of the file */
  int n_results;
  int n_expected;
} Client;

static bool
starts_with (const char *text,
             size_t      length,
             const char *start)
{
  size_t start_length = strlen (start);

  return length >= start_length && memcmp (text, start, start_length) == 0;
}

static void
note_question (Client     *client,
               const char *name)
{
  long number = strtol (name, NULL, 10);

  if (client->asked == NULL)
    return;
  if (client->asked[number] != 0)
    bench_fail ("the server asked twice about the file %s", name);
  client->asked[number] = bench_now ();
}

/* Our own files have names that need no escapes. */
static void
answer (Client *client,
        char   *text,
        size_t  length)
{
  static const char member[] = "\"filepath\":\"";
  char *path = memmem (text, length, member, sizeof member - 1);
  char *end = path != NULL ? memchr (path + sizeof member - 1, '"',
                                     length - (size_t) (path + sizeof member - 1 - text)) : NULL;
  char response[2048];
  const char *name;
  int size;

  if (end == NULL)
    bench_fail ("no path in %.*s", (int) length, text);
  path += sizeof member - 1;
  *end = '\0';
  name = strrchr (path, '/') + 1;
  note_question (client, name);

  size = snprintf (response, sizeof response,
                   "{\"message_type\": \"artifact_upload_response_message\", \"filename\": \"%s\", "
                   "\"filepath\": \"%s\", \"presigned_url\": \"http://127.0.0.1:%d/%s\", "
                   "\"content_type\": \"text/plain\"}",
                   name, path, bench_files_get_port (client->files), name);
  bench_connection_send_text (client->connections[0], response, (size_t) size);
}

static void
message_cb (BenchConnection *connection,
            char            *text,
            size_t           length)
{
  Client *client = connection->data;

  if (starts_with (text, length, "{\"message_type\":\"artifact_upload_request_message\""))
    {
      answer (client, text, length);
      return;
    }
  if (starts_with (text, length, "{\"message_type\":\"artifact_upload_result_message\""))
    {
      client->n_results += 1;
      if (client->n_results == client->n_expected)
        bench_loop_stop (connection->loop);
      return;
    }
  if (bench_is_terminal (text, length, client->terminal))
    bench_loop_stop (connection->loop);
}

static void
send_and_wait (Client     *client,
               BenchLoop  *loop,
               const char *request,
               const char *terminal)
{
  client->terminal = terminal;
  bench_connection_send_text (client->connections[0], request, strlen (request));
  bench_loop_run (loop, DEADLINE_MS);
}

/* @folders are written as JSON, without the brackets. */
static char *
make_request (const char *folders,
              const char *ignore)
{
  char *text = NULL;

  if (asprintf (&text,
                "{\"message_type\": \"command_execution_message\", \"secrets_to_redact\": [], "
                "\"artifacts_dirs\": [%s], \"artifacts_ignore_content\": \"%s\", "
                "\"commands\": [{\"command\": \"true\"}]}",
                folders, ignore) < 0)
    bench_fail ("out of memory");

  return text;
}

/* It may come together with the confirmation of the end. */
static void
closed_cb (BenchConnection *connection)
{
}

static void
open_client (Client    *client,
             BenchLoop *loop)
{
  static const BenchEvents events = { NULL, message_cb, closed_cb };

  client->files = bench_files_new ();
  client->connections = bench_open_connections (loop, 1, &events, client);
}

static void
watch_folder (Client     *client,
              BenchLoop  *loop,
              const char *folder)
{
  char *folders = NULL;
  char *request;

  if (asprintf (&folders, "\"%s\"", folder) < 0)
    bench_fail ("out of memory");
  request = make_request (folders, "");
  send_and_wait (client, loop, request, "command_execution_result_message");
  free (request);
  free (folders);
}

/* --- small files --- */

static int
open_file (const char *folder,
           int         number,
           int         flags)
{
  char path[1024];
  int fd;

  snprintf (path, sizeof path, "%s/%d", folder, number);
  fd = open (path, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (fd < 0)
    bench_fail ("cannot open %s: %s", path, strerror (errno));

  return fd;
}

static void
write_bytes (int         fd,
             const char *bytes,
             size_t      length)
{
  if (write (fd, bytes, length) != (ssize_t) length)
    bench_fail ("cannot write: %s", strerror (errno));
}

/* Every third file is written at once, every third is held open for longer than the quiet time
 * before its second half, and the others are closed and opened again in between.
 */
static int64_t
write_file (const char *folder,
            int         number)
{
  char content[BENCH_FILE_SIZE];
  char name[16];
  int fd = open_file (folder, number, O_CREAT | O_EXCL);

  snprintf (name, sizeof name, "%d", number);
  bench_fill_file (content, name);
  write_bytes (fd, content, BENCH_FILE_SIZE / 2);
  if (number % 3 == 1)
    {
      bench_pause (LONG_PAUSE);
    }
  else if (number % 3 == 2)
    {
      close (fd);
      bench_pause (SHORT_PAUSE);
      fd = open_file (folder, number, O_APPEND);
    }
  write_bytes (fd, content + BENCH_FILE_SIZE / 2, BENCH_FILE_SIZE / 2);
  close (fd);

  return bench_now ();
}

typedef struct
{
  const char *folder;
  int count;
  int64_t *closed;
} Writer;

static void *
write_files (void *data)
{
  Writer *writer = data;

  for (int i = 0; i < writer->count; i++)
    {
      bench_pause (FILE_PAUSE);
      writer->closed[i] = write_file (writer->folder, i);
    }

  return NULL;
}

static double
get_whole (BenchFiles *files)
{
  BenchPuts puts = bench_files_get_puts (files);

  return (double) puts.n_whole / (puts.n_whole + puts.n_wrong);
}

/* From the last close of a file until the client is asked about it. */
void
bench_settle (const BenchOptions *options)
{
  BenchLoop *loop = bench_loop_new (options->port);
  Client client = { NULL };
  size_t count = (size_t) options->count;
  Writer writer = { options->folder, options->count, calloc (count, sizeof (int64_t)) };
  double p50, longest;
  pthread_t thread;

  client.asked = calloc (count, sizeof *client.asked);
  client.n_expected = options->count;
  open_client (&client, loop);
  watch_folder (&client, loop, options->folder);
  if (pthread_create (&thread, NULL, write_files, &writer) != 0)
    bench_fail ("cannot start a thread");
  bench_loop_run (loop, DEADLINE_MS);
  pthread_join (thread, NULL);
  bench_wait_quiet (options->pid);

  for (size_t i = 0; i < count; i++)
    client.asked[i] -= writer.closed[i];
  p50 = bench_percentile (client.asked, count, 0.5);
  longest = bench_percentile (client.asked, count, 1);
  printf ("{\"p50_ms\": %.3f, \"longest_ms\": %.3f, \"whole\": %.6f}\n",
          p50 / 1e6, longest / 1e6, get_whole (client.files));

  bench_free_connections (client.connections, 1);
  bench_loop_free (loop);
  free (client.asked);
  free (writer.closed);
}

/* From the first of many files until the last one has arrived. */
void
bench_crowd (const BenchOptions *options)
{
  BenchLoop *loop = bench_loop_new (options->port);
  Client client = { NULL };
  BenchPuts puts;
  int64_t start, cpu;

  client.n_expected = options->count;
  open_client (&client, loop);
  watch_folder (&client, loop, options->folder);
  bench_wait_quiet (options->pid);

  cpu = bench_cpu_time (options->pid);
  start = bench_now ();
  for (int i = 0; i < options->count; i++)
    write_file (options->folder, i * 3);
  bench_loop_run (loop, DEADLINE_MS);
  puts = bench_files_get_puts (client.files);
  bench_wait_quiet (options->pid);
  cpu = bench_cpu_time (options->pid) - cpu;

  printf ("{\"ms\": %.3f, \"whole\": %.6f, \"cpu_us\": %.2f}\n",
          (double) (puts.last - start) / 1e6, get_whole (client.files),
          (double) cpu / 1e3 / options->count);

  bench_free_connections (client.connections, 1);
  bench_loop_free (loop);
}

/* --- a large file --- */

/* Where nobody looks, on the same file system. Returns the path. */
static char *
write_large_file (const BenchOptions *options)
{
  char *block = malloc (LARGE_BLOCK);
  char *path = NULL;
  int fd;

  if (asprintf (&path, "%s.part", options->folder) < 0)
    bench_fail ("out of memory");
  fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    bench_fail ("cannot make %s: %s", path, strerror (errno));
  memset (block, 'x', LARGE_BLOCK);
  for (long long written = 0; written < options->bytes; written += LARGE_BLOCK)
    write_bytes (fd, block, LARGE_BLOCK);
  close (fd);
  free (block);

  return path;
}

/* One large file that appears at once, alone or beside another session. */
void
bench_artifact (const BenchOptions *options)
{
  BenchLoop *loop = bench_loop_new (options->port);
  Client client = { NULL };
  BenchNeighbour *neighbour = bench_neighbour_new (loop);
  char *prepared = write_large_file (options);
  char target[1024];
  double longest = 0;
  BenchMemory before, after;
  BenchPuts puts;
  int64_t asked = 0;
  int64_t cpu;

  client.asked = &asked;
  client.n_expected = 1;
  open_client (&client, loop);
  watch_folder (&client, loop, options->folder);
  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);

  cpu = bench_cpu_time (options->pid);
  snprintf (target, sizeof target, "%s/0", options->folder);
  if (rename (prepared, target) != 0)
    bench_fail ("cannot move %s: %s", prepared, strerror (errno));
  if (options->beside)
    bench_neighbour_start (neighbour);
  bench_loop_run (loop, DEADLINE_MS);
  if (options->beside)
    longest = bench_neighbour_stop (neighbour);
  puts = bench_files_get_puts (client.files);
  cpu = bench_cpu_time (options->pid) - cpu;
  after = bench_memory (options->pid);

  printf ("{\"received\": %.6f, \"mb_per_s\": %.1f, \"cpu_ms_per_mb\": %.3f, "
          "\"peak_mib\": %.2f, \"longest_ms\": %.3f}\n",
          (double) puts.n_bytes / (double) options->bytes,
          (double) puts.n_bytes / 1e6 / ((double) (puts.last - asked) / 1e9),
          (double) cpu / 1e6 / ((double) puts.n_bytes / 1e6),
          (double) (after.peak - before.resident) / 1024, longest);

  bench_neighbour_free (neighbour);
  bench_free_connections (client.connections, 1);
  bench_loop_free (loop);
  free (prepared);
}

/* --- watching --- */

static double
measure_request (Client     *client,
                 BenchLoop  *loop,
                 const char *request,
                 const char *terminal)
{
  int64_t start = bench_now ();

  send_and_wait (client, loop, request, terminal);

  return (double) (bench_now () - start) / 1e6;
}

static double
measure_true (Client    *client,
              BenchLoop *loop,
              int        count)
{
  char *request = bench_command_request ("true", 0);
  int64_t *times = calloc ((size_t) count, sizeof *times);
  double p50;

  for (int i = 0; i < count; i++)
    times[i] = (int64_t) (1e6 * measure_request (client, loop, request,
                                                 "command_execution_result_message"));
  p50 = bench_percentile (times, (size_t) count, 0.5) / 1e6;
  free (times);
  free (request);

  return p50;
}

/* How much longer the first request with a folder takes than one without, and what remains in
 * memory; then how long it takes to end the session.
 */
void
bench_watch (const BenchOptions *options)
{
  static const char end[] = "{\"message_type\": \"end_session_message\"}";
  BenchLoop *loop = bench_loop_new (options->port);
  Client client = { NULL };
  BenchNeighbour *neighbour = bench_neighbour_new (loop);
  char *request = make_request (options->folder, options->ignore);
  double without, with, end_time;
  double longest = 0;
  BenchMemory before, after;

  open_client (&client, loop);
  without = measure_true (&client, loop, 21);
  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);

  if (options->beside)
    bench_neighbour_start (neighbour);
  with = measure_request (&client, loop, request, "command_execution_result_message");
  if (options->beside)
    longest = bench_neighbour_stop (neighbour);
  bench_wait_quiet (options->pid);
  after = bench_memory (options->pid);

  if (options->beside)
    bench_neighbour_start (neighbour);
  end_time = measure_request (&client, loop, end, "end_session_confirm_message");
  printf ("{\"ms\": %.3f, \"peak_mib\": %.2f, \"longest_ms\": %.3f, \"end_ms\": %.3f, "
          "\"end_longest_ms\": %.3f}\n",
          with - without, (double) (after.peak - before.resident) / 1024, longest, end_time,
          options->beside ? bench_neighbour_stop (neighbour) : 0);

  bench_neighbour_free (neighbour);
  bench_free_connections (client.connections, 1);
  bench_loop_free (loop);
  free (request);
}
