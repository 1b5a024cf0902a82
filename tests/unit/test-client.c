/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <signal.h>

#include "raw-client.h"
#include "stop-server.h"

#define MIB (1024 * 1024)

/* What became of one call. */
typedef struct
{
  gboolean                 is_done;
  RuntimeUseClientSession *session;   /* (nullable) */
  GObject                 *result;    /* (nullable) */
  GError                  *error;     /* (nullable) */
} Answer;

static void
answer_clear (Answer *self)
{
  g_assert_true (self->is_done);
  g_clear_object (&self->session);
  g_clear_object (&self->result);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* Other descriptors are opened when they are first needed, and kept. */
static guint
count_sockets (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && g_str_has_prefix (target, "socket:"))
        n++;
    }

  return n;
}

static void
connected_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->session = runtime_use_client_connect_finish (RUNTIME_USE_CLIENT (object), result,
                                                       &answer->error);
  g_assert_true ((answer->session == NULL) == (answer->error != NULL));
}

static void
queried_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  if (RUNTIME_USE_IS_CLIENT (object))
    answer->result = (GObject *) runtime_use_client_query_finish (RUNTIME_USE_CLIENT (object),
                                                                  result, &answer->error);
  else
    answer->result = (GObject *)
      runtime_use_client_session_query_finish (RUNTIME_USE_CLIENT_SESSION (object), result,
                                               &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
}

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  if (RUNTIME_USE_IS_CLIENT (object))
    answer->result = (GObject *)
      runtime_use_client_execute_commands_finish (RUNTIME_USE_CLIENT (object), result,
                                                  &answer->error);
  else
    answer->result = (GObject *)
      runtime_use_client_session_execute_commands_finish (RUNTIME_USE_CLIENT_SESSION (object),
                                                          result, &answer->error);
  g_assert_true ((answer->result == NULL) == (answer->error != NULL));
}

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

static RuntimeUseInvocationMessage *
invocation_new (const char *prompt)
{
  return g_object_new (RUNTIME_USE_TYPE_INVOCATION_MESSAGE,
                       "system-prompt", "", "user-prompt", prompt, "model", "m",
                       NULL);
}

static RuntimeUseCommandExecutionMessage *
execution_new (const char *command)
{
  g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (commands, runtime_use_command_new (command, NULL, NULL));

  return g_object_new (RUNTIME_USE_TYPE_COMMAND_EXECUTION_MESSAGE, "commands", commands, NULL);
}

/* In the client's own connection, or in a session of it. */
static void
query (gpointer    client_or_session,
       const char *prompt,
       Answer     *answer)
{
  g_autoptr(RuntimeUseInvocationMessage) message = invocation_new (prompt);

  if (RUNTIME_USE_IS_CLIENT (client_or_session))
    runtime_use_client_query_async (client_or_session, message, NULL, queried_cb, answer);
  else
    runtime_use_client_session_query_async (client_or_session, message, NULL, queried_cb, answer);
}

static void
assert_text (Answer     *answer,
             const char *expected)
{
  g_assert_no_error (answer->error);
  g_assert_cmpstr (runtime_use_query_result_get_text (RUNTIME_USE_QUERY_RESULT (answer->result)),
                   ==, expected);
}

static void
assert_closes (RuntimeUseClientSession *session)
{
  runtime_use_client_session_close (session);
  raw_wait_for (runtime_use_client_session_is_closed (session));
}

/* A real server */

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

static RuntimeUseClient *
client_new (guint       port,
            const char *rest)
{
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u%s", port, rest);

  return runtime_use_client_new (url);
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
      query (client, "STREAM:2", &one);
      query (client, "ECHO:other", &other);
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
  runtime_use_client_connect_async (client, NULL, connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_assert_no_error (connected.error);
  g_object_get (connected.session, "idle-timeout", &idle_timeout, NULL);
  g_assert_cmpuint (idle_timeout, ==, 77);

  for (guint i = 0; i < 3; i++)
    {
      g_auto(Answer) good = { 0 };
      g_auto(Answer) bad = { 0 };

      query (connected.session, "ECHO:ä", &good);
      raw_wait_for (good.is_done);
      assert_text (&good, "ä");
      query (connected.session, "ERROR:no", &bad);
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

  runtime_use_client_connect_async (client, NULL, connected_cb, &connected);
  raw_wait_for (connected.is_done);
  stop_server (server);
  raw_wait_for (runtime_use_client_session_is_closed (connected.session));
  query (connected.session, "ECHO:x", &late);
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
      query (client, "ECHO:in", &answer);
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

      query (client, "x", &answer);
      raw_wait_for (answer.is_done);
      g_assert_error (answer.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (answer.error->message, cases[i].part));
      g_assert_null (strstr (answer.error->message, "s3cr3t"));
    }
}

/* A server that does what no server should */

static int
listen_raw (guint *port)
{
  struct sockaddr_in address = { 0 };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 8));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  *port = ntohs (address.sin_port);

  return fd;
}

