/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-model.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-measure.h"
#include "bench-web.h"

#define REPLY_SIZE (64 * 1024)

/* Of one event; a delta must fit in. */
#define EVENT_SIZE (16 * 1024)

struct BenchModel
{
  BenchReplyFunc func;
  void *data;
  int port;
  pthread_mutex_t lock;
  long long longest;     /* under the lock: body of a request */
};

struct BenchReply
{
  BenchPeer *peer;
  size_t used;
  char buffer[REPLY_SIZE];
};

void
bench_reply_flush (BenchReply *reply)
{
  bench_peer_send (reply->peer, reply->buffer, reply->used, 0);
  reply->used = 0;
}

static void
add (BenchReply *reply,
     const char *bytes,
     size_t      length)
{
  if (length > REPLY_SIZE - reply->used)
    bench_reply_flush (reply);
  memcpy (reply->buffer + reply->used, bytes, length);
  reply->used += length;
}

/* Returns the length of the chunk. */
static size_t __attribute__ ((format (printf, 3, 4)))
print_event (char        chunk[EVENT_SIZE],
             const char *type,
             const char *format,
             ...)
{
  char event[EVENT_SIZE];
  va_list args;
  int length, start;

  start = snprintf (event, sizeof event, "event: %s\ndata: {\"type\":\"%s\",", type, type);
  va_start (args, format);
  length = start + vsnprintf (event + start, sizeof event - (size_t) start, format, args);
  va_end (args);
  length = snprintf (chunk, EVENT_SIZE, "%x\r\n%s}\n\n\r\n", (unsigned) length + 3, event);
  if (length >= EVENT_SIZE)
    bench_fail ("an event of %d bytes is too long", length);

  return (size_t) length;
}

/* Pieces of @length bytes each. */
void
bench_reply_add_deltas (BenchReply *reply,
                        size_t      length,
                        int         count)
{
  char text[EVENT_SIZE / 2];
  char chunk[EVENT_SIZE];
  size_t chunk_length;

  if (length >= sizeof text)
    bench_fail ("a delta of %zu bytes is too long", length);
  memset (text, 'x', length);
  text[length] = '\0';

  chunk_length = print_event (chunk, "response.output_text.delta",
                              "\"item_id\":\"msg_0123456789abcdef0123456789abcdef\","
                              "\"output_index\":0,\"content_index\":0,\"delta\":\"%s\","
                              "\"logprobs\":[],\"sequence_number\":4", text);
  for (int i = 0; i < count; i++)
    add (reply, chunk, chunk_length);
}

void
bench_reply_add_message (BenchReply *reply,
                         const char *text)
{
  char chunk[EVENT_SIZE];
  size_t length;

  length = print_event (chunk, "response.output_item.done",
                        "\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_0\","
                        "\"status\":\"completed\",\"role\":\"assistant\",\"content\":"
                        "[{\"type\":\"output_text\",\"annotations\":[],\"text\":\"%s\"}]}", text);
  add (reply, chunk, length);
}

/* @command must not need escapes. */
void
bench_reply_add_call (BenchReply *reply,
                      const char *command)
{
  char chunk[EVENT_SIZE];
  size_t length;

  length = print_event (chunk, "response.output_item.done",
                        "\"output_index\":0,\"item\":{\"type\":\"shell_call\",\"id\":\"sh_0\","
                        "\"status\":\"completed\",\"call_id\":\"call_0\","
                        "\"action\":{\"commands\":[\"%s\"]}}", command);
  add (reply, chunk, length);
}

static void
end_reply (BenchReply *reply)
{
  static const char last[] = "0\r\n\r\n";
  char chunk[EVENT_SIZE];
  size_t length;

  length = print_event (chunk, "response.completed",
                        "\"response\":{\"id\":\"resp_0\",\"object\":\"response\","
                        "\"status\":\"completed\",\"model\":\"bench\",\"output\":[],"
                        "\"usage\":{\"input_tokens\":10,\"output_tokens\":5,"
                        "\"total_tokens\":15}}");
  add (reply, chunk, length);
  add (reply, last, sizeof last - 1);
  bench_reply_flush (reply);
}

static void
request_cb (BenchPeer          *peer,
            const BenchRequest *request)
{
  static const char head[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: text/event-stream; charset=utf-8\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n";
  BenchModel *model = peer->data;
  BenchReply reply = { .peer = peer };

  if (bench_peer_discard (peer, request->length) != request->length)
    bench_fail ("a request to the model broke off");

  pthread_mutex_lock (&model->lock);
  if (request->length > model->longest)
    model->longest = request->length;
  pthread_mutex_unlock (&model->lock);

  add (&reply, head, sizeof head - 1);
  model->func (&reply, model->data);
  end_reply (&reply);
}

BenchModel *
bench_model_new (BenchReplyFunc  func,
                 void           *data)
{
  BenchModel *model = calloc (1, sizeof *model);

  model->func = func;
  model->data = data;
  pthread_mutex_init (&model->lock, NULL);
  model->port = bench_web_start (request_cb, model);

  return model;
}

/* The length of the longest request body. */
long long
bench_model_get_longest (BenchModel *model)
{
  long long longest;

  pthread_mutex_lock (&model->lock);
  longest = model->longest;
  pthread_mutex_unlock (&model->lock);

  return longest;
}

char *
bench_model_invocation (const BenchModel *model,
                        bool              stream_deltas)
{
  char *text = NULL;

  if (asprintf (&text,
                "{\"message_type\": \"invocation_message\", \"source_id\": null, "
                "\"system_prompt\": \"You are a test assistant.\", \"user_prompt\": \"Go on.\", "
                "\"agent_env\": {\"OPENAI_BASE_URL\": \"http://127.0.0.1:%d/v1\", "
                "\"OPENAI_API_KEY\": \"sk-bench-0123456789abcdef\"}, "
                "\"secrets_to_redact\": [], \"model\": \"bench\", \"stream_deltas\": %s}",
                model->port, stream_deltas ? "true" : "false") < 0)
    bench_fail ("out of memory");

  return text;
}
