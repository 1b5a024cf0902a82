/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "raw-client.h"

/* A channel over a connection of a SoupServer, as programs with a server of their own have it. */

typedef struct
{
  SoupServer        *server;
  RuntimeUseChannel *channel;     /* (nullable) */
  GPtrArray         *messages;    /* of char */
  guint              n_drained;
  guint              n_closed;
  guint              port;
} Fixture;

static void
message_cb (RuntimeUseChannel *channel,
            GBytes            *message,
            gpointer           user_data)
{
  Fixture *fixture = user_data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);

  g_assert_cmpuint (fixture->n_closed, ==, 0);
  g_ptr_array_add (fixture->messages, g_strndup (bytes, length));
}

static void
drained_cb (RuntimeUseChannel *channel,
            gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (runtime_use_channel_is_full (channel));
  fixture->n_drained++;
}

static void
closed_cb (RuntimeUseChannel *channel,
           gpointer           user_data)
{
  ((Fixture *) user_data)->n_closed++;
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Fixture *fixture = user_data;

  g_assert_null (fixture->channel);
  fixture->channel = RUNTIME_USE_CHANNEL (runtime_use_websocket_channel_new (connection));
  g_signal_connect (fixture->channel, "message", G_CALLBACK (message_cb), fixture);
  g_signal_connect (fixture->channel, "drained", G_CALLBACK (drained_cb), fixture);
  g_signal_connect (fixture->channel, "closed", G_CALLBACK (closed_cb), fixture);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  test_data)
{
  g_autoptr(GError) error = NULL;
  g_autoslist(GUri) uris = NULL;

  fixture->messages = g_ptr_array_new_with_free_func (g_free);
  fixture->server = soup_server_new (NULL, NULL);
  soup_server_add_websocket_handler (fixture->server, NULL, NULL, NULL, websocket_cb, fixture,
                                     NULL);
  soup_server_listen_local (fixture->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (fixture->server);
  fixture->port = g_uri_get_port (uris->data);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  test_data)
{
  if (fixture->channel != NULL)
    g_signal_handlers_disconnect_by_data (fixture->channel, fixture);
  g_clear_object (&fixture->channel);
  soup_server_disconnect (fixture->server);
  g_clear_object (&fixture->server);
  g_ptr_array_unref (fixture->messages);
}

static RawClient *
connect_client (Fixture *fixture)
{
  RawClient *client = raw_client_new_open (fixture->port);

  raw_wait_for (fixture->channel != NULL);

  return client;
}

static void
send_text (Fixture    *fixture,
           const char *text)
{
  g_autoptr(GBytes) message = g_bytes_new (text, strlen (text));

  runtime_use_channel_send (fixture->channel, message);
}

static void
test_websocket_channel_messages (Fixture       *fixture,
                                 gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autofree char *answer = NULL;
  g_autofree char *peer = NULL;

  g_test_summary ("Text and binary arrive alike, what is sent is text");

  raw_client_send_message (client, "one");
  raw_client_send_frame (client, RAW_BINARY, "two", 3);
  raw_wait_for (fixture->messages->len == 2);
  g_assert_cmpstr (fixture->messages->pdata[0], ==, "one");
  g_assert_cmpstr (fixture->messages->pdata[1], ==, "two");

  send_text (fixture, "answer \xe2\x9c\x93");
  answer = raw_client_take_message (client);
  g_assert_cmpstr (answer, ==, "answer \xe2\x9c\x93");

  peer = runtime_use_channel_dup_peer (fixture->channel);
  g_assert_nonnull (peer);
  g_assert_true (g_str_has_prefix (peer, "127.0.0.1:"));
}

static void
test_websocket_channel_peer (Fixture       *fixture,
                             gconstpointer  test_data)
{
  G_GNUC_UNUSED g_autoptr(RawClient) client = connect_client (fixture);
  g_autoptr(RuntimeUseChannel) proxied = NULL;
  g_autofree char *peer = NULL;
  g_autofree char *described = runtime_use_channel_dup_peer (fixture->channel);
  g_autofree char *given = NULL;
  SoupWebsocketConnection *connection;

  g_test_summary ("The peer is what the connection tells, or what the owner knows better");

  g_object_get (fixture->channel, "peer", &peer, NULL);
  g_assert_cmpstr (peer, ==, described);
  g_assert_true (g_str_has_prefix (peer, "127.0.0.1:"));

  connection =
    runtime_use_websocket_channel_get_connection (RUNTIME_USE_WEBSOCKET_CHANNEL (fixture->channel));
  proxied = g_object_new (RUNTIME_USE_TYPE_WEBSOCKET_CHANNEL, "connection", connection,
                          "peer", "203.0.113.7", NULL);
  given = runtime_use_channel_dup_peer (proxied);
  g_assert_cmpstr (given, ==, "203.0.113.7");
}

static void
test_websocket_channel_session_peer (Fixture       *fixture,
                                     gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autoptr(RuntimeUseAgentHandler) echo = runtime_use_echo_handler_new ();
  g_autoptr(RuntimeUseSession) session = NULL;

  g_test_summary ("A session knows its peer when the connection is gone and nobody has asked");

  session = runtime_use_session_new (fixture->channel, echo, NULL);
  g_clear_pointer (&client, raw_client_free);
  raw_wait_for (runtime_use_session_get_state (session) == RUNTIME_USE_SESSION_STATE_CLOSED);
  g_assert_true (g_str_has_prefix (runtime_use_session_get_peer (session), "127.0.0.1:"));
}

static void
test_websocket_channel_drained (Fixture       *fixture,
                                gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autofree char *text = g_strnfill (64 * 1024, 'x');

  g_test_summary ("A queue that nobody takes is full, and drained when it was taken");

  for (guint round = 1; round <= 2; round++)
    {
      guint n = 0;

      while (n < 200)
        {
          send_text (fixture, text);
          n++;
        }
      g_assert_true (runtime_use_channel_is_full (fixture->channel));
      for (guint i = 0; i < 20; i++)
        raw_iterate ();
      g_assert_true (runtime_use_channel_is_full (fixture->channel));
      g_assert_cmpuint (fixture->n_drained, ==, round - 1);

      for (; n > 0; n--)
        {
          g_autofree char *got = raw_client_take_message (client);

          g_assert_cmpuint (strlen (got), ==, 64 * 1024);
        }
      raw_wait_for (fixture->n_drained == round);
      g_assert_false (runtime_use_channel_is_full (fixture->channel));
    }
}

static void
test_websocket_channel_high_water (Fixture       *fixture,
                                   gconstpointer  test_data)
{
  G_GNUC_UNUSED g_autoptr(RawClient) client = connect_client (fixture);
  RuntimeUseWebsocketChannel *channel = RUNTIME_USE_WEBSOCKET_CHANNEL (fixture->channel);

  g_test_summary ("The high-water mark says when a channel is full");

  g_assert_cmpuint (runtime_use_websocket_channel_get_high_water (channel), ==, 1024 * 1024);
  g_assert_nonnull (runtime_use_websocket_channel_get_connection (channel));

  runtime_use_websocket_channel_set_high_water (channel, 100);
  send_text (fixture, "short");
  g_assert_false (runtime_use_channel_is_full (fixture->channel));
  for (guint i = 0; i < 20; i++)
    send_text (fixture, "short");
  g_assert_true (runtime_use_channel_is_full (fixture->channel));

  raw_wait_for (fixture->n_drained == 1);
  send_text (fixture, "short");
  g_assert_false (runtime_use_channel_is_full (fixture->channel));

  /* Lowering it counts at once. */
  runtime_use_websocket_channel_set_high_water (channel, 1);
  g_assert_true (runtime_use_channel_is_full (fixture->channel));
  raw_wait_for (fixture->n_drained == 2);
}

static void
test_websocket_channel_close (Fixture       *fixture,
                              gconstpointer  test_data)
{
  guint code = GPOINTER_TO_UINT (test_data);
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autofree char *last = NULL;

  g_test_summary ("Closing sends what is queued and the code, and is told once");

  send_text (fixture, "last");
  runtime_use_channel_close (fixture->channel, code);
  runtime_use_channel_close (fixture->channel, code);
  send_text (fixture, "late");

  last = raw_client_take_message (client);
  g_assert_cmpstr (last, ==, "last");
  g_assert_cmpuint (raw_client_take_close (client), ==, code);
  g_assert_cmpuint (fixture->n_closed, ==, 0);
  raw_client_send_frame (client, RAW_CLOSE, "\x03\xe8", 2);
  raw_wait_for (fixture->n_closed == 1);
  raw_client_wait_for_end (client);
  g_assert_cmpuint (client->input->len, ==, 0);

  runtime_use_channel_close (fixture->channel, code);
  send_text (fixture, "too late");
  for (guint i = 0; i < 10; i++)
    raw_iterate ();
  g_assert_cmpuint (fixture->n_closed, ==, 1);
}

static void
test_websocket_channel_lost (Fixture       *fixture,
                             gconstpointer  test_data)
{
  RawClient *client = connect_client (fixture);

  g_test_summary ("A client that goes away closes the channel, also while it is full");

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *text = g_strnfill (64 * 1024, 'x');

      send_text (fixture, text);
    }
  raw_client_free (client);
  raw_wait_for (fixture->n_closed == 1);
  g_assert_false (runtime_use_channel_is_full (fixture->channel));
  g_assert_cmpuint (fixture->n_drained, ==, 0);
}

