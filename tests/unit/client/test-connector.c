/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-duel.h"

/* How a client gets in, or does not, and what comes at once behind that. */

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
      int listener = duel_listen (&port);

      client = client_new (port, "");
      g_object_set (client, "connect-timeout", 1, NULL);
      client_query (client, "x", &answer);
      peer = duel_accept (listener);
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

  close (duel_listen (&port));
  client = client_new (port, "/?token=s3cr3t");
  client_query (client, "x", &answer);
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
  int listener = duel_listen (&port);

  g_test_summary ("Connecting can be cancelled");

  client = client_new (port, "");
  runtime_use_client_connect_async (client, cancellable, client_connected_cb, &answer);
  peer = duel_accept (listener);
  g_cancellable_cancel (cancellable);
  raw_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  raw_client_wait_for_end (peer);
  close (listener);
}

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
  g_autofree char *answer = duel_make_answer (duel->request);
  g_autoptr(GString) both = g_string_new (answer);

  g_test_summary ("What comes in one piece with the answer to the handshake is not lost");

  /* A ping, which gets its pong beside the request, and the beginning of a frame. */
  g_string_append_len (both, "\x89\x01p\x81", 4);
  g_assert_true (raw_client_send (duel->peer, both->str, both->len));
  raw_wait_for (has_pong (duel->peer));
  g_assert_true (raw_client_send (duel->peer, "\x02[]", 3));
  duel_send (duel->peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  raw_wait_for (duel->answer.is_done);
  assert_text (&duel->answer, "done");
}

static void
test_early_close (void)
{
  g_autoptr(Duel) duel = duel_new ();
  g_autofree char *answer = duel_make_answer (duel->request);
  g_autoptr(GString) both = g_string_new (answer);

  g_test_summary ("A close in one piece with the answer to the handshake is seen");

  g_string_append_len (both, "\x88\x06\x03\xe9" "busy", 8);
  g_assert_true (raw_client_send (duel->peer, both->str, both->len));
  shutdown (duel->peer->fd, SHUT_WR);
  assert_fails (duel, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED, "(code 1001: busy)");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client/not-let-in", test_not_let_in);
  g_test_add_func ("/client/long-answer", test_long_answer);
  g_test_add_func ("/client/no-answer", test_no_answer);
  g_test_add_func ("/client/hangs-up", test_hangs_up);
  g_test_add_func ("/client/nobody", test_nobody);
  g_test_add_func ("/client/connect-cancelled", test_connect_cancelled);
  g_test_add_func ("/client/early-frames", test_early_frames);
  g_test_add_func ("/client/early-close", test_early_close);

  return g_test_run ();
}
