/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include "descriptors.h"
#include "fake-agent.h"
#include "raw-client.h"
#include "stop-server.h"

#define INVOCATION                                                               \
  "{\"message_type\":\"invocation_message\",\"system_prompt\":\"\",\"user_prompt\":\"%s\"," \
  "\"secrets_to_redact\":[],\"model\":\"m\"}"

static RuntimeUseServer *
server_new (const char *agent)
{
  RuntimeUseServer *server = runtime_use_server_new ();
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;
  g_autoptr(GError) error = NULL;

  if (agent != NULL)
    {
      handler = runtime_use_agent_handler_new_for_name (agent, &error);
      g_assert_no_error (error);
    }

  g_object_set (server, "port", 0, "handler", handler, NULL);

  return server;
}

static RuntimeUseServer *
server_new_started (const char *agent)
{
  RuntimeUseServer *server = server_new (agent);
  g_autoptr(GError) error = NULL;

  runtime_use_server_start (server, &error);
  g_assert_no_error (error);
  g_assert_true (runtime_use_server_is_running (server));
  g_assert_cmpuint (runtime_use_server_get_port (server), >, 0);

  return server;
}

/* The terminal of an invocation with @prompt. */
static char *
invoke (RawClient  *client,
        const char *prompt)
{
  g_autofree char *request = g_strdup_printf (INVOCATION, prompt);

  g_assert_true (raw_client_send_message (client, request));

  return raw_client_take_message (client);
}

static void
count_cb (RuntimeUseServer  *server,
          RuntimeUseSession *session,
          gpointer           user_data)
{
  guint *n = user_data;

  g_assert_true (RUNTIME_USE_IS_SESSION (session));
  (*n)++;
}

static void
test_server_sessions (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  g_autoptr(GListModel) sessions = runtime_use_server_list_sessions (server);
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autoptr(RuntimeUseSession) oldest = NULL;
  g_autofree char *peer = NULL;
  g_autofree char *result = NULL;
  guint n_opened = 0;
  guint n_closed = 0;

  g_test_summary ("Each connection is a session as long as it lasts");

  g_signal_connect (server, "session-opened", G_CALLBACK (count_cb), &n_opened);
  g_signal_connect (server, "session-closed", G_CALLBACK (count_cb), &n_closed);
  first = raw_client_new_open (runtime_use_server_get_port (server));
  oldest = g_list_model_get_item (sessions, 0);
  second = raw_client_new_open (runtime_use_server_get_port (server));
  g_assert_cmpuint (n_opened, ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (sessions), ==, 2);
  g_assert_null (g_list_model_get_item (sessions, 2));
  g_assert_true (g_list_model_get_item_type (sessions) == RUNTIME_USE_TYPE_SESSION);

  peer = runtime_use_channel_dup_peer (runtime_use_session_get_channel (oldest));
  g_assert_true (g_str_has_prefix (peer, "127.0.0.1:"));
  g_clear_object (&oldest);

  result = invoke (second, "hello");
  g_assert_nonnull (strstr (result, "\"result_message\""));
  g_assert_nonnull (strstr (result, "hello"));

  g_clear_pointer (&first, raw_client_free);
  raw_wait_for (n_closed == 1);
  g_assert_cmpuint (g_list_model_get_n_items (sessions), ==, 1);

  stop_server (server);
  g_assert_cmpuint (n_closed, ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (sessions), ==, 0);
}

static void
test_server_stop (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  guint port = runtime_use_server_get_port (server);
  g_autoptr(RawClient) idle = raw_client_new_open (port);
  g_autoptr(RawClient) busy = raw_client_new_open (port);
  g_autoptr(RawClient) early = raw_client_new (port);
  g_autofree char *request = g_strdup_printf (INVOCATION, "WAIT:60000");
  g_autofree char *terminal = NULL;
  gboolean is_stopped = FALSE;
  gboolean is_stopped_again = FALSE;
  struct sockaddr_in address = { 0 };
  int fd;

  g_test_summary ("Work is ended, its terminal sent, and everybody learns that the server goes");

  raw_client_send_message (busy, request);
  raw_client_send_text (early, RAW_REQUEST_START);
  for (guint i = 0; i < 10; i++)
    raw_iterate ();

  runtime_use_server_stop_async (server, NULL, stop_server_cb, &is_stopped);
  runtime_use_server_stop_async (server, NULL, stop_server_cb, &is_stopped_again);

  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), <, 0);
  close (fd);

  g_assert_cmpuint (raw_client_take_close (idle), ==, 1001);
  raw_client_send_frame (idle, RAW_CLOSE, "\x03\xe9", 2);
  raw_client_wait_for_end (idle);
  g_assert_false (idle->is_reset);
  g_clear_pointer (&idle, raw_client_free);

  terminal = raw_client_take_message (busy);
  g_assert_nonnull (strstr (terminal, "Request cancelled"));
  g_assert_cmpuint (raw_client_take_close (busy), ==, 1001);
  raw_client_send_frame (busy, RAW_CLOSE, "\x03\xe9", 2);
  raw_client_wait_for_end (busy);
  g_clear_pointer (&busy, raw_client_free);

  raw_client_wait_for_end (early);
  raw_wait_for (is_stopped && is_stopped_again);
}