static void
test_websocket_channel_session (Fixture       *fixture,
                                gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(RuntimeUseSession) session = NULL;
  g_autofree char *answer = NULL;

  g_test_summary ("A session works on a channel of a server of one's own");

  handler = runtime_use_agent_handler_new_for_name ("echo", NULL);
  session = runtime_use_session_new (fixture->channel, handler, NULL);
  raw_client_send_message (client,
                           "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                           "\"user_prompt\":\"hello\",\"model\":\"m\",\"secrets_to_redact\":[]}");
  answer = raw_client_take_message (client);
  g_assert_nonnull (strstr (answer, "hello"));

  g_clear_pointer (&client, raw_client_free);
  raw_wait_for (runtime_use_session_get_state (session) == RUNTIME_USE_SESSION_STATE_CLOSED);
}

static void
test_websocket_channel_paused (Fixture       *fixture,
                               gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  const char *reason;

  g_test_summary ("A paused channel tells nothing until later, not even its end");

  runtime_use_channel_set_paused (fixture->channel, TRUE);
  raw_client_send_message (client, "one");
  raw_client_send_message (client, "two");
  raw_client_send_frame (client, RAW_CLOSE, "\x03\xe9" "bye", 5);
  g_assert_cmpuint (raw_client_take_close (client), ==, 1001);
  raw_client_wait_for_end (client);
  g_assert_cmpuint (fixture->messages->len, ==, 0);
  g_assert_cmpuint (fixture->n_closed, ==, 0);

  runtime_use_channel_set_paused (fixture->channel, FALSE);
  raw_wait_for (fixture->n_closed == 1);
  g_assert_cmpuint (fixture->messages->len, ==, 2);
  g_assert_cmpstr (fixture->messages->pdata[1], ==, "two");
  g_assert_cmpuint (runtime_use_channel_get_close_code (fixture->channel, &reason), ==, 1001);
  g_assert_cmpstr (reason, ==, "bye");
}

