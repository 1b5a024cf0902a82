/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-calls.h"

#include <string.h>

#include "raw-client.h"
#include "stop-server.h"

/* A client and a real server. */

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  runtime_use_client_session_end_finish (RUNTIME_USE_CLIENT_SESSION (object), result,
                                         &answer->error);
}

static RuntimeUseServer *
server_new (const char *agent,
            const char *token)
{
  RuntimeUseServer *server = runtime_use_server_new ();
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(GError) error = NULL;

  handler = runtime_use_agent_handler_new_for_name (agent, &error);
  g_assert_no_error (error);
  g_object_set (server, "port", 0, "handler", handler, "token", token, NULL);
  runtime_use_server_start (server, &error);
  g_assert_no_error (error);

  return server;
}

static void
assistant_message_cb (RuntimeUseClient   *client,
                      const char * const *text_blocks,
                      GString            *events)
{
  g_string_append_printf (events, "%s;", text_blocks[0]);
}

static void
test_one_shot (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo", NULL);
  g_autoptr(RuntimeUseClient) client = client_new (runtime_use_server_get_port (server), "");
  g_autoptr(GString) events = g_string_new (NULL);
  guint n_sockets;

  g_test_summary ("One request with a connection of its own, also several side by side");

  g_signal_connect (client, "assistant-message", G_CALLBACK (assistant_message_cb), events);
  n_sockets = count_sockets ();
  for (guint i = 0; i < 3; i++)
    {
      g_auto(Answer) one = { 0 };
      g_auto(Answer) other = { 0 };

      g_string_truncate (events, 0);
      client_query (client, "STREAM:2", &one);
      client_query (client, "ECHO:other", &other);
      raw_wait_for (one.is_done && other.is_done);
      g_assert_no_error (one.error);
      assert_text (&other, "other");
      g_assert_cmpstr (events->str, ==, "message 1 of 2;message 2 of 2;");
    }
  raw_wait_for (count_sockets () == n_sockets);
  stop_server (server);
}

static void
test_session (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo", NULL);
  g_autoptr(RuntimeUseClient) client = NULL;
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) end = { 0 };
  guint idle_timeout;

  g_test_summary ("Several requests in a session, and its confirmed end");

  client = client_new (runtime_use_server_get_port (server), "/any/path?x=y");
  g_object_set (client, "idle-timeout", 77, NULL);
  runtime_use_client_connect_async (client, NULL, client_connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_assert_no_error (connected.error);
  g_object_get (connected.session, "idle-timeout", &idle_timeout, NULL);
  g_assert_cmpuint (idle_timeout, ==, 77);

  for (guint i = 0; i < 3; i++)
    {
      g_auto(Answer) good = { 0 };
      g_auto(Answer) bad = { 0 };

      client_query (connected.session, "ECHO:ä", &good);
      raw_wait_for (good.is_done);
      assert_text (&good, "ä");
      client_query (connected.session, "ERROR:no", &bad);
      raw_wait_for (bad.is_done);
      g_assert_error (bad.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE);
      g_assert_cmpstr (bad.error->message, ==, "no");
    }

  runtime_use_client_session_end_async (connected.session, NULL, ended_cb, &end);
  raw_wait_for (end.is_done);
  g_assert_no_error (end.error);
  stop_server (server);
}

static void
test_server_stops (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo", NULL);
  g_autoptr(RuntimeUseClient) client = client_new (runtime_use_server_get_port (server), "");
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) late = { 0 };

  g_test_summary ("A server that stops closes the session");

  runtime_use_client_connect_async (client, NULL, client_connected_cb, &connected);
  raw_wait_for (connected.is_done);
  stop_server (server);
  raw_wait_for (runtime_use_client_session_is_closed (connected.session));
  client_query (connected.session, "ECHO:x", &late);
  raw_wait_for (late.is_done);
  g_assert_error (late.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
}

static void
test_token (void)
{
  static const struct
  {
    const char *rest;
    const char *token;
    const char *part;   /* of the error; NULL when the client is let in */
  } cases[] = {
    { "", "s3cr3t-token", NULL },
    { "/?token=s3cr3t-token", NULL, NULL },
    { "", NULL, "wants a token" },
    { "", "wr0ng-token", "does not accept this token" },
    { "/?token=wr0ng-token", NULL, "wants a token" },
    { "", "wr0ng\r\ntoken", "The token has white space" },
  };
  g_autoptr(RuntimeUseServer) server = server_new ("echo", "s3cr3t-token");

  g_test_summary ("The token opens the door, and is never shown");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RuntimeUseClient) client = NULL;
      g_auto(Answer) answer = { 0 };

      client = client_new (runtime_use_server_get_port (server), cases[i].rest);
      g_object_set (client, "token", cases[i].token, NULL);
      client_query (client, "ECHO:in", &answer);
      raw_wait_for (answer.is_done);
      if (cases[i].part == NULL)
        {
          assert_text (&answer, "in");
          continue;
        }

      g_assert_nonnull (answer.error);
      g_assert_nonnull (strstr (answer.error->message, cases[i].part));
      g_assert_null (strstr (answer.error->message, "wr0ng"));
    }
  stop_server (server);
}

static void
test_url (void)
{
  static const struct
  {
    const char *url;
    const char *part;
  } cases[] = {
    { NULL, "No server is given" },
    { "", "cannot be understood" },
    { "localhost:8080", "ws://" },
    { "http://localhost:8080", "begin with ws://" },
    { "ws://", "names no host" },
    { "ws://localhost:99999", "cannot be understood" },
    { "ws://localhost/a b", "white space" },
    { "ws://localhost/\r\nX: y", "white space" },
    { "ws://s3cr3t@localhost/", "user name" },
    { "ws://u:s3cr3t@localhost/", "user name" },
  };

  g_test_summary ("A URL that cannot be used is an error that does not show it");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RuntimeUseClient) client = runtime_use_client_new (cases[i].url);
      g_auto(Answer) answer = { 0 };

      client_query (client, "x", &answer);
      raw_wait_for (answer.is_done);
      g_assert_error (answer.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (answer.error->message, cases[i].part));
      g_assert_null (strstr (answer.error->message, "s3cr3t"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client/one-shot", test_one_shot);
  g_test_add_func ("/client/session", test_session);
  g_test_add_func ("/client/server-stops", test_server_stops);
  g_test_add_func ("/client/token", test_token);
  g_test_add_func ("/client/url", test_url);

  return g_test_run ();
}
