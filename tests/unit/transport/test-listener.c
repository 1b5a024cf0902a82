/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "descriptors.h"
#include "listener-fixture.h"
#include "raw-client.h"

#include <sys/resource.h>

static void
test_listener_handshake_timeout (void)
{
  g_autoptr(RawClient) half = NULL;
  g_autoptr(RawClient) silent = NULL;
  g_autoptr(RawClient) quick = NULL;
  g_autofree char *answer = NULL;
  RuntimeUseConnectionOptions *options = listener_options_new ();
  ListenerFixture fixture;

  g_test_summary ("A request that does not come to its end is not waited for");

  options->handshake_timeout = 200;
  listener_fixture_init (&fixture, options, 0);
  half = raw_client_new (listener_fixture_get_port (&fixture));
  raw_client_send_text (half, RAW_REQUEST_START);
  silent = raw_client_new (listener_fixture_get_port (&fixture));
  quick = listener_fixture_connect (&fixture);

  raw_client_wait_for_end (half);
  answer = raw_client_take_answer (half);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 408 "));
  raw_client_wait_for_end (silent);
  g_assert_cmpuint (silent->input->len, ==, 0);
  g_assert_false (quick->is_at_end);
  g_assert_cmpuint (fixture.channels->len, ==, 1);

  listener_fixture_clear (&fixture);
}

static void
test_listener_requests (void)
{
  static const struct
  {
    const char *request;
    guint       status;
  } tests[] = {
    { "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 426 },
    { "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405 },
    { "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403 },
    { RAW_REQUEST_START "Origin: null\r\n" RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n", 403 },
    { RAW_REQUEST_START RAW_UPGRADE RAW_VERSION "\r\n", 400 },
    { "nonsense\r\n", 400 },
    { "\x16\x03\x01\x02", 400 },
  };
  ListenerFixture fixture;

  g_test_summary ("Every refusal is answered, and the connection closed without a reset");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autoptr(RawClient) client = raw_client_new (listener_fixture_get_port (&fixture));

      g_assert_cmpuint (raw_client_request (client, tests[i].request), ==, tests[i].status);
      raw_client_wait_for_end (client);
      g_assert_false (client->is_reset);
    }
  g_assert_cmpuint (fixture.n_opened, ==, 0);
  raw_wait_for (fixture.n_gone == G_N_ELEMENTS (tests));

  listener_fixture_clear (&fixture);
}

static void
test_listener_no_frame_when_refused (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "attack", 6);
  ListenerFixture fixture;

  g_test_summary ("A frame behind a refused request is not looked at");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = raw_client_new (listener_fixture_get_port (&fixture));
  raw_client_send_text (client, RAW_REQUEST_START "Origin: https://evil.example\r\n"
                                RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n");
  raw_client_send (client, frame->data, frame->len);
  raw_client_wait_for_end (client);
  g_assert_true (g_str_has_prefix ((const char *) client->input->data, "HTTP/1.1 403 "));
  g_assert_cmpuint (fixture.messages->len, ==, 0);

  listener_fixture_clear (&fixture);
}

static void
test_listener_long_header (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GString) request = g_string_new (RAW_REQUEST_START);
  ListenerFixture fixture;

  g_test_summary ("A request header has a bound");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = raw_client_new (listener_fixture_get_port (&fixture));
  while (request->len < 100 * 1024)
    g_string_append (request, "X: 0123456789012345678901234567890123456789\r\n");

  g_assert_cmpuint (raw_client_request (client, request->str), ==, 431);
  raw_client_wait_for_end (client);

  listener_fixture_clear (&fixture);
}

static void
test_listener_bare_connect (void)
{
  g_autoptr(RawClient) client = NULL;
  ListenerFixture fixture;

  g_test_summary ("Connecting and closing at once harms nobody");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  for (guint i = 0; i < 100; i++)
    raw_client_free (raw_client_new (listener_fixture_get_port (&fixture)));
  raw_wait_for (fixture.n_gone == 100);

  client = listener_fixture_connect (&fixture);
  g_assert_cmpuint (fixture.n_opened, ==, 1);

  listener_fixture_clear (&fixture);
}

static void
test_listener_limit (void)
{
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autoptr(RawClient) third = NULL;
  g_autoptr(RawClient) fourth = NULL;
  ListenerFixture fixture;

  g_test_summary ("Beyond the limit a client is told so, and accepting goes on");

  listener_fixture_init (&fixture, listener_options_new (), 2);
  first = listener_fixture_connect (&fixture);
  second = listener_fixture_connect (&fixture);
  third = raw_client_new (listener_fixture_get_port (&fixture));
  g_assert_cmpuint (raw_client_request (third, RAW_REQUEST), ==, 503);
  raw_client_wait_for_end (third);
  g_assert_false (third->is_reset);

  g_clear_pointer (&third, raw_client_free);
  g_clear_pointer (&second, raw_client_free);
  raw_wait_for (_runtime_use_listener_get_n_connections (fixture.listener) == 1);
  fourth = listener_fixture_connect (&fixture);
  g_assert_cmpuint (fixture.n_opened, ==, 3);

  listener_fixture_clear (&fixture);
}

static void
test_listener_no_descriptor (void)
{
  g_autoptr(RawClient) refused = NULL;
  g_autoptr(RawClient) client = NULL;
  struct rlimit limit;
  struct rlimit none;
  ListenerFixture fixture;

  g_test_summary ("Without a descriptor left a client is refused, and accepting goes on");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  refused = raw_client_new (listener_fixture_get_port (&fixture));

  /* The lowest one that is free is the first that is forbidden. */
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  none = limit;
  none.rlim_cur = dup (refused->fd);
  close (none.rlim_cur);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  raw_client_wait_for_end (refused);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_cmpuint (fixture.n_opened, ==, 0);

  client = listener_fixture_connect (&fixture);
  g_assert_cmpuint (fixture.n_opened, ==, 1);

  listener_fixture_clear (&fixture);
}

static void
test_listener_fairness (void)
{
  g_autoptr(RawClient) loud = NULL;
  g_autoptr(RawClient) quiet = NULL;
  g_autoptr(GByteArray) flood = g_byte_array_new ();
  G_GNUC_UNUSED g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("A client that floods does not keep another one waiting");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  fixture.echo = FALSE;
  loud = listener_fixture_connect (&fixture);
  quiet = listener_fixture_connect (&fixture);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "0123456789", 10);

      g_byte_array_append (flood, frame->data, frame->len);
    }
  g_assert_true (raw_client_send (loud, flood->data, flood->len));
  raw_client_send_frame (quiet, RAW_PING, NULL, 0);

  /* One turn of each. */
  while (quiet->input->len == 0)
    {
      raw_client_receive (quiet);
      g_assert_cmpuint (fixture.messages->len, <, 20000);
      raw_iterate ();
    }
  raw_wait_for (fixture.messages->len == 20000);

  listener_fixture_clear (&fixture);
}

