/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A service with the Responses API whose model answers at once. Each event has a chunk of its own,
 * as if it had been sent when it came up, also where many of them are sent together. It is there
 * until the process ends.
 */

typedef struct BenchModel BenchModel;
typedef struct BenchReply BenchReply;

/* Says what the model says in this turn, in the thread of the connection. */
typedef void (*BenchReplyFunc) (BenchReply *reply,
                                void       *data);

BenchModel *bench_model_new         (BenchReplyFunc    func,
                                     void             *data);
long long   bench_model_get_longest (BenchModel       *model);
char       *bench_model_invocation  (const BenchModel *model,
                                     bool              stream_deltas);
void        bench_reply_add_deltas  (BenchReply       *reply,
                                     size_t            length,
                                     int               count);
void        bench_reply_add_message (BenchReply       *reply,
                                     const char       *text);
void        bench_reply_add_call    (BenchReply       *reply,
                                     const char       *command);
void        bench_reply_flush       (BenchReply       *reply);