static void
test_server_stop_unheard (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  g_autoptr(RawClient) silent = raw_client_new_open (runtime_use_server_get_port (server));
  g_autoptr(RawClient) busy = raw_client_new_open (runtime_use_server_get_port (server));
  g_autofree char *request = g_strdup_printf (INVOCATION, "SLOW:60000");

  g_test_summary ("Who does not listen or does not stop cannot keep the server");

  raw_client_send_message (busy, request);
  for (guint i = 0; i < 10; i++)
    raw_iterate ();

  stop_server (server);
  g_assert_cmpuint (raw_client_take_close (silent), ==, 1001);
  raw_client_wait_for_end (silent);
}

static void
test_server_stop_idle (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  g_autoptr(RawClient) silent = raw_client_new_open (runtime_use_server_get_port (server));
  g_autoptr(RawClient) staying = raw_client_new_open (runtime_use_server_get_port (server));
  gint64 start = g_get_monotonic_time ();

  g_test_summary ("Idle clients that do not answer, or do not go, hold a stop up only briefly");

  /* This one closes on its own, but keeps its side of the connection. */
  raw_client_send_frame (staying, RAW_CLOSE, "\x03\xe8", 2);
  g_assert_cmpuint (raw_client_take_close (staying), ==, 1000);

  stop_server (server);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2900 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (raw_client_take_close (silent), ==, 1001);
}

static void
test_server_restart (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo");
  gboolean is_stopped = FALSE;

  g_test_summary ("A server can be started again, and stopped when it does not run");

  runtime_use_server_stop_async (server, NULL, stop_server_cb, &is_stopped);
  raw_wait_for (is_stopped);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(RawClient) client = NULL;
      g_autofree char *result = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_true (runtime_use_server_start (server, &error));
      g_assert_no_error (error);
      client = raw_client_new_open (runtime_use_server_get_port (server));
      result = invoke (client, "again");
      g_assert_nonnull (strstr (result, "again"));
      g_clear_pointer (&client, raw_client_free);
      stop_server (server);
    }
}

static void
start_again_cb (RuntimeUseServer  *server,
                RuntimeUseSession *session,
                gpointer           user_data)
{
  gboolean *is_started = user_data;
  g_autoptr(GError) error = NULL;

  *is_started = runtime_use_server_start (server, &error);
  g_assert_no_error (error);
}