typedef struct
{
  GMainLoop         *loop;
  RuntimeUseChannel *waiting;
  guint              depth;
} Nested;

static void
nested_message_cb (RuntimeUseChannel *channel,
                   GBytes            *message,
                   gpointer           user_data)
{
  Nested *nested = user_data;

  if (nested->waiting == NULL)
    {
      nested->waiting = channel;
      g_main_loop_run (nested->loop);
      nested->depth++;
    }
  else
    {
      g_assert_true (channel != nested->waiting);
      g_main_loop_quit (nested->loop);
    }
}

static void
test_listener_nested_loop (void)
{
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autofree char *echo = NULL;
  Nested nested = { g_main_loop_new (NULL, FALSE), NULL, 0 };
  ListenerFixture fixture;

  g_test_summary ("A main loop inside a handler serves the other connections");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  first = listener_fixture_connect (&fixture);
  second = listener_fixture_connect (&fixture);
  for (guint i = 0; i < 2; i++)
    g_signal_connect (fixture.channels->pdata[i], "message", G_CALLBACK (nested_message_cb),
                      &nested);

  raw_client_send_message (first, "waits");
  raw_client_send_message (second, "frees");
  raw_wait_for (nested.depth == 1);
  echo = raw_client_take_message (first);
  g_assert_cmpstr (echo, ==, "waits");

  for (guint i = 0; i < 2; i++)
    g_signal_handlers_disconnect_by_data (fixture.channels->pdata[i], &nested);
  g_main_loop_unref (nested.loop);
  listener_fixture_clear (&fixture);
}

static void
free_in_message_cb (RuntimeUseChannel *channel,
                    GBytes            *message,
                    gpointer           user_data)
{
  ListenerFixture *fixture = user_data;

  g_signal_handlers_disconnect_by_data (channel, fixture);
  g_ptr_array_remove (fixture->channels, channel);
  g_clear_pointer (&fixture->listener, _runtime_use_listener_free);
}

