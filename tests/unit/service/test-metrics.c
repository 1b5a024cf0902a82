/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-metrics-text.h"
#include "rud-metrics.h"
#include "rud-pages.h"

#include "raw-client.h"
#include "stop-server.h"

#include <locale.h>

#define INVOCATION(prompt)                                                               \
  "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"user_prompt\":\""   \
  prompt "\",\"secrets_to_redact\":[],\"model\":\"m\"}"

typedef struct
{
  RuntimeUseServer *server;
  RudStatus        *status;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(GError) error = NULL;

  handler = runtime_use_agent_handler_new_for_name ("echo", &error);
  g_assert_no_error (error);
  fixture->server = runtime_use_server_new ();
  g_object_set (fixture->server, "port", 0, "host", "127.0.0.1", "handler", handler, NULL);
  fixture->status = rud_status_new (fixture->server, "a\"b\\c");
  rud_pages_add (fixture->status, TRUE);
  g_assert_true (runtime_use_server_start (fixture->server, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop_server (fixture->server);
  g_clear_object (&fixture->status);
  /* Nothing of the pages holds on to it. */
  g_assert_finalize_object (fixture->server);
}

static char *
get (Fixture    *fixture,
     const char *path,
     guint       status)
{
  g_autoptr(RawClient) client = raw_client_new (runtime_use_server_get_port (fixture->server));
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

  g_assert_cmpuint (raw_client_request (client, request), ==, status);
  raw_client_wait_for_end (client);

  return g_strndup ((char *) client->input->data, client->input->len);
}

static double
find_value (const char *text,
            const char *name)
{
  g_autofree char *start = g_strdup_printf ("\n%s ", name);
  const char *at = strstr (text, start);

  g_assert_nonnull (at);

  return g_ascii_strtod (at + strlen (start), NULL);
}

static void
test_metrics_pages (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *health = get (fixture, "/healthz", 200);
  g_autofree char *ready = get (fixture, "/readyz", 200);
  g_autofree char *draining = NULL;
  g_autofree char *healthy = NULL;
  g_autofree char *metrics = NULL;

  g_test_summary ("The service tells whether it is well, and whether it takes clients");

  g_assert_cmpstr (health, ==, "ok\n");
  g_assert_cmpstr (ready, ==, "ok\n");
  runtime_use_server_drain (fixture->server);
  draining = get (fixture, "/readyz", 503);
  g_assert_cmpstr (draining, ==, "draining\n");
  healthy = get (fixture, "/healthz", 200);
  g_assert_cmpstr (healthy, ==, "ok\n");
  metrics = get (fixture, "/metrics", 200);
  g_assert_nonnull (strstr (metrics, "\nruntimeuse_sessions 0\n"));
}

static void
test_metrics_gone (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *metrics = NULL;

  g_test_summary ("Where nobody counts any more there are no numbers");

  g_clear_object (&fixture->status);
  metrics = get (fixture, "/metrics", 503);
}

static void
test_metrics_counts (Fixture       *fixture,
                     gconstpointer  data)
{
  guint port = runtime_use_server_get_port (fixture->server);
  g_autoptr(RawClient) client = raw_client_new_open (port);
  g_autoptr(RawClient) refused = raw_client_new (port);
  g_autofree char *text = NULL;
  g_autofree char *result = NULL;
  g_autofree char *error = NULL;

  g_test_summary ("What the service did can be read as numbers");

  raw_client_send_message (client, INVOCATION ("ECHO:hello"));
  result = raw_client_take_message (client);
  g_assert_nonnull (strstr (result, "result_message"));
  raw_client_send_message (client, INVOCATION ("ERROR:no"));
  error = raw_client_take_message (client);
  g_assert_nonnull (strstr (error, "error_message"));
  g_assert_cmpuint (raw_client_request (refused, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
                    ==, 403);

  text = get (fixture, "/metrics", 200);
  g_assert_true (g_str_has_prefix (text, "# HELP runtimeuse_build_info What is running.\n"
                                         "# TYPE runtimeuse_build_info gauge\n"));
  g_assert_nonnull (strstr (text, "\nruntimeuse_build_info{version=\"" PACKAGE_VERSION "\","
                                  "agent=\"a\\\"b\\\\c\"} 1\n"));
  g_assert_cmpfloat (find_value (text, "runtimeuse_sessions"), ==, 1);
  g_assert_cmpfloat (find_value (text, "runtimeuse_sessions_total"), ==, 1);
  g_assert_cmpfloat (find_value (text, "runtimeuse_refused_connections_total"), ==, 1);
  g_assert_cmpfloat (find_value (text, "runtimeuse_requests_active"), ==, 0);
  g_assert_cmpfloat (find_value (text, "runtimeuse_requests_total{kind=\"invocation\","
                                       "outcome=\"succeeded\"}"), ==, 1);
  g_assert_cmpfloat (find_value (text, "runtimeuse_requests_total{kind=\"invocation\","
                                       "outcome=\"failed\"}"), ==, 1);
  g_assert_cmpfloat (find_value (text, "runtimeuse_requests_total{kind=\"command\","
                                       "outcome=\"succeeded\"}"), ==, 0);
  g_assert_cmpfloat (find_value (text, "runtimeuse_request_duration_seconds_count"
                                       "{kind=\"invocation\"}"), ==, 2);
  g_assert_cmpfloat (find_value (text, "runtimeuse_request_duration_seconds_bucket"
                                       "{kind=\"invocation\",le=\"+Inf\"}"), ==, 2);
  g_assert_cmpfloat (find_value (text, "runtimeuse_request_duration_seconds_bucket"
                                       "{kind=\"invocation\",le=\"600\"}"), ==, 2);
  g_assert_cmpfloat (find_value (text, "runtimeuse_request_duration_seconds_sum"
                                       "{kind=\"invocation\"}"), >, 0);
  g_assert_cmpfloat (find_value (text, "runtimeuse_commands_running"), ==, 0);
}

static void
test_metrics_process (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *text = get (fixture, "/metrics", 200);
  double now = g_get_real_time () / (double) G_USEC_PER_SEC;
  double start = find_value (text, "process_start_time_seconds");

  g_test_summary ("The process itself is measured under the usual names");

  /* The clock of the kernel may have been set since, but not by years. */
  g_assert_cmpfloat (start, >, now - 400.0 * 24 * 3600);
  g_assert_cmpfloat (start, <, now + 60);
  g_assert_cmpfloat (find_value (text, "process_resident_memory_bytes"), >, 1024 * 1024);
  g_assert_cmpfloat (find_value (text, "process_virtual_memory_bytes"), >=,
                     find_value (text, "process_resident_memory_bytes"));
  g_assert_cmpfloat (find_value (text, "process_open_fds"), >, 3);
  g_assert_cmpfloat (find_value (text, "process_open_fds"), <=,
                     find_value (text, "process_max_fds"));
  g_assert_cmpfloat (find_value (text, "process_cpu_seconds_total"), >, 0);
}

static void
test_metrics_numbers (void)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *escaped = rud_metrics_text_escape ("a\"b\\c\nd");

  g_test_summary ("Numbers have a point in every language, and labels end where they should");

  if (setlocale (LC_NUMERIC, "de_DE.UTF-8") == NULL)
    setlocale (LC_NUMERIC, "fr_FR.UTF-8");
  rud_metrics_text_number (text, "a", NULL, 0.25);
  rud_metrics_text_number (text, "b", "c=\"d\"", 1795680000.125);
  rud_metrics_text_integer (text, "e", NULL, G_MAXUINT64);
  setlocale (LC_NUMERIC, "C");
  g_assert_cmpstr (text->str, ==,
                   "a 0.25\n"
                   "b{c=\"d\"} 1795680000.125\n"
                   "e 18446744073709551615\n");
  g_assert_cmpstr (escaped, ==, "a\\\"b\\\\c\\nd");
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("/metrics/pages", test_metrics_pages);
  add ("/metrics/gone", test_metrics_gone);
  add ("/metrics/counts", test_metrics_counts);
  add ("/metrics/process", test_metrics_process);
  g_test_add_func ("/metrics/numbers", test_metrics_numbers);

  return g_test_run ();
}