static void
test_server_restart_in_handler (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  G_GNUC_UNUSED g_autoptr(RawClient) client =
    raw_client_new_open (runtime_use_server_get_port (server));
  g_autoptr(RawClient) other = NULL;
  g_autoptr(GListModel) sessions = runtime_use_server_list_sessions (server);
  g_autoptr(RuntimeUseSession) session = g_list_model_get_item (sessions, 0);
  g_autofree char *result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean is_stopped = FALSE;
  gboolean is_started = FALSE;
  GLogLevelFlags fatal;

  g_test_summary ("Who is told last that a server stops may start it again, nobody before");

  /* A session whose end the server does not hear of is dropped when time is up. */
  g_assert_cmpuint (g_signal_handlers_block_matched (session, G_SIGNAL_MATCH_DATA, 0, 0, NULL,
                                                     NULL, server), >, 0);
  g_signal_connect (server, "session-closed", G_CALLBACK (start_again_cb), &is_started);
  runtime_use_server_stop_async (server, NULL, stop_server_cb, &is_stopped);
  g_assert_false (runtime_use_server_start (server, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY);

  /* Which is worth a warning. */
  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  raw_wait_for (is_stopped);
  g_log_set_always_fatal (fatal);
  g_assert_true (is_started);
  g_signal_handlers_disconnect_by_func (server, start_again_cb, &is_started);

  other = raw_client_new_open (runtime_use_server_get_port (server));
  result = invoke (other, "again");
  g_assert_nonnull (strstr (result, "again"));
  g_clear_pointer (&other, raw_client_free);
  stop_server (server);
}

static void
test_server_several (void)
{
  g_autoptr(RuntimeUseServer) one = server_new_started ("echo");
  g_autoptr(RuntimeUseServer) other = server_new_started (NULL);
  g_autoptr(RawClient) client = raw_client_new_open (runtime_use_server_get_port (one));
  g_autoptr(RawClient) guest = raw_client_new_open (runtime_use_server_get_port (other));
  g_autofree char *echo = invoke (client, "one");
  g_autofree char *error = invoke (guest, "two");
  g_autofree char *still = NULL;

  g_test_summary ("Servers in one process do not know of each other");

  g_assert_nonnull (strstr (echo, "\"result_message\""));
  g_assert_nonnull (strstr (error, "\"error_message\""));

  g_clear_pointer (&guest, raw_client_free);
  stop_server (other);
  still = invoke (client, "three");
  g_assert_nonnull (strstr (still, "three"));

  /* Dropped without a stop. */
  g_assert_finalize_object (g_steal_pointer (&one));
  raw_client_wait_for_end (client);
}

static gboolean
take_invocation_cb (RuntimeUseServer     *server,
                    RuntimeUseInvocation *invocation,
                    gpointer              user_data)
{
  RuntimeUseInvocation **kept = user_data;

  if (g_strcmp0 (runtime_use_invocation_get_user_prompt (invocation), "mine") != 0)
    return FALSE;

  *kept = g_object_ref (invocation);

  return TRUE;
}

static void
test_server_invocation_signal (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  g_autoptr(RawClient) client = raw_client_new_open (runtime_use_server_get_port (server));
  g_autoptr(RuntimeUseInvocation) kept = NULL;
  g_autofree char *request = g_strdup_printf (INVOCATION, "mine");
  g_autofree char *mine = NULL;
  g_autofree char *other = NULL;

  g_test_summary ("Who returns TRUE has taken an invocation, the rest goes to the handler");

  g_signal_connect (server, "invocation", G_CALLBACK (take_invocation_cb), &kept);
  raw_client_send_message (client, request);
  raw_wait_for (kept != NULL);
  runtime_use_invocation_return_text (kept, "taken", NULL);
  mine = raw_client_take_message (client);
  g_assert_nonnull (strstr (mine, "taken"));

  other = invoke (client, "theirs");
  g_assert_nonnull (strstr (other, "theirs"));

  g_clear_pointer (&client, raw_client_free);
  stop_server (server);
}

static void
test_server_secrets (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started (NULL);
  g_autoptr(FakeAgent) agent = fake_agent_new ();
  g_autoptr(RawClient) client = raw_client_new_open (runtime_use_server_get_port (server));
  g_autoptr(RuntimeUseInvocation) kept = NULL;
  g_autofree char *request = g_strdup_printf (INVOCATION, "mine");
  g_autofree char *result = NULL;

  g_test_summary ("What the server's handler has for secrets is hidden, whoever answers");

  g_object_set (server, "handler", agent, NULL);
  g_signal_connect (server, "invocation", G_CALLBACK (take_invocation_cb), &kept);
  raw_client_send_message (client, request);
  raw_wait_for (kept != NULL);
  runtime_use_invocation_return_text (kept, "it is " FAKE_AGENT_KEY, NULL);
  result = raw_client_take_message (client);
  g_assert_nonnull (strstr (result, "\"it is [REDACTED]\""));

  g_clear_pointer (&client, raw_client_free);
  stop_server (server);
}

static void
test_server_exposed (void)
{
  static const char * const hosts[] = { "0.0.0.0", "::", "192.0.2.1" };

  g_test_summary ("Nobody is exposed to the network by mistake");

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr(RuntimeUseServer) server = server_new ("echo");
      g_autoptr(GError) error = NULL;

      g_object_set (server, "host", hosts[i], NULL);
      g_assert_false (runtime_use_server_start (server, &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, hosts[i]));
      g_assert_nonnull (strstr (error->message, "token"));
      g_assert_nonnull (strstr (error->message, "insecure-no-auth"));
      g_assert_false (runtime_use_server_is_running (server));
    }
}