static void
test_listener_free_in_handler (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(RawClient) other = NULL;
  ListenerFixture fixture;

  g_test_summary ("A listener may be freed from a handler");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  other = listener_fixture_connect (&fixture);
  g_signal_connect (fixture.channels->pdata[0], "message", G_CALLBACK (free_in_message_cb),
                    &fixture);
  raw_client_send_message (client, "end");
  raw_client_send_message (client, "more");
  raw_client_wait_for_end (client);
  raw_client_wait_for_end (other);
  g_assert_cmpuint (fixture.n_closed, ==, 1);
  g_assert_cmpuint (fixture.channels->len, ==, 0);

  g_ptr_array_unref (fixture.channels);
  g_ptr_array_unref (fixture.messages);
}

static void
test_listener_many (void)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) raw_client_free);
  ListenerFixture fixture;

  g_test_summary ("Many connections work side by side and leave nothing");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  for (guint i = 0; i < 200; i++)
    g_ptr_array_add (clients, listener_fixture_connect (&fixture));
  for (guint i = 0; i < 200; i++)
    raw_client_send_message (clients->pdata[i], "hello");
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *echo = raw_client_take_message (clients->pdata[i]);

      g_assert_cmpstr (echo, ==, "hello");
    }
  g_ptr_array_set_size (clients, 0);
  raw_wait_for (fixture.n_gone == 200);
  g_assert_cmpuint (fixture.n_closed, ==, 200);

  listener_fixture_clear (&fixture);
}

static void
test_listener_port_in_use (void)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  RuntimeUseListenPlan plan = { .main_addresses = addresses, .backlog = 128 };
  g_autoptr(RuntimeUseListener) second = NULL;
  g_autoptr(GError) error = NULL;
  ListenerFixture fixture;
  guint port;

  g_test_summary ("A port that is taken is an error that names it");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  second = _runtime_use_listener_new (listener_options_new (), 0, NULL, &listener_fixture_events,
                                      &fixture);
  port = listener_fixture_get_port (&fixture);
  g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", port));
  g_assert_false (_runtime_use_listener_start (second, &plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (g_str_has_prefix (error->message, "Could not listen on 127.0.0.1 port "));

  listener_fixture_clear (&fixture);
}

static void
test_listener_same_address (void)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  RuntimeUseListenPlan plan = { .main_addresses = addresses, .backlog = 128 };
  g_autoptr(GError) error = NULL;
  RuntimeUseListener *listener;

  g_test_summary ("An address that is given twice is listened on once");

  listener = _runtime_use_listener_new (listener_options_new (), 0, NULL, &listener_fixture_events,
                                        NULL);
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  g_assert_true (_runtime_use_listener_start (listener, &plan, &error));
  g_assert_no_error (error);

  _runtime_use_listener_free (listener);
}

static int
find_listening_socket (void)
{
  for (int fd = 0; fd < 1024; fd++)
    {
      int is_listening = 0;
      socklen_t length = sizeof is_listening;

      if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 && is_listening)
        return fd;
    }

  g_assert_not_reached ();
}

static gboolean
set_true_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

static void
test_listener_broken (void)
{
  gboolean is_over = FALSE;
  guint n_iterations = 0;
  ListenerFixture fixture;

  g_test_summary ("A socket that nothing can be accepted from does not make the listener spin");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  g_assert_cmpint (shutdown (find_listening_socket (), SHUT_RDWR), ==, 0);

  g_timeout_add (300, set_true_cb, &is_over);
  while (!is_over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_iterations++;
    }
  g_assert_cmpuint (n_iterations, <, 50);

  listener_fixture_clear (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/listener/broken", test_listener_broken);
  g_test_add_func ("/listener/same-address", test_listener_same_address);
  g_test_add_func ("/listener/handshake-timeout", test_listener_handshake_timeout);
  g_test_add_func ("/listener/requests", test_listener_requests);
  g_test_add_func ("/listener/no-frame-when-refused", test_listener_no_frame_when_refused);
  g_test_add_func ("/listener/long-header", test_listener_long_header);
  g_test_add_func ("/listener/bare-connect", test_listener_bare_connect);
  g_test_add_func ("/listener/limit", test_listener_limit);
  g_test_add_func ("/listener/no-descriptor", test_listener_no_descriptor);
  g_test_add_func ("/listener/fairness", test_listener_fairness);
  g_test_add_func ("/listener/nested-loop", test_listener_nested_loop);
  g_test_add_func ("/listener/free-in-handler", test_listener_free_in_handler);
  g_test_add_func ("/listener/many", test_listener_many);
  g_test_add_func ("/listener/port-in-use", test_listener_port_in_use);

  return descriptors_run_tests ();
}
