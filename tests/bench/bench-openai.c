/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-scenarios.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"
#include "bench-model.h"

#define DEADLINE_MS 120000

/* As long as a word is. */
#define DELTA_LENGTH 8

/* Between two deltas of which the latency is measured. */
#define DELTA_PAUSE 1000000

static const char delta_start[] = "{\"message_type\":\"assistant_delta_message\",\"text\":\"";
static const char delta_end[] = "\"}";

typedef struct
{
  const BenchOptions *options;
  long long received;              /* bytes of text in deltas */
  int messages;
  int n_seen;                      /* whole deltas */
  _Atomic int64_t *sent;           /* (nullable): when each delta was */
  int64_t *times;                  /* (nullable): how long each delta took */
  atomic_int n_turns;
} Talk;

static void
time_deltas (Talk *talk)
{
  int64_t now = bench_now ();

  for (; talk->n_seen < talk->received / DELTA_LENGTH; talk->n_seen++)
    talk->times[talk->n_seen] = now - atomic_load (&talk->sent[talk->n_seen]);
}

static void
message_cb (BenchConnection *connection,
            char            *text,
            size_t           length)
{
  Talk *talk = connection->data;
  size_t head = sizeof delta_start - 1;
  size_t tail = sizeof delta_end - 1;

  if (bench_is_terminal (text, length, "result_message"))
    {
      bench_loop_stop (connection->loop);
      return;
    }

  talk->messages += 1;
  if (length < head + tail || memcmp (text, delta_start, head) != 0)
    return;
  if (memcmp (text + length - tail, delta_end, tail) != 0)
    bench_fail ("unexpected end of a delta: %.*s", (int) tail, text + length - tail);
  talk->received += (long long) (length - head - tail);
  if (talk->times != NULL)
    time_deltas (talk);
}

static const BenchEvents events = { NULL, message_cb };

static void
short_reply_cb (BenchReply *reply,
                void       *data)
{
  bench_reply_add_deltas (reply, DELTA_LENGTH, 1);
  bench_reply_add_message (reply, "Done.");
}

/* A short answer that is there at once, so that all that is measured is ours. */
void
bench_openai_turn (const BenchOptions *options)
{
  BenchModel *model = bench_model_new (short_reply_cb, NULL);

  bench_measure_requests (options, bench_model_invocation (model, false), "result_message");
}

static void
slow_reply_cb (BenchReply *reply,
               void       *data)
{
  Talk *talk = data;

  for (int i = 0; i < talk->options->count; i++)
    {
      atomic_store (&talk->sent[i], bench_now ());
      bench_reply_add_deltas (reply, DELTA_LENGTH, 1);
      bench_reply_flush (reply);
      bench_pause (DELTA_PAUSE);
    }
  bench_reply_add_message (reply, "Done.");
}

/* From the service to the client, one delta after the other. */
void
bench_openai_latency (const BenchOptions *options)
{
  BenchLoop *loop = bench_loop_new (options->port);
  Talk talk = { .options = options };
  BenchModel *model = bench_model_new (slow_reply_cb, &talk);
  char *request = bench_model_invocation (model, true);
  size_t count = (size_t) options->count;
  BenchConnection **connections;

  talk.sent = calloc (count, sizeof *talk.sent);
  talk.times = calloc (count, sizeof *talk.times);
  connections = bench_open_connections (loop, 1, &events, &talk);
  bench_wait_quiet (options->pid);

  bench_connection_send_text (connections[0], request, strlen (request));
  bench_loop_run (loop, DEADLINE_MS);
  if (talk.n_seen != options->count)
    bench_fail ("%d of %d deltas arrived", talk.n_seen, options->count);

  printf ("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"messages\": %d}\n",
          bench_percentile (talk.times, count, 0.5) / 1e3,
          bench_percentile (talk.times, count, 0.99) / 1e3, talk.messages);

  bench_free_connections (connections, 1);
  bench_loop_free (loop);
  free (talk.sent);
  free (talk.times);
  free (request);
}

static void
fast_reply_cb (BenchReply *reply,
               void       *data)
{
  Talk *talk = data;

  bench_reply_add_deltas (reply, (size_t) talk->options->bytes, talk->options->count);
  bench_reply_add_message (reply, "Done.");
}

static void
call_reply_cb (BenchReply *reply,
               void       *data)
{
  Talk *talk = data;

  if (atomic_fetch_add (&talk->n_turns, 1) < talk->options->count)
    bench_reply_add_call (reply, talk->options->command);
  else
    bench_reply_add_message (reply, "Done.");
}

/* One invocation, for a client that reads at once or after a while. */
static void
measure_talk (Talk           *talk,
              BenchReplyFunc  func,
              bool            stream_deltas)
{
  const BenchOptions *options = talk->options;
  BenchLoop *loop = bench_loop_new (options->port);
  BenchModel *model = bench_model_new (func, talk);
  char *request = bench_model_invocation (model, stream_deltas);
  BenchConnection **connections = bench_open_connections (loop, 1, &events, talk);
  BenchMemory before, after;
  int64_t cpu, time;
  double mib;

  bench_wait_quiet (options->pid);
  before = bench_memory (options->pid);
  cpu = bench_cpu_time (options->pid);
  time = bench_now ();
  bench_connection_send_text (connections[0], request, strlen (request));
  if (options->stall_ms > 0)
    bench_stall (connections[0], options->stall_ms);
  bench_loop_run (loop, DEADLINE_MS);
  time = bench_now () - time;
  cpu = bench_cpu_time (options->pid) - cpu;
  after = bench_memory (options->pid);

  mib = (double) (after.peak - before.resident) / 1024;
  printf ("{\"received\": %lld, \"rate\": %.0f, \"ms\": %.3f, \"cpu_us\": %.3f, "
          "\"messages\": %d, \"peak_mib\": %.2f, \"sent_mib\": %.2f}\n",
          talk->received, options->count / ((double) time / 1e9), (double) time / 1e6,
          (double) cpu / 1e3 / options->count, talk->messages, mib,
          (double) bench_model_get_longest (model) / (1024 * 1024));

  bench_free_connections (connections, 1);
  bench_loop_free (loop);
  free (request);
}

/* Many deltas at once, in one answer. */
void
bench_openai_deltas (const BenchOptions *options)
{
  Talk talk = { .options = options };

  measure_talk (&talk, fast_reply_cb, true);
}

/* A model that calls the shell over and over. */
void
bench_openai_calls (const BenchOptions *options)
{
  Talk talk = { .options = options };

  measure_talk (&talk, call_reply_cb, false);
}
