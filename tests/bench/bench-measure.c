/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "bench-measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* A server counts as quiet when it used less than this in QUIET_TIME. */
#define QUIET_CPU 200000
#define QUIET_TIME 40000000
#define QUIET_DEADLINE INT64_C (10000000000)

/**
 * bench_fail:
 * @format: what went wrong
 *
 * Ends the program: a measurement that went wrong has no figure.
 */
void
bench_fail (const char *format,
            ...)
{
  va_list args;

  fputs ("bench-load: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (1);
}

static int64_t
read_clock (clockid_t clock)
{
  struct timespec now;

  if (clock_gettime (clock, &now) != 0)
    bench_fail ("cannot read a clock: %s", strerror (errno));

  return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
bench_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

void
bench_pause (int64_t nanoseconds)
{
  struct timespec pause = { nanoseconds / 1000000000, nanoseconds % 1000000000 };

  clock_nanosleep (CLOCK_MONOTONIC, 0, &pause, NULL);
}

/**
 * bench_cpu_time:
 * @pid: a process
 *
 * Gets the user and system time of all threads of a process, without its
 * children, in nanoseconds. /proc/PID/stat has only ticks of 10 ms.
 */
int64_t
bench_cpu_time (pid_t pid)
{
  clockid_t clock;
  int error = clock_getcpuclockid (pid, &clock);

  if (error != 0)
    bench_fail ("cannot read the CPU time of process %d: %s", (int) pid, strerror (error));

  return read_clock (clock);
}

int64_t
bench_own_cpu_time (void)
{
  return read_clock (CLOCK_PROCESS_CPUTIME_ID);
}

static long
parse_field (const char *status,
             const char *name)
{
  const char *line = strstr (status, name);

  if (line == NULL)
    bench_fail ("no %s in the status of the server", name);

  return strtol (line + strlen (name), NULL, 10);
}

/* In KiB. The peak is that of the whole life of the process. */
BenchMemory
bench_memory (pid_t pid)
{
  BenchMemory memory;
  char path[64];
  char status[8192];
  FILE *file;
  size_t length;

  snprintf (path, sizeof path, "/proc/%d/status", (int) pid);
  file = fopen (path, "re");
  if (file == NULL)
    bench_fail ("cannot read %s: %s", path, strerror (errno));
  length = fread (status, 1, sizeof status - 1, file);
  fclose (file);
  status[length] = '\0';

  memory.resident = parse_field (status, "VmRSS:");
  memory.peak = parse_field (status, "VmHWM:");

  return memory;
}

/**
 * bench_wait_quiet:
 * @pid: the server
 *
 * Waits until the server has finished what it does, so that its work is
 * counted where it belongs.
 */
void
bench_wait_quiet (pid_t pid)
{
  int64_t deadline = bench_now () + QUIET_DEADLINE;
  int64_t before = bench_cpu_time (pid);

  while (bench_now () < deadline)
    {
      int64_t after;

      bench_pause (QUIET_TIME);
      after = bench_cpu_time (pid);
      if (after - before < QUIET_CPU)
        return;
      before = after;
    }

  bench_fail ("the server did not come to rest");
}

static int
compare_values (const void *a,
                const void *b)
{
  int64_t left = *(const int64_t *) a;
  int64_t right = *(const int64_t *) b;

  return (left > right) - (left < right);
}

/* Sorts @values. */
double
bench_percentile (int64_t *values,
                  size_t   n_values,
                  double   fraction)
{
  if (n_values == 0)
    return 0;

  qsort (values, n_values, sizeof *values, compare_values);

  return (double) values[(size_t) ((double) (n_values - 1) * fraction + 0.5)];
}

/* For us and for the server that we start. */
void
bench_raise_limits (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}
