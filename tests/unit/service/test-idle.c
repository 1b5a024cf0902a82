/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-idle.h"

#include "stop-server.h"

/* Milliseconds; short, but long enough to be told from none. */
#define IDLE 30

#define DEADLINE 20

typedef struct
{
  RuntimeUseServer *server;
  RudStatus        *status;
  RudIdle          *idle;
  guint             n_calls;
  gint64            begin;
} Fixture;

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("it did not happen");

  return G_SOURCE_REMOVE;
}

static void
idle_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_calls++;
}

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  test_data)
{
  g_autoptr(RuntimeUseAgentHandler) echo = NULL;
  g_autoptr(GError) error = NULL;

  echo = runtime_use_agent_handler_new_for_name ("echo", NULL);
  fixture->server = runtime_use_server_new ();
  g_object_set (fixture->server, "port", 0, "handler", echo, NULL);
  runtime_use_server_start (fixture->server, &error);
  g_assert_no_error (error);
  fixture->status = rud_status_new (fixture->server, "echo");
}

static void
fixture_begin (Fixture *fixture)
{
  fixture->begin = g_get_monotonic_time ();
  fixture->idle = rud_idle_new (fixture->status, IDLE, idle_cb, fixture);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  test_data)
{
  rud_idle_free (fixture->idle);
  stop_server (fixture->server);
  g_object_unref (fixture->status);
  g_object_unref (fixture->server);
}

static void
wait_for_call (Fixture *fixture)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);

  while (fixture->n_calls == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static gboolean
over_cb (gpointer user_data)
{
  gboolean *over = user_data;

  *over = TRUE;

  return G_SOURCE_REMOVE;
}

/* A source that came later than the one that is not to come. */
static void
pass_time (void)
{
  gboolean over = FALSE;

  g_timeout_add (3 * IDLE, over_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_nobody (Fixture       *fixture,
             gconstpointer  test_data)
{
  g_test_summary ("When nobody ever came, it is told once, and not before its time");

  fixture_begin (fixture);
  wait_for_call (fixture);
  g_assert_cmpint (g_get_monotonic_time () - fixture->begin, >=, IDLE * 1000);
  pass_time ();
  g_signal_emit_by_name (fixture->status, "changed");
  pass_time ();
  g_assert_cmpuint (fixture->n_calls, ==, 1);
}

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);

  return *result;
}

static RuntimeUseClientSession *
connect_client (Fixture *fixture)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/",
                                          runtime_use_server_get_port (fixture->server));
  g_autoptr(RuntimeUseClient) client = runtime_use_client_new (url);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  RuntimeUseClientSession *session;

  runtime_use_client_connect_async (client, NULL, keep_result_cb, &result);
  session = runtime_use_client_connect_finish (client, wait_for_result (&result), &error);
  g_assert_no_error (error);

  return session;
}

static void
test_client (Fixture       *fixture,
             gconstpointer  test_data)
{
  g_autoptr(RuntimeUseClientSession) session = connect_client (fixture);

  g_test_summary ("Nothing happens while a client is connected, however long; then time begins");

  fixture_begin (fixture);
  pass_time ();
  g_assert_cmpuint (fixture->n_calls, ==, 0);

  fixture->begin = g_get_monotonic_time ();
  runtime_use_client_session_close (session);
  wait_for_call (fixture);
  g_assert_cmpint (g_get_monotonic_time () - fixture->begin, >=, IDLE * 1000);
}

static void
test_visitor (Fixture       *fixture,
              gconstpointer  test_data)
{
  g_test_summary ("Who comes and goes begins the time anew");

  fixture_begin (fixture);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(RuntimeUseClientSession) session = connect_client (fixture);

      /* On a machine that was busy with something else they came too late. */
      if (fixture->n_calls > 0)
        return;

      pass_time ();
      g_assert_cmpuint (fixture->n_calls, ==, 0);
      runtime_use_client_session_close (session);
      fixture->begin = g_get_monotonic_time ();
      while (rud_status_get_n_sessions (fixture->status) > 0)
        g_main_context_iteration (NULL, TRUE);
    }
  wait_for_call (fixture);
  g_assert_cmpint (g_get_monotonic_time () - fixture->begin, >=, IDLE * 1000);
}

static void
test_freed (Fixture       *fixture,
            gconstpointer  test_data)
{
  g_test_summary ("Who does not want to know any more is not told");

  fixture_begin (fixture);
  rud_idle_free (fixture->idle);
  pass_time ();
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  fixture_begin (fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(path, func) \
  g_test_add ("/idle/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("nobody", test_nobody);
  ADD ("client", test_client);
  ADD ("visitor", test_visitor);
  ADD ("freed", test_freed);

  return g_test_run ();
}
