/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The least WebSocket client that can keep a server busy: one epoll set, no
 * allocation per message, no check of what a server of ours is trusted with.
 */

typedef struct BenchLoop BenchLoop;
typedef struct BenchConnection BenchConnection;

typedef struct
{
  void (*opened)  (BenchConnection *connection);
  void (*message) (BenchConnection *connection,
                   char            *text,
                   size_t           length);
  void (*closed)  (BenchConnection *connection);   /* by the server; a failure without this */
} BenchEvents;

struct BenchConnection
{
  BenchLoop *loop;
  const BenchEvents *events;
  void *data;
  int fd;
  bool open;
  char *buffer;
  size_t start;
  size_t end;
  size_t capacity;
  int64_t stamp;
};

BenchLoop       *bench_loop_new               (int                port);
void             bench_loop_free              (BenchLoop         *loop);
void             bench_loop_stop              (BenchLoop         *loop);
void             bench_loop_run               (BenchLoop         *loop,
                                               int                timeout_ms);
BenchConnection *bench_connection_new         (BenchLoop         *loop,
                                               const BenchEvents *events,
                                               void              *data);
void             bench_connection_send_text   (BenchConnection   *connection,
                                               const char        *text,
                                               size_t             length);
void             bench_connection_set_reading (BenchConnection   *connection,
                                               bool               reading);
void             bench_connection_free        (BenchConnection   *connection);