static RawClient *
accept_raw (int listener)
{
  RawClient *self = g_new0 (RawClient, 1);
  int on = 1;

  self->input = g_byte_array_new ();
  self->fd = -1;
  raw_wait_for (self->fd >= 0 ||
                (self->fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
  g_assert_no_errno (ioctl (self->fd, FIONBIO, &on));

  return self;
}

/* The answer that opens the WebSocket of @request. */
static char *
make_answer (const char *request)
{
  const char *name = "Sec-WebSocket-Key: ";
  const char *start = strstr (request, name);
  g_autofree char *key = NULL;
  g_autofree char *text = NULL;
  g_autofree char *accept = NULL;
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_assert_nonnull (start);
  key = g_strndup (start + strlen (name), 24);
  text = g_strconcat (key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", NULL);
  g_checksum_update (checksum, (guchar *) text, -1);
  g_checksum_get_digest (checksum, digest, &length);
  accept = g_base64_encode (digest, length);

  return g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
}

/* A client whose connection the test answers. */
typedef struct
{
  int               listener;
  guint             port;
  RuntimeUseClient *client;
  Answer            answer;
  RawClient        *peer;
  char             *request;
  guint             n_sockets;
} Duel;

static Duel *
duel_new (void)
{
  Duel *self = g_new0 (Duel, 1);

  self->n_sockets = count_sockets ();
  self->listener = listen_raw (&self->port);
  self->client = client_new (self->port, "/p?token=s3cr3t");
  g_object_set (self->client, "max-message-size", (guint64) 4 * MIB, NULL);
  query (self->client, "x", &self->answer);
  self->peer = accept_raw (self->listener);
  self->request = raw_client_take_answer (self->peer);
  g_assert_true (g_str_has_prefix (self->request, "GET /p?token=s3cr3t HTTP/1.1\r\n"));
  g_assert_null (strstr (self->request, "Origin"));
  g_assert_null (strstr (self->request, "Extensions"));

  return self;
}

static void
duel_open (Duel *self)
{
  g_autofree char *text = make_answer (self->request);

  g_assert_true (raw_client_send_text (self->peer, text));
}

static void
peer_send (RawClient  *self,
           guint8      first,
           const char *text,
           gsize       length)
{
  g_autoptr(GByteArray) frame = g_byte_array_new ();
  guint8 header[10] = { first };
  guint n = length < 126 ? 2 : 10;

  header[1] = length < 126 ? length : 127;
  for (guint i = 2; i < n; i++)
    header[i] = ((guint64) length >> (8 * (9 - i))) & 0xff;
  g_byte_array_append (frame, header, n);
  g_byte_array_append (frame, (const guint8 *) text, length);
  raw_client_send (self, frame->data, frame->len);
}

/* Waits for the close frame of the client, which is masked; 0 when there is none. */
static guint
duel_take_close (Duel *self)
{
  GByteArray *input = self->peer->input;

  for (;;)
    {
      guint header = 6;
      guint length;

      raw_wait_for (raw_client_has (self->peer, 8) || self->peer->is_at_end);
      if (input->len < 8)
        return 0;

      g_assert_cmphex (input->data[1] & 0x80, ==, 0x80);
      if (input->data[0] == RAW_CLOSE)
        return (input->data[2] ^ input->data[6]) << 8 | (input->data[3] ^ input->data[7]);

      /* The request comes first. */
      length = input->data[1] & 0x7f;
      if (length == 126)
        {
          header = 8;
          length = input->data[2] << 8 | input->data[3];
        }
      raw_wait_for (raw_client_has (self->peer, header + length));
      g_byte_array_remove_range (input, 0, header + length);
    }
}

static void
duel_free (Duel *self)
{
  raw_wait_for (self->answer.is_done);
  if (self->answer.error != NULL)
    g_assert_null (strstr (self->answer.error->message, "s3cr3t"));
  answer_clear (&self->answer);
  g_clear_pointer (&self->peer, raw_client_free);
  close (self->listener);
  g_assert_finalize_object (self->client);
  g_free (self->request);
  raw_wait_for (count_sockets () == self->n_sockets);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Duel, duel_free)

#define assert_fails(duel, domain, code, part)                              \
  G_STMT_START                                                              \
    {                                                                       \
      raw_wait_for ((duel)->answer.is_done);                                \
      g_assert_error ((duel)->answer.error, domain, code);                  \
      if (strstr ((duel)->answer.error->message, part) == NULL)             \
        g_error ("no “%s” in “%s”", part, (duel)->answer.error->message);   \
    }                                                                       \
  G_STMT_END

static void
test_not_let_in (void)
{
  static const struct
  {
    const char *answer;
    int         code;
    const char *part;
  } cases[] = {
    { "HTTP/1.1 403 Forbidden\r\n\r\n", RUNTIME_USE_ERROR_REFUSED, "403 Forbidden" },
    { "HTTP/1.1 503 Service Unavailable\r\n\r\n", RUNTIME_USE_ERROR_REFUSED, "try again later" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", RUNTIME_USE_ERROR_REFUSED, "200 OK" },
    { "HTTP/1.1 426 Upgrade Required\r\n\r\n", RUNTIME_USE_ERROR_REFUSED, "426" },
    { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: bm8=\r\n\r\n", RUNTIME_USE_ERROR_PROTOCOL, "did not open" },
    { "HTTP/1.1 101 Switching Protocols\r\n\r\n", RUNTIME_USE_ERROR_PROTOCOL, "did not open" },
    { "HTTP/1.1 abc\r\n\r\n", RUNTIME_USE_ERROR_PROTOCOL, "not HTTP" },
    { "SSH-2.0-OpenSSH\r\n", RUNTIME_USE_ERROR_PROTOCOL, "not HTTP" },
    { "\x16\x03\x01", RUNTIME_USE_ERROR_PROTOCOL, "not HTTP" },
  };

  g_test_summary ("Every answer but the right one is an error that names the address");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Duel) duel = duel_new ();
      g_autofree char *address = g_strdup_printf ("ws://127.0.0.1:%u", duel->port);

      g_assert_true (raw_client_send_text (duel->peer, cases[i].answer));
      assert_fails (duel, RUNTIME_USE_ERROR, cases[i].code, cases[i].part);
      g_assert_nonnull (strstr (duel->answer.error->message, address));
    }
}

static void
test_long_answer (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *line = g_strnfill (100 * 1024, 'x');

  g_test_summary ("The header of an answer has a limit");

  g_assert_true (raw_client_send_text (duel->peer, "HTTP/1.1 101 OK\r\nX: "));
  raw_client_send_text (duel->peer, line);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, "64 KiB");
}

static void
test_no_answer (void)
{
  const char *parts[] = { "", "HTTP/1.1 101 Sw" };

  g_test_summary ("A server that does not answer, or only half, is left after the timeout");

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_auto(Answer) answer = { 0 };
      g_autoptr(RuntimeUseClient) client = NULL;
      g_autoptr(RawClient) peer = NULL;
      guint port;
      int listener = listen_raw (&port);

      client = client_new (port, "");
      g_object_set (client, "connect-timeout", 1, NULL);
      query (client, "x", &answer);
      peer = accept_raw (listener);
      raw_client_send_text (peer, parts[i]);
      raw_wait_for (answer.is_done);
      g_assert_error (answer.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT);
      g_assert_nonnull (strstr (answer.error->message, "did not answer within 1 seconds"));
      raw_client_wait_for_end (peer);
      close (listener);
    }
}

static void
test_hangs_up (void)
{
  g_autoptr(Duel) duel = duel_new ();

  g_test_summary ("A server may close without an answer");

  g_clear_pointer (&duel->peer, raw_client_free);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, "without an answer");
}

