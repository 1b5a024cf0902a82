/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <runtimeuse.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"

/*
 * What a client built on the library costs: the output of one command, and how
 * long one short command takes from connecting to the end of the connection.
 * Prints its figures as one JSON object.
 *
 * Usage: bench-client PORT BYTES COMMAND ROUNDS
 */

#define DEADLINE_S 120

typedef struct
{
  GMainLoop *loop;
  gsize      received;
} Output;

static void
command_output_cb (RuntimeUseClient               *client,
                   RuntimeUseCommandOutputMessage *message,
                   Output                         *output)
{
  output->received +=
    g_bytes_get_size (runtime_use_command_output_message_get_text_bytes (message));
}

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Output *output = user_data;
  g_autoptr(RuntimeUseExecutionResult) execution = NULL;
  g_autoptr(GError) error = NULL;

  execution = runtime_use_client_execute_commands_finish (RUNTIME_USE_CLIENT (object), result,
                                                          &error);
  if (execution == NULL)
    bench_fail ("%s", error->message);

  g_main_loop_quit (output->loop);
}

static void
execute (RuntimeUseClient *client,
         const char       *command,
         Output           *output)
{
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (commands, runtime_use_command_new (command, NULL, NULL));
  message = g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE, "commands", commands, NULL);
  runtime_use_client_execute_commands_async (client, message, NULL, executed_cb, output);
  g_main_loop_run (output->loop);
}

static gboolean
deadline_cb (gpointer user_data)
{
  bench_fail ("this takes too long");
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *url = NULL;
  g_autofree int64_t *times = NULL;
  g_autoptr(RuntimeUseClient) client = NULL;
  Output output = { NULL };
  BenchMemory before, after;
  gsize received;
  int64_t start, rate_time, cpu;
  int rounds;

  if (argc != 5)
    bench_fail ("usage: bench-client PORT BYTES COMMAND ROUNDS");

  rounds = (int) g_ascii_strtoll (argv[4], NULL, 10);
  times = g_new0 (int64_t, MAX (rounds, 1));
  url = g_strdup_printf ("ws://127.0.0.1:%s", argv[1]);
  client = runtime_use_client_new (url);
  output.loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (client, "command-output", G_CALLBACK (command_output_cb), &output);
  g_timeout_add_seconds (DEADLINE_S, deadline_cb, NULL);

  execute (client, "true", &output);
  before = bench_memory (getpid ());
  cpu = bench_own_cpu_time ();
  start = bench_now ();
  execute (client, argv[3], &output);
  rate_time = bench_now () - start;
  cpu = bench_own_cpu_time () - cpu;
  after = bench_memory (getpid ());
  received = output.received;

  for (int i = 0; i < rounds; i++)
    {
      start = bench_now ();
      execute (client, "true", &output);
      times[i] = bench_now () - start;
    }

  g_print ("{\"received\": %.6f, \"mb_per_s\": %.1f, \"cpu_ms_per_mb\": %.3f, "
           "\"peak_mib\": %.2f, \"round_ms\": %.3f}\n",
           (double) received / strtod (argv[2], NULL),
           (double) received / 1e6 / ((double) rate_time / 1e9),
           (double) cpu / 1e6 / ((double) received / 1e6),
           (double) (after.peak - before.resident) / 1024,
           bench_percentile (times, MAX (rounds, 1), 0.5) / 1e6);
  g_main_loop_unref (output.loop);

  return 0;
}
