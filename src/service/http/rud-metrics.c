/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-metrics.h"

#include "rud-metrics-text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The numbers of the service for a monitoring system. They are made when they
 * are asked for; nothing is kept for them.
 */

/* The field of /proc/PID/stat that says when the process started, counted behind its name. */
#define STAT_START_TIME 19

static const char * const kinds[RUD_N_REQUEST_KINDS] = { "invocation", "command" };
static const char * const outcomes[] = { "succeeded", "failed", "cancelled" };

static void
append_one (GString    *text,
            const char *name,
            const char *type,
            const char *help,
            guint64     value)
{
  rud_metrics_text_begin (text, name, type, help);
  rud_metrics_text_integer (text, name, NULL, value);
}

/* Requests */

static void
append_requests (GString   *text,
                 RudStatus *status)
{
  const char *name = "runtimeuse_requests_total";

  append_one (text, "runtimeuse_requests_active", "gauge", "Requests that are running.",
              rud_status_get_n_active_requests (status));

  rud_metrics_text_begin (text, name, "counter", "Requests that came to their end.");
  for (int kind = 0; kind < RUD_N_REQUEST_KINDS; kind++)
    for (guint outcome = 0; outcome < G_N_ELEMENTS (outcomes); outcome++)
      {
        g_autofree char *labels = g_strdup_printf ("kind=\"%s\",outcome=\"%s\"", kinds[kind],
                                                   outcomes[outcome]);

        rud_metrics_text_integer (text, name, labels,
                                  rud_status_get_n_finished (status, kind, outcome));
      }
}

static void
append_durations_of (GString        *text,
                     const char     *name,
                     RudStatus      *status,
                     RudRequestKind  kind)
{
  RudDurations durations = rud_status_get_durations (status, kind);
  g_autofree char *bucket = g_strconcat (name, "_bucket", NULL);
  g_autofree char *sum = g_strconcat (name, "_sum", NULL);
  g_autofree char *count = g_strconcat (name, "_count", NULL);
  g_autofree char *labels = g_strdup_printf ("kind=\"%s\"", kinds[kind]);
  g_autofree char *all = g_strconcat (labels, ",le=\"+Inf\"", NULL);
  gsize n_bounds;
  const double *bounds = rud_status_get_duration_bounds (&n_bounds);

  for (gsize i = 0; i < n_bounds; i++)
    {
      char bound[G_ASCII_DTOSTR_BUF_SIZE];
      g_autofree char *within = NULL;

      g_ascii_formatd (bound, sizeof bound, "%g", bounds[i]);
      within = g_strdup_printf ("%s,le=\"%s\"", labels, bound);
      rud_metrics_text_integer (text, bucket, within, durations.counts[i]);
    }
  rud_metrics_text_integer (text, bucket, all, durations.counts[n_bounds]);
  rud_metrics_text_number (text, sum, labels, durations.sum / (double) G_TIME_SPAN_SECOND);
  rud_metrics_text_integer (text, count, labels, durations.counts[n_bounds]);
}

static void
append_durations (GString   *text,
                  RudStatus *status)
{
  const char *name = "runtimeuse_request_duration_seconds";

  rud_metrics_text_begin (text, name, "histogram", "How long requests took.");
  for (int kind = 0; kind < RUD_N_REQUEST_KINDS; kind++)
    append_durations_of (text, name, status, kind);
}

/* Sessions and what they do */

static void
append_artifacts (GString   *text,
                  RudStatus *status)
{
  const char *name = "runtimeuse_artifacts_total";

  rud_metrics_text_begin (text, name, "counter", "Artifacts that were sent, or given up.");
  rud_metrics_text_integer (text, name, "outcome=\"uploaded\"",
                            rud_status_get_artifacts_uploaded (status));
  rud_metrics_text_integer (text, name, "outcome=\"failed\"",
                            rud_status_get_artifacts_failed (status));
  append_one (text, "runtimeuse_artifacts_pending", "gauge",
              "Artifacts that were offered or are being sent.",
              rud_status_get_artifacts_pending (status));
}