static void
test_nobody (void)
{
  g_auto(Answer) answer = { 0 };
  g_autoptr(RuntimeUseClient) client = NULL;
  guint port;

  g_test_summary ("Where nobody listens, the error says so");

  close (listen_raw (&port));
  client = client_new (port, "/?token=s3cr3t");
  query (client, "x", &answer);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_nonnull (strstr (answer.error->message, "Nothing listens at ws://127.0.0.1:"));
  g_assert_null (strstr (answer.error->message, "s3cr3t"));
}

static void
test_connect_cancelled (void)
{
  g_auto(Answer) answer = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RuntimeUseClient) client = NULL;
  g_autoptr(RawClient) peer = NULL;
  guint port;
  int listener = listen_raw (&port);

  g_test_summary ("Connecting can be cancelled");

  client = client_new (port, "");
  runtime_use_client_connect_async (client, cancellable, connected_cb, &answer);
  peer = accept_raw (listener);
  g_cancellable_cancel (cancellable);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  raw_client_wait_for_end (peer);
  close (listener);
}

#define RESULT(text) \
  "{\"message_type\":\"result_message\",\"data\":{\"type\":\"text\",\"text\":\"" text "\"}}"

static gboolean
has_pong (RawClient *peer)
{
  raw_client_receive (peer);

  return peer->input->len > 100 &&
         memmem (peer->input->data, peer->input->len, "\x8a\x81", 2) != NULL;
}