static void
test_server_empty_token (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo");
  g_autoptr(GError) error = NULL;

  g_test_summary ("An empty token is a mistake");

  g_object_set (server, "token", "", NULL);
  g_assert_false (runtime_use_server_start (server, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
}

static void
test_server_token (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo");
  g_autoptr(RawClient) without = NULL;
  g_autoptr(RawClient) wrong = NULL;
  g_autoptr(RawClient) right = NULL;
  g_autoptr(GError) error = NULL;
  guint port;

  g_test_summary ("With a token all addresses may be listened on, and who shows it is let in");

  g_object_set (server, "host", "0.0.0.0", "token", "s3cret", NULL);
  g_assert_true (runtime_use_server_start (server, &error));
  g_assert_no_error (error);
  port = runtime_use_server_get_port (server);

  without = raw_client_new (port);
  g_assert_cmpuint (raw_client_request (without, RAW_REQUEST), ==, 401);
  wrong = raw_client_new (port);
  g_assert_cmpuint (raw_client_request (wrong, RAW_REQUEST_START "Authorization: Bearer s3cre\r\n"
                                        RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 401);
  right = raw_client_new (port);
  g_assert_cmpuint (raw_client_request (right, "GET /?token=s3cret HTTP/1.1\r\n"
                                               "Host: any.example\r\n"
                                               RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 101);

  g_clear_pointer (&right, raw_client_free);
  g_clear_pointer (&wrong, raw_client_free);
  g_clear_pointer (&without, raw_client_free);
  stop_server (server);
}

static void
test_server_ipv6 (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  struct sockaddr_in6 address = { 0 };
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int taken;

  g_test_summary ("Both loopback addresses are listened on, on one port");

  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  taken = fd >= 0 ? bind (fd, (struct sockaddr *) &address, sizeof address) : -1;
  if (taken < 0)
    {
      g_test_skip ("there is no ::1 here");
    }
  else
    {
      address.sin6_port = htons (runtime_use_server_get_port (server));
      g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
    }

  if (fd >= 0)
    close (fd);
  stop_server (server);
}

static void
test_server_properties (void)
{
  static const char * const origins[] = { "https://good.example", NULL };
  static const char * const hosts[] = { "box", NULL };
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(RawClient) allowed = NULL;
  g_autoptr(RawClient) foreign = NULL;
  g_auto(GStrv) kept = NULL;
  g_autoptr(GError) error = NULL;
  guint64 max_message_size;
  guint64 max_unfinished_size;
  guint n;

  g_test_summary ("Limits have their defaults, and what is set is kept and used");

  g_object_get (server, "port", &n, NULL);
  g_assert_cmpuint (n, ==, 8080);
  g_object_get (server, "handshake-timeout", &n, NULL);
  g_assert_cmpuint (n, ==, 10);
  g_object_get (server, "ping-interval", &n, NULL);
  g_assert_cmpuint (n, ==, 30);
  g_object_get (server, "stall-timeout", &n, NULL);
  g_assert_cmpuint (n, ==, 600);
  g_object_get (server, "heartbeat-interval", &n, NULL);
  g_assert_cmpuint (n, ==, 15000);
  g_object_get (server, "max-message-size", &max_message_size, NULL);
  g_assert_cmpuint (max_message_size, ==, 100 * 1024 * 1024);
  g_object_get (server, "max-unfinished-size", &max_unfinished_size, NULL);
  g_assert_cmpuint (max_unfinished_size, ==, 512 * 1024 * 1024);

  g_object_set (server, "port", 0, "allowed-origins", origins, "allowed-hosts", hosts,
                "max-message-size", (guint64) 10, "kill-grace", 7, NULL);
  g_object_get (server, "allowed-origins", &kept, "kill-grace", &n, NULL);
  g_assert_cmpstrv (kept, origins);
  g_assert_cmpuint (n, ==, 7);

  g_assert_true (runtime_use_server_start (server, &error));
  g_assert_no_error (error);
  allowed = raw_client_new (runtime_use_server_get_port (server));
  g_assert_cmpuint (raw_client_request (allowed, "GET / HTTP/1.1\r\nHost: box:1\r\n"
                                        "Origin: https://good.example\r\n"
                                        RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 101);
  raw_client_send_message (allowed, "01234567890");
  g_assert_cmpuint (raw_client_take_close (allowed), ==, 1009);

  foreign = raw_client_new (runtime_use_server_get_port (server));
  g_assert_cmpuint (raw_client_request (foreign, RAW_REQUEST_START "Origin: null\r\n"
                                        RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 403);

  g_clear_pointer (&allowed, raw_client_free);
  g_clear_pointer (&foreign, raw_client_free);
  stop_server (server);
}

static void
serve_unfinished (void)
{
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(RawClient) held = NULL;
  g_autoptr(RawClient) refused = NULL;
  g_autoptr(RawClient) small = NULL;
  g_autofree char *payload = g_strnfill (100 * 1024, ' ');
  g_autofree char *answer = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set (server, "port", 0, "max-unfinished-size", (guint64) 150 * 1024, NULL);
  g_assert_true (runtime_use_server_start (server, &error));
  g_assert_no_error (error);

  held = raw_client_new (runtime_use_server_get_port (server));
  g_assert_cmpuint (raw_client_request (held, RAW_REQUEST), ==, 101);
  raw_client_send_frame (held, 0x01, payload, 100 * 1024);
  /* Once the ping is answered, what came before it is there. */
  raw_client_send_frame (held, RAW_PING, NULL, 0);
  raw_wait_for (raw_client_has (held, 2));

  refused = raw_client_new (runtime_use_server_get_port (server));
  g_assert_cmpuint (raw_client_request (refused, RAW_REQUEST), ==, 101);
  raw_client_send_frame (refused, RAW_TEXT, payload, 100 * 1024);
  g_assert_cmpuint (raw_client_take_close (refused), ==, 1013);

  small = raw_client_new (runtime_use_server_get_port (server));
  g_assert_cmpuint (raw_client_request (small, RAW_REQUEST), ==, 101);
  raw_client_send_message (small, "null");
  answer = raw_client_take_message (small);
  g_assert_nonnull (strstr (answer, "error_message"));

  g_clear_pointer (&held, raw_client_free);
  g_clear_pointer (&refused, raw_client_free);
  g_clear_pointer (&small, raw_client_free);
  stop_server (server);
}

/* A warning is fatal in tests, and a log writer can be set once only. */
static void
test_server_unfinished (void)
{
  g_test_summary ("Unfinished messages of all clients share a limit, and trouble is logged");

  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      serve_unfinished ();
      return;
    }

  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*have reached max-unfinished-size*");
}

static void
stop_in_handler_cb (RuntimeUseServer  *server,
                    RuntimeUseSession *session,
                    gpointer           user_data)
{
  runtime_use_server_stop_async (server, NULL, stop_server_cb, user_data);
}

static void
test_server_stop_in_handler (void)
{
  g_autoptr(RuntimeUseServer) server = server_new_started ("echo");
  g_autoptr(RawClient) client = raw_client_new (runtime_use_server_get_port (server));
  gboolean is_stopped = FALSE;

  g_test_summary ("A server may be stopped from a handler of its signals");

  g_signal_connect (server, "session-opened", G_CALLBACK (stop_in_handler_cb), &is_stopped);
  g_assert_cmpuint (raw_client_request (client, RAW_REQUEST), ==, 101);
  g_assert_cmpuint (raw_client_take_close (client), ==, 1001);
  raw_client_send_frame (client, RAW_CLOSE, "\x03\xe9", 2);
  raw_client_wait_for_end (client);
  g_clear_pointer (&client, raw_client_free);
  raw_wait_for (is_stopped);
}

static void
draining_cb (RuntimeUseServer *server,
             GParamSpec       *pspec,
             gpointer          user_data)
{
  guint *n = user_data;

  (*n)++;
}

static guint
page_cb (RuntimeUseServer  *server,
         char             **content_type,
         GBytes           **content,
         gpointer           user_data)
{
  return runtime_use_server_is_draining (server) ? 503 : 200;
}

static guint
ask (guint       port,
     const char *request)
{
  g_autoptr(RawClient) client = raw_client_new (port);

  return raw_client_request (client, request);
}

static void
test_server_drain (void)
{
  g_autoptr(RuntimeUseServer) server = server_new ("echo");
  g_autoptr(GListModel) sessions = runtime_use_server_list_sessions (server);
  g_autoptr(RawClient) idle = NULL;
  g_autoptr(RawClient) busy = NULL;
  g_autoptr(RawClient) half = NULL;
  g_autofree char *request = g_strdup_printf (INVOCATION, "WAIT:300");
  g_autoptr(GBytes) pong = NULL;
  g_autofree char *result = NULL;
  g_autoptr(GError) error = NULL;
  guint n_notified = 0;
  guint8 first;
  guint port;

  g_test_summary ("A server that drains lets nobody in, ends who is idle, and waits for the rest");

  g_signal_connect (server, "notify::draining", G_CALLBACK (draining_cb), &n_notified);
  runtime_use_server_add_page (server, "/page", RUNTIME_USE_PAGE_FLAGS_OPEN, page_cb, NULL, NULL);
  runtime_use_server_drain (server);
  g_assert_false (runtime_use_server_is_draining (server));
  g_assert_true (runtime_use_server_start (server, &error));
  port = runtime_use_server_get_port (server);
  g_assert_cmpuint (ask (port, "GET /page HTTP/1.0\r\n\r\n"), ==, 200);

  idle = raw_client_new_open (port);
  busy = raw_client_new_open (port);
  half = raw_client_new (port);
  raw_client_send_text (half, RAW_REQUEST_START);
  raw_client_send_message (busy, request);
  /* Once the ping is answered, the message before it has been read. */
  raw_client_send_frame (busy, RAW_PING, NULL, 0);
  pong = raw_client_take_frame (busy, &first);
  g_assert_cmphex (first, ==, RAW_PONG);

  runtime_use_server_drain (server);
  runtime_use_server_drain (server);
  g_assert_true (runtime_use_server_is_draining (server));
  g_assert_cmpuint (n_notified, ==, 1);

  g_assert_cmpuint (raw_client_take_close (idle), ==, 1001);
  g_assert_cmpuint (raw_client_request (half, RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n"), ==, 503);
  g_assert_cmpuint (ask (port, RAW_REQUEST), ==, 503);
  g_assert_cmpuint (ask (port, "GET /page HTTP/1.0\r\n\r\n"), ==, 503);
  g_assert_cmpuint (runtime_use_server_get_refused_connections (server), ==, 2);

  result = raw_client_take_message (busy);
  g_assert_nonnull (strstr (result, "\"result_message\""));
  g_assert_cmpuint (raw_client_take_close (busy), ==, 1001);
  raw_client_send_frame (idle, RAW_CLOSE, "\x03\xe9", 2);
  raw_client_send_frame (busy, RAW_CLOSE, "\x03\xe9", 2);
  raw_wait_for (g_list_model_get_n_items (sessions) == 0);

  stop_server (server);
  g_assert_false (runtime_use_server_is_draining (server));
  g_assert_cmpuint (n_notified, ==, 2);

  g_assert_true (runtime_use_server_start (server, &error));
  g_assert_cmpuint (ask (runtime_use_server_get_port (server), RAW_REQUEST), ==, 101);
  stop_server (server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/server/sessions", test_server_sessions);
  g_test_add_func ("/server/stop", test_server_stop);
  g_test_add_func ("/server/stop-unheard", test_server_stop_unheard);
  g_test_add_func ("/server/stop-idle", test_server_stop_idle);
  g_test_add_func ("/server/restart", test_server_restart);
  g_test_add_func ("/server/restart-in-handler", test_server_restart_in_handler);
  g_test_add_func ("/server/several", test_server_several);
  g_test_add_func ("/server/invocation-signal", test_server_invocation_signal);
  g_test_add_func ("/server/secrets", test_server_secrets);
  g_test_add_func ("/server/exposed", test_server_exposed);
  g_test_add_func ("/server/empty-token", test_server_empty_token);
  g_test_add_func ("/server/token", test_server_token);
  g_test_add_func ("/server/ipv6", test_server_ipv6);
  g_test_add_func ("/server/properties", test_server_properties);
  g_test_add_func ("/server/unfinished", test_server_unfinished);
  g_test_add_func ("/server/drain", test_server_drain);
  g_test_add_func ("/server/stop-in-handler", test_server_stop_in_handler);

  return descriptors_run_tests ();
}
