/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a server costs, seen from outside: nothing here asks it for anything. */

typedef struct
{
  long resident;
  long peak;
} BenchMemory;

_Noreturn void bench_fail          (const char    *format,
                                    ...) __attribute__ ((format (printf, 1, 2)));
int64_t        bench_now           (void);
void           bench_pause         (int64_t        nanoseconds);
int64_t        bench_cpu_time      (pid_t          pid);
int64_t        bench_own_cpu_time  (void);
BenchMemory    bench_memory        (pid_t          pid);
void           bench_wait_quiet    (pid_t          pid);
double         bench_percentile    (int64_t       *values,
                                    size_t         n_values,
                                    double         fraction);
void           bench_raise_limits  (void);