static void
test_early_frames (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *answer = make_answer (duel->request);
  g_autoptr(GString) both = g_string_new (answer);

  g_test_summary ("What comes in one piece with the answer to the handshake is not lost");

  /* A ping, which gets its pong beside the request, and the beginning of a frame. */
  g_string_append_len (both, "\x89\x01p\x81", 4);
  g_assert_true (raw_client_send (duel->peer, both->str, both->len));
  raw_wait_for (has_pong (duel->peer));
  g_assert_true (raw_client_send (duel->peer, "\x02[]", 3));
  peer_send (duel->peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  raw_wait_for (duel->answer.is_done);
  assert_text (&duel->answer, "done");
}

static void
test_early_close (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *answer = make_answer (duel->request);
  g_autoptr(GString) both = g_string_new (answer);

  g_test_summary ("A close in one piece with the answer to the handshake is seen");

  g_string_append_len (both, "\x88\x06\x03\xe9" "busy", 8);
  g_assert_true (raw_client_send (duel->peer, both->str, both->len));
  shutdown (duel->peer->fd, SHUT_WR);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "(code 1001: busy)");
}

static void
test_lost (void)
{
  g_test_summary ("A connection that breaks, also in the middle of a frame, is an error");

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(Duel) duel = duel_new ();

      duel_open (duel);
      if (i == 1)
        raw_client_send (duel->peer, "\x81\x7e\x10\x00{\"mess", 10);
      shutdown (duel->peer->fd, SHUT_WR);
      assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                    "The connection was closed before the server answered");
    }
}

static void
test_wrong_terminal (void)
{
  g_autoptr(Duel) duel = duel_new ();
  const char *text = "{\"message_type\":\"command_execution_result_message\",\"results\":[]}";

  g_test_summary ("An answer of the other kind ends the connection with 1002");

  duel_open (duel);
  peer_send (duel->peer, RAW_TEXT, text, strlen (text));
  g_assert_cmpuint (duel_take_close (duel), ==, 1002);
  g_clear_pointer (&duel->peer, raw_client_free);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, "does not belong to it");
}

static void
test_too_large (void)
{
  g_autoptr(Duel) duel = duel_new ();

  g_test_summary ("A frame beyond the limit is refused before it comes");

  duel_open (duel);
  /* 64 MiB are announced. */
  raw_client_send (duel->peer, "\x81\x7f\0\0\0\0\x04\0\0\0", 10);
  g_assert_cmpuint (duel_take_close (duel), ==, 1009);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                "4194304 bytes, which is the limit (max-message-size)");
}

static void
test_fragments (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *fragment = g_strnfill (MIB, 'x');

  g_test_summary ("Fragments count together, and the close code arrives in spite of the rest");

  duel_open (duel);
  for (guint i = 0; i < 8; i++)
    peer_send (duel->peer, i == 0 ? 0x01 : 0x00, fragment, MIB);
  g_assert_cmpuint (duel_take_close (duel), ==, 1009);
  raw_client_wait_for_end (duel->peer);
  g_assert_false (duel->peer->is_reset);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE, "max-message-size");
}

static void
test_large_enough (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *text = g_strnfill (4 * MIB, ' ');

  g_test_summary ("A message of just the limit is taken");

  memcpy (text, RESULT ("done"), strlen (RESULT ("done")));
  duel_open (duel);
  peer_send (duel->peer, RAW_TEXT, text, 4 * MIB);
  g_assert_cmpuint (duel_take_close (duel), ==, 1000);
  g_clear_pointer (&duel->peer, raw_client_free);
  raw_wait_for (duel->answer.is_done);
  assert_text (&duel->answer, "done");
}

