/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"

#define DEADLINE_MS 120000

typedef struct
{
  char *request;
  size_t request_length;
  const char *terminal;
  int64_t *times;
  int left_to_send;
  int left_to_receive;
  int messages;
} Load;

/* As the published Python client writes it: every member, the unset ones as null. */
char *
bench_invocation (const char *prompt)
{
  char *text = NULL;

  if (asprintf (&text,
                "{\"message_type\": \"invocation_message\", \"source_id\": null, "
                "\"system_prompt\": \"You are a test assistant.\", \"user_prompt\": \"%s\", "
                "\"agent_env\": null, \"output_format_json_schema_str\": null, "
                "\"secrets_to_redact\": [], \"artifacts_dirs\": null, "
                "\"artifacts_ignore_content\": null, \"pre_agent_invocation_commands\": null, "
                "\"post_agent_invocation_commands\": null, \"model\": \"echo\", "
                "\"pre_agent_downloadables\": null}",
                prompt) < 0)
    bench_fail ("out of memory");

  return text;
}

/* Secrets of 20 to 60 bytes, none of which is printed. */
static char *
make_secrets (int n_secrets)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  size_t size = ((size_t) n_secrets + 1) * 80;
  size_t length = 0;
  char *text = calloc (size, 1);
  unsigned state = 12345;

  for (int i = 0; i < n_secrets; i++)
    {
      char secret[64] = { 0 };

      for (int j = 0; j < 20 + i * 40 / n_secrets; j++)
        {
          state = state * 1103515245 + 12345;
          secret[j] = letters[state >> 26];
        }
      length += (size_t) snprintf (text + length, size - length, "%s\"%s\"",
                                   i > 0 ? ", " : "", secret);
    }

  return text;
}

/* @command must not need escapes. */
char *
bench_command_request (const char *command,
                       int         n_secrets)
{
  char *secrets = make_secrets (n_secrets);
  char *text = NULL;

  if (asprintf (&text,
                "{\"message_type\": \"command_execution_message\", \"source_id\": null, "
                "\"secrets_to_redact\": [%s], "
                "\"commands\": [{\"cwd\": null, \"command\": \"%s\", \"env\": null}], "
                "\"artifacts_dirs\": null, \"artifacts_ignore_content\": null, "
                "\"pre_execution_downloadables\": null}",
                secrets, command) < 0)
    bench_fail ("out of memory");
  free (secrets);

  return text;
}

/**
 * bench_is_terminal:
 * @text: a message
 * @length: of @text
 * @type: the terminal that ends this request
 *
 * Looks for the terminal and ends the program when it is an error.
 */
bool
bench_is_terminal (const char *text,
                   size_t      length,
                   const char *type)
{
  static const char start[] = "{\"message_type\":\"";
  size_t skip = sizeof start - 1;
  size_t type_length = strlen (type);

  if (length > skip + 5 && memcmp (text + skip, "error", 5) == 0)
    bench_fail ("the request failed: %.*s", (int) (length < 400 ? length : 400), text);

  return length > skip + type_length && memcmp (text + skip, type, type_length) == 0 &&
         text[skip + type_length] == '"';
}

static void
send_next (BenchConnection *connection)
{
  Load *load = connection->data;

  if (load->left_to_send == 0)
    return;

  load->left_to_send -= 1;
  connection->stamp = bench_now ();
  bench_connection_send_text (connection, load->request, load->request_length);
}

static void
message_cb (BenchConnection *connection,
            char            *text,
            size_t           length)
{
  Load *load = connection->data;

  if (!bench_is_terminal (text, length, load->terminal))
    {
      load->messages += 1;
      return;
    }

  load->left_to_receive -= 1;
  load->times[load->left_to_receive] = bench_now () - connection->stamp;
  if (load->left_to_receive == 0)
    bench_loop_stop (connection->loop);
  else
    send_next (connection);
}

static void
run_load (BenchLoop        *loop,
          BenchConnection **connections,
          int               n_connections,
          Load             *load,
          int               count)
{
  load->left_to_send = count;
  load->left_to_receive = count;
  load->messages = 0;
  for (int i = 0; i < n_connections; i++)
    {
      connections[i]->data = load;
      send_next (connections[i]);
    }
  bench_loop_run (loop, DEADLINE_MS);
}

/* One request after the other on each connection, beside idle ones. Takes @request. */
void
bench_measure_requests (const BenchOptions *options,
                        char               *request,
                        const char         *terminal)
{
  static const BenchEvents events = { NULL, message_cb };
  BenchLoop *loop = bench_loop_new (options->port);
  BenchConnection **idle, **busy;
  Load load = { request, strlen (request), terminal };
  int64_t cpu, own_cpu, start, elapsed;
  double p50, p99;

  load.times = calloc ((size_t) options->count, sizeof *load.times);
  idle = bench_open_connections (loop, options->idle, NULL, NULL);
  busy = bench_open_connections (loop, options->connections, &events, &load);
  run_load (loop, busy, options->connections, &load, options->count / 10 + 1);
  bench_wait_quiet (options->pid);

  cpu = bench_cpu_time (options->pid);
  own_cpu = bench_own_cpu_time ();
  start = bench_now ();
  run_load (loop, busy, options->connections, &load, options->count);
  elapsed = bench_now () - start;
  own_cpu = bench_own_cpu_time () - own_cpu;
  bench_wait_quiet (options->pid);
  cpu = bench_cpu_time (options->pid) - cpu;

  p50 = bench_percentile (load.times, (size_t) options->count, 0.5);
  p99 = bench_percentile (load.times, (size_t) options->count, 0.99);
  printf ("{\"cpu_us\": %.2f, \"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
          "\"own_cpu_us\": %.2f, \"messages\": %d, \"cpu_us_per_message\": %.3f}\n",
          (double) cpu / 1e3 / options->count,
          options->count / ((double) elapsed / 1e9),
          p50 / 1e3, p99 / 1e3, (double) own_cpu / 1e3 / options->count, load.messages,
          load.messages > 0 ? (double) cpu / 1e3 / load.messages : 0.0);

  bench_free_connections (busy, options->connections);
  bench_free_connections (idle, options->idle);
  bench_loop_free (loop);
  free (load.times);
  free (request);
}

void
bench_echo (const BenchOptions *options)
{
  bench_measure_requests (options, bench_invocation ("ECHO:x"), "result_message");
}

/* One request here is 10,000 assistant messages. */
void
bench_stream (const BenchOptions *options)
{
  bench_measure_requests (options, bench_invocation ("STREAM:10000"), "result_message");
}

void
bench_command (const BenchOptions *options)
{
  bench_measure_requests (options, bench_command_request (options->command, options->secrets),
                          "command_execution_result_message");
}