static void
append_service (GString   *text,
                RudStatus *status)
{
  RuntimeUseServer *server = rud_status_get_server (status);
  g_autofree char *agent = rud_metrics_text_escape (rud_status_get_agent (status) != NULL
                                                    ? rud_status_get_agent (status) : "");
  g_autofree char *labels = g_strdup_printf ("version=\"%s\",agent=\"%s\"", PACKAGE_VERSION,
                                             agent);

  rud_metrics_text_begin (text, "runtimeuse_build_info", "gauge", "What is running.");
  rud_metrics_text_integer (text, "runtimeuse_build_info", labels, 1);
  append_one (text, "runtimeuse_sessions", "gauge", "Clients that are connected.",
              rud_status_get_n_sessions (status));
  append_one (text, "runtimeuse_sessions_total", "counter", "Clients that were let in.",
              rud_status_get_total_sessions (status));
  append_one (text, "runtimeuse_refused_connections_total", "counter",
              "Requests of clients that were refused before there was a session.",
              runtime_use_server_get_refused_connections (server));
  append_requests (text, status);
  append_durations (text, status);
  append_one (text, "runtimeuse_output_bytes_total", "counter",
              "Bytes of output and text that were sent to clients.",
              rud_status_get_output_bytes (status));
  append_artifacts (text, status);
  append_one (text, "runtimeuse_commands_running", "gauge",
              "Commands and programs of agents that are running, or have left something behind.",
              runtime_use_command_handler_count_running ());
}

/* The process, under the names that all services have */

static guint64
count_descriptors (void)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint64 n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;

  /* Not the one that reads this. */
  return n > 0 ? n - 1 : 0;
}

/* Returns field @n, from 0 on, of a line in @path behind the last @mark (nullable); or 0. */
static guint64
read_field (const char *path,
            const char *mark,
            guint       n)
{
  g_autofree char *content = NULL;
  g_auto(GStrv) fields = NULL;
  const char *start;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return 0;

  start = mark != NULL ? g_strrstr (content, mark) : content;
  if (start == NULL)
    return 0;

  fields = g_strsplit_set (start + (mark != NULL ? strlen (mark) : 0), " \n", (int) n + 2);

  return g_strv_length (fields) > n ? g_ascii_strtoull (fields[n], NULL, 10) : 0;
}

/* In seconds since the epoch. */
static double
find_start_time (void)
{
  guint64 boot = read_field ("/proc/stat", "\nbtime ", 0);
  guint64 ticks = read_field ("/proc/self/stat", ") ", STAT_START_TIME);

  return boot + ticks / (double) sysconf (_SC_CLK_TCK);
}

static double
to_seconds (const struct timeval *time)
{
  return time->tv_sec + time->tv_usec / (double) G_TIME_SPAN_SECOND;
}

static void
append_process (GString *text)
{
  guint64 page_size = (guint64) sysconf (_SC_PAGESIZE);
  struct rusage usage = { 0 };
  struct rlimit limit = { 0 };
  const char *cpu = "process_cpu_seconds_total";
  const char *start = "process_start_time_seconds";

  getrusage (RUSAGE_SELF, &usage);
  getrlimit (RLIMIT_NOFILE, &limit);

  rud_metrics_text_begin (text, cpu, "counter", "Processor time of the service itself.");
  rud_metrics_text_number (text, cpu, NULL,
                           to_seconds (&usage.ru_utime) + to_seconds (&usage.ru_stime));
  append_one (text, "process_resident_memory_bytes", "gauge", "Memory that is resident.",
              read_field ("/proc/self/statm", NULL, 1) * page_size);
  append_one (text, "process_virtual_memory_bytes", "gauge", "Memory that is mapped.",
              read_field ("/proc/self/statm", NULL, 0) * page_size);
  append_one (text, "process_open_fds", "gauge", "Open file descriptors.", count_descriptors ());
  append_one (text, "process_max_fds", "gauge", "How many file descriptors may be open.",
              limit.rlim_cur);
  rud_metrics_text_begin (text, start, "gauge", "When the service started, since the epoch.");
  rud_metrics_text_number (text, start, NULL, find_start_time ());
}

char *
rud_metrics_dup_text (RudStatus *status)
{
  g_autoptr(GString) text = g_string_sized_new (8192);

  append_service (text, status);
  append_process (text);

  return g_string_free (g_steal_pointer (&text), FALSE);
}