static void
test_broken_rules (void)
{
  static const struct
  {
    const char *bytes;
    gsize       length;
    guint       code;
  } cases[] = {
    { "\x81\x82" "abcd" "xx", 8, 1002 },   /* masked */
    { "\xc1\x02[]", 4, 1002 },             /* compressed */
    { "\x83\x02[]", 4, 1002 },             /* no such frame */
    { "\x80\x02[]", 4, 1002 },             /* nothing to continue */
    { "\x81\x02\xff\xff", 4, 1007 },       /* not UTF-8 */
  };

  g_test_summary ("A server that breaks the rules of WebSockets is told so");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Duel) duel = duel_new ();

      duel_open (duel);
      raw_client_send (duel->peer, cases[i].bytes, cases[i].length);
      g_assert_cmpuint (duel_take_close (duel), ==, cases[i].code);
      g_clear_pointer (&duel->peer, raw_client_free);
      assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_PROTOCOL, "rules of WebSockets");
    }
}

static void
test_never_closes (void)
{
  g_autoptr(Duel) duel = duel_new ();

  g_test_summary ("A server that does not close after the answer is left after a while");

  duel_open (duel);
  peer_send (duel->peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  g_assert_cmpuint (duel_take_close (duel), ==, 1000);
  raw_wait_for (duel->answer.is_done);
  assert_text (&duel->answer, "done");
  raw_client_wait_for_end (duel->peer);
}

/* Pausing */

static void
count_output_cb (RuntimeUseClientSession        *session,
                 RuntimeUseCommandOutputMessage *message,
                 guint                          *count)
{
  (*count)++;
  if (*count == 10)
    runtime_use_client_session_set_paused (session, TRUE);
}

/* Whether the peer took no more for a while, in which the client had its turn. */
static gboolean
is_stuck (RawClient     *peer,
          const GString *message,
          gsize         *at)
{
  for (guint i = 0; i < 50; i++)
    {
      gssize n = send (peer->fd, message->str + *at, message->len - *at, MSG_NOSIGNAL);

      if (n > 0)
        {
          *at = (*at + n) % message->len;
          return FALSE;
        }
      raw_iterate ();
    }

  return TRUE;
}

static void
test_paused (void)
{
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) answer = { 0 };
  g_autoptr(RuntimeUseClient) client = NULL;
  g_autoptr(RawClient) peer = NULL;
  g_autofree char *request = NULL;
  g_autofree char *handshake = NULL;
  g_autofree char *fill = g_strnfill (900, 'x');
  g_autoptr(GString) message = g_string_new (NULL);
  guint64 sent = 0;
  guint count = 0;
  guint port;
  gsize at = 0;
  int listener = listen_raw (&port);

  g_test_summary ("A paused session takes nothing from the socket, and loses nothing");

  client = client_new (port, "");
  runtime_use_client_connect_async (client, NULL, connected_cb, &connected);
  peer = accept_raw (listener);
  request = raw_client_take_answer (peer);
  handshake = make_answer (request);
  raw_client_send_text (peer, handshake);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (count_output_cb), &count);
  query (connected.session, "x", &answer);

  g_string_append_printf (message, "{\"message_type\":\"command_output_message\",\"stream\":"
                                   "\"stdout\",\"text\":\"%s\",\"command\":\"c\"}", fill);
  g_string_prepend_c (message, message->len & 0xff);
  g_string_prepend_c (message, (message->len - 1) >> 8);
  g_string_prepend (message, "\x81\x7e");

  /* The kernel keeps some MiB. */
  while (!is_stuck (peer, message, &at))
    {
      sent += at == 0;
      g_assert_cmpuint (sent * message->len, <, 64 * MIB);
    }
  g_assert_cmpuint (count, ==, 10);
  /* Nor does it turn in circles because there is something. */
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (g_main_context_pending (NULL));

  runtime_use_client_session_set_paused (connected.session, FALSE);
  g_assert_true (raw_client_send (peer, message->str + at, message->len - at));
  peer_send (peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  raw_wait_for (answer.is_done);
  assert_text (&answer, "done");
  g_assert_cmpuint (count, >=, sent);

  g_clear_pointer (&peer, raw_client_free);
  close (listener);
  assert_closes (connected.session);
}

/* A runtime in this process */

