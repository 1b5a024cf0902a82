/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-measure.h"

#define OPENING_AT_ONCE 32
#define DEADLINE_MS 60000

typedef struct
{
  BenchEvents events;
  BenchConnection **connections;
  void *data;
  int started;
  int opened;
  int wanted;
} Opening;

static void
open_next (BenchLoop *loop,
           Opening   *opening)
{
  if (opening->started == opening->wanted)
    return;

  opening->connections[opening->started] =
    bench_connection_new (loop, &opening->events, opening);
  opening->started += 1;
}

static void
opened_cb (BenchConnection *connection)
{
  Opening *opening = connection->data;

  opening->opened += 1;
  if (opening->opened == opening->wanted)
    bench_loop_stop (connection->loop);
  else
    open_next (connection->loop, opening);
}

static void
unexpected_message_cb (BenchConnection *connection,
                       char            *text,
                       size_t           length)
{
  bench_fail ("the server spoke first: %.*s", (int) (length < 200 ? length : 200), text);
}

/**
 * bench_open_connections:
 * @loop: a loop
 * @n_connections: how many
 * @events: (nullable): what to do with their messages
 * @data: for @events
 *
 * Opens connections, 32 at a time.
 */
BenchConnection **
bench_open_connections (BenchLoop         *loop,
                        int                n_connections,
                        const BenchEvents *events,
                        void              *data)
{
  static const BenchEvents no_events = { NULL, unexpected_message_cb };
  Opening opening = { { opened_cb, unexpected_message_cb }, NULL, NULL, 0, 0, n_connections };

  opening.connections = calloc ((size_t) n_connections + 1, sizeof *opening.connections);
  if (n_connections == 0)
    return opening.connections;

  for (int i = 0; i < OPENING_AT_ONCE; i++)
    open_next (loop, &opening);
  bench_loop_run (loop, DEADLINE_MS);

  for (int i = 0; i < n_connections; i++)
    {
      opening.connections[i]->events = events != NULL ? events : &no_events;
      opening.connections[i]->data = data;
    }

  return opening.connections;
}

void
bench_free_connections (BenchConnection **connections,
                        int               n_connections)
{
  for (int i = 0; i < n_connections; i++)
    bench_connection_free (connections[i]);
  free (connections);
}

/* What one more connection costs beside those that are open, in time and memory. */
void
bench_handshakes (const BenchOptions *options)
{
  BenchLoop *loop = bench_loop_new (options->port);
  BenchConnection **idle, **more;
  BenchMemory before, after;
  int64_t cpu, start, elapsed;

  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);
  idle = bench_open_connections (loop, options->idle, NULL, NULL);
  bench_wait_quiet (options->pid);

  cpu = bench_cpu_time (options->pid);
  start = bench_now ();
  more = bench_open_connections (loop, options->count, NULL, NULL);
  elapsed = bench_now () - start;
  bench_wait_quiet (options->pid);
  cpu = bench_cpu_time (options->pid) - cpu;
  after = bench_memory (options->pid);

  printf ("{\"cpu_us\": %.2f, \"rate\": %.0f, \"idle_kib\": %ld, \"kib_each\": %.3f}\n",
          (double) cpu / 1e3 / options->count,
          options->count / ((double) elapsed / 1e9),
          before.resident,
          (double) (after.resident - before.resident) / (options->idle + options->count));

  bench_free_connections (more, options->count);
  bench_free_connections (idle, options->idle);
  bench_loop_free (loop);
}

/* Reads the line that names the port; it appears when the socket accepts. */
static int
read_port (int fd)
{
  static const char marker[] = "listening on port ";
  char text[1024];
  size_t length = 0;

  while (length < sizeof text - 1)
    {
      ssize_t n_read = read (fd, text + length, sizeof text - 1 - length);
      char *found;

      if (n_read <= 0)
        bench_fail ("the server ended before it was ready");
      length += (size_t) n_read;
      text[length] = '\0';
      found = strstr (text, marker);
      if (found != NULL && strchr (found, '\n') != NULL)
        return (int) strtol (found + sizeof marker - 1, NULL, 10);
    }

  bench_fail ("the server says too much");
}

static pid_t
spawn_server (const char *server,
              int        *out_fd)
{
  char *argv[] = { (char *) server, (char *) "--agent", (char *) "echo", (char *) "--port",
                   (char *) "0", NULL };
  posix_spawn_file_actions_t actions;
  int fds[2];
  pid_t pid;
  int error;

  if (pipe2 (fds, O_CLOEXEC) != 0)
    bench_fail ("cannot make a pipe: %s", strerror (errno));

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, fds[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen (&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  error = posix_spawn (&pid, server, &actions, NULL, argv, environ);
  if (error != 0)
    bench_fail ("cannot start %s: %s", server, strerror (error));
  posix_spawn_file_actions_destroy (&actions);

  close (fds[1]);
  *out_fd = fds[0];

  return pid;
}

static void
stop_loop_cb (BenchConnection *connection)
{
  bench_loop_stop (connection->loop);
}

static int64_t
measure_start (const char *server)
{
  static const BenchEvents events = { stop_loop_cb, unexpected_message_cb };
  int64_t start = bench_now ();
  int64_t elapsed;
  BenchConnection *connection;
  BenchLoop *loop;
  pid_t pid;
  int fd;

  pid = spawn_server (server, &fd);
  loop = bench_loop_new (read_port (fd));
  connection = bench_connection_new (loop, &events, NULL);
  bench_loop_run (loop, DEADLINE_MS);
  elapsed = bench_now () - start;

  bench_connection_free (connection);
  bench_loop_free (loop);
  kill (pid, SIGTERM);
  waitpid (pid, NULL, 0);
  close (fd);

  return elapsed;
}

/* From the start of the process to the first accepted WebSocket. */
void
bench_start (const BenchOptions *options)
{
  int64_t *times = calloc ((size_t) options->count, sizeof *times);

  measure_start (options->server);
  for (int i = 0; i < options->count; i++)
    times[i] = measure_start (options->server);

  printf ("{\"ms\": %.3f}\n", bench_percentile (times, (size_t) options->count, 0.5) / 1e6);
  free (times);
}
