/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "bench-websocket.h"

/* One scenario is one measurement; it prints its figures as one JSON object. */

typedef struct
{
  pid_t pid;
  int port;
  int idle;
  int connections;
  int count;
  int secrets;
  int stall_ms;
  long long bytes;
  const char *command;
  const char *server;
  const char *folder;
  const char *file;
  const char *ignore;
  bool beside;
} BenchOptions;

void bench_start          (const BenchOptions *options);
void bench_handshakes     (const BenchOptions *options);
void bench_echo           (const BenchOptions *options);
void bench_command        (const BenchOptions *options);
void bench_stream         (const BenchOptions *options);
void bench_output         (const BenchOptions *options);
void bench_cancel         (const BenchOptions *options);
void bench_settle         (const BenchOptions *options);
void bench_crowd          (const BenchOptions *options);
void bench_artifact       (const BenchOptions *options);
void bench_watch          (const BenchOptions *options);
void bench_download       (const BenchOptions *options);
void bench_openai_turn    (const BenchOptions *options);
void bench_openai_latency (const BenchOptions *options);
void bench_openai_deltas  (const BenchOptions *options);
void bench_openai_calls   (const BenchOptions *options);

/* Shared by the scenarios. */

BenchConnection **bench_open_connections (BenchLoop           *loop,
                                          int                  n_connections,
                                          const BenchEvents   *events,
                                          void                *data);
void              bench_free_connections (BenchConnection    **connections,
                                          int                  n_connections);
char             *bench_invocation       (const char          *prompt);
char             *bench_command_request  (const char          *command,
                                          int                  n_secrets);
bool              bench_is_terminal      (const char          *text,
                                          size_t               length,
                                          const char          *type);
void              bench_measure_requests (const BenchOptions  *options,
                                          char                *request,
                                          const char          *terminal);
void              bench_stall            (BenchConnection     *connection,
                                          int                  stall_ms);