static void
test_websocket_channel_paused_long (Fixture       *fixture,
                                    gconstpointer  test_data)
{
  g_autoptr(RawClient) client = connect_client (fixture);
  g_autofree char *text = g_strnfill (100 * 1024, 'x');

  g_test_summary ("What is kept for a paused channel that cannot stop has a limit");

  runtime_use_channel_set_paused (fixture->channel, TRUE);
  for (guint i = 0; i < 180; i++)
    if (!raw_client_send_message (client, text))
      break;
  g_assert_cmpuint (raw_client_take_close (client), ==, 1009);
}

static void
session_opened_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   gpointer           user_data)
{
  g_set_object ((RuntimeUseChannel **) user_data, runtime_use_session_get_channel (session));
}

static void
test_websocket_channel_paused_server (void)
{
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(RuntimeUseChannel) channel = NULL;
  g_autoptr(RawClient) client = NULL;
  g_autofree char *answer = NULL;
  const char *request = "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\","
                        "\"user_prompt\":\"hello\",\"model\":\"m\"}";

  g_test_summary ("Of a client of our own server nothing is read in a pause");

  handler = runtime_use_agent_handler_new_for_name ("echo", NULL);
  g_object_set (server, "port", 0, "handler", handler, NULL);
  g_assert_true (runtime_use_server_start (server, NULL));
  g_signal_connect (server, "session-opened", G_CALLBACK (session_opened_cb), &channel);
  client = raw_client_new_open (runtime_use_server_get_port (server));
  raw_wait_for (channel != NULL);

  runtime_use_channel_set_paused (channel, TRUE);
  g_assert_true (raw_client_send_message (client, request));
  for (guint i = 0; i < 20; i++)
    raw_iterate ();
  raw_client_receive (client);
  g_assert_cmpuint (client->input->len, ==, 0);

  runtime_use_channel_set_paused (channel, FALSE);
  answer = raw_client_take_message (client);
  g_assert_nonnull (strstr (answer, "hello"));
}

#define add_test(path, data, func) \
  g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_test ("/websocket-channel/messages", NULL, test_websocket_channel_messages);
  add_test ("/websocket-channel/peer", NULL, test_websocket_channel_peer);
  add_test ("/websocket-channel/session-peer", NULL, test_websocket_channel_session_peer);
  add_test ("/websocket-channel/drained", NULL, test_websocket_channel_drained);
  add_test ("/websocket-channel/high-water", NULL, test_websocket_channel_high_water);
  add_test ("/websocket-channel/close/1000", GUINT_TO_POINTER (1000),
            test_websocket_channel_close);
  add_test ("/websocket-channel/close/without-code", NULL, test_websocket_channel_close);
  add_test ("/websocket-channel/lost", NULL, test_websocket_channel_lost);
  add_test ("/websocket-channel/session", NULL, test_websocket_channel_session);
  add_test ("/websocket-channel/paused", NULL, test_websocket_channel_paused);
  add_test ("/websocket-channel/paused/long", NULL, test_websocket_channel_paused_long);
  g_test_add_func ("/websocket-channel/paused/server", test_websocket_channel_paused_server);

  return g_test_run ();
}