static RuntimeUseClient *
client_new_inside (const char *agent)
{
  g_autoptr(RuntimeUseAgentHandler) handler = NULL;

  handler = runtime_use_agent_handler_new_for_name (agent, NULL);

  return runtime_use_client_new_for_handler (handler);
}

static void
test_inside (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("echo");
  g_auto(Answer) one = { 0 };
  g_auto(Answer) other = { 0 };

  g_test_summary ("An agent in this process answers without a socket");

  query (client, "ECHO:one", &one);
  query (client, "ERROR:other", &other);
  raw_wait_for (one.is_done && other.is_done);
  assert_text (&one, "one");
  g_assert_error (other.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_REMOTE);
}

static void
take_pid_cb (GObject                        *object,
             RuntimeUseCommandOutputMessage *message,
             int                            *pid)
{
  *pid = (int) g_ascii_strtoll (runtime_use_command_output_message_get_text (message), NULL, 10);
}

static void
assert_gone (int pid)
{
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

#define SLEEPER "echo $$; exec sleep 1000"

static void
test_inside_close (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = execution_new (SLEEPER);
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("A session in this process is closed when its processes are gone");

  runtime_use_client_connect_async (client, NULL, connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_session_execute_commands_async (connected.session, message, NULL, executed_cb,
                                                     &answer);
  raw_wait_for (pid != 0);
  g_assert_no_errno (kill (pid, 0));
  assert_closes (connected.session);
  assert_gone (pid);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED);
}

static void
test_inside_cancel (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = execution_new (SLEEPER);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("A cancelled request in this process ends when its processes are gone");

  g_signal_connect (client, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_execute_commands_async (client, message, cancellable, executed_cb, &answer);
  raw_wait_for (pid != 0);
  g_cancellable_cancel (cancellable);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (pid);
}

static void
test_inside_leftovers (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("What a command left behind in this process ends with the request");

  message = execution_new ("sleep 1000 >/dev/null 2>&1 & echo $!");
  g_signal_connect (client, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_execute_commands_async (client, message, NULL, executed_cb, &answer);
  raw_wait_for (answer.is_done);
  g_assert_no_error (answer.error);
  assert_gone (pid);
}

static void
test_inside_dropped (void)
{
  g_autoptr(RuntimeUseClient) client = client_new_inside ("shell");
  g_autoptr(RuntimeUseCommandExecutionMessage) message = NULL;
  g_auto(Answer) connected = { 0 };
  g_auto(Answer) answer = { 0 };
  int pid = 0;

  g_test_summary ("What a command left behind in this process ends when all is dropped");

  message = execution_new ("sleep 1000 >/dev/null 2>&1 & echo $!");
  runtime_use_client_connect_async (client, NULL, connected_cb, &connected);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (take_pid_cb), &pid);
  runtime_use_client_session_execute_commands_async (connected.session, message, NULL, executed_cb,
                                                     &answer);
  raw_wait_for (answer.is_done);
  g_assert_no_errno (kill (pid, 0));
  g_clear_object (&connected.session);
  raw_wait_for (kill (pid, 0) == -1);
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
  g_test_add_func ("/client/not-let-in", test_not_let_in);
  g_test_add_func ("/client/long-answer", test_long_answer);
  g_test_add_func ("/client/no-answer", test_no_answer);
  g_test_add_func ("/client/hangs-up", test_hangs_up);
  g_test_add_func ("/client/nobody", test_nobody);
  g_test_add_func ("/client/connect-cancelled", test_connect_cancelled);
  g_test_add_func ("/client/early-frames", test_early_frames);
  g_test_add_func ("/client/early-close", test_early_close);
  g_test_add_func ("/client/lost", test_lost);
  g_test_add_func ("/client/wrong-terminal", test_wrong_terminal);
  g_test_add_func ("/client/too-large", test_too_large);
  g_test_add_func ("/client/fragments", test_fragments);
  g_test_add_func ("/client/large-enough", test_large_enough);
  g_test_add_func ("/client/broken-rules", test_broken_rules);
  g_test_add_func ("/client/never-closes", test_never_closes);
  g_test_add_func ("/client/paused", test_paused);
  g_test_add_func ("/client/inside", test_inside);
  g_test_add_func ("/client/inside/close", test_inside_close);
  g_test_add_func ("/client/inside/cancel", test_inside_cancel);
  g_test_add_func ("/client/inside/leftovers", test_inside_leftovers);
  g_test_add_func ("/client/inside/dropped", test_inside_dropped);

  return g_test_run ();
}
