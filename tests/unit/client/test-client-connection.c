/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-duel.h"

/* What a server may do to a client that it let in. */

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
  duel_send (duel->peer, RAW_TEXT, text, strlen (text));
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
    duel_send (duel->peer, i == 0 ? 0x01 : 0x00, fragment, MIB);
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
  duel_send (duel->peer, RAW_TEXT, text, 4 * MIB);
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
  duel_send (duel->peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  g_assert_cmpuint (duel_take_close (duel), ==, 1000);
  raw_wait_for (duel->answer.is_done);
  assert_text (&duel->answer, "done");
  raw_client_wait_for_end (duel->peer);
}

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
  int listener = duel_listen (&port);

  g_test_summary ("A paused session takes nothing from the socket, and loses nothing");

  client = client_new (port, "");
  runtime_use_client_connect_async (client, NULL, client_connected_cb, &connected);
  peer = duel_accept (listener);
  request = raw_client_take_answer (peer);
  handshake = duel_make_answer (request);
  raw_client_send_text (peer, handshake);
  raw_wait_for (connected.is_done);
  g_signal_connect (connected.session, "command-output", G_CALLBACK (count_output_cb), &count);
  client_query (connected.session, "x", &answer);

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
  duel_send (peer, RAW_TEXT, RESULT ("done"), strlen (RESULT ("done")));
  raw_wait_for (answer.is_done);
  assert_text (&answer, "done");
  g_assert_cmpuint (count, >=, sent);

  g_clear_pointer (&peer, raw_client_free);
  close (listener);
  assert_closes (connected.session);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/client/lost", test_lost);
  g_test_add_func ("/client/wrong-terminal", test_wrong_terminal);
  g_test_add_func ("/client/too-large", test_too_large);
  g_test_add_func ("/client/fragments", test_fragments);
  g_test_add_func ("/client/large-enough", test_large_enough);
  g_test_add_func ("/client/broken-rules", test_broken_rules);
  g_test_add_func ("/client/never-closes", test_never_closes);
  g_test_add_func ("/client/paused", test_paused);

  return g_test_run ();
}
