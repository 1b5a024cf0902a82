/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "descriptors.h"
#include "listener-fixture.h"
#include "raw-client.h"

static void
test_flow_backpressure (void)
{
  g_autoptr(RawClient) client = NULL;
  ListenerFixture fixture;
  guint n;

  g_test_summary ("A channel is full when its client takes nothing, and drained once it does");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);

  for (guint round = 1; round <= 3; round++)
    {
      n = listener_fixture_fill (&fixture, 5);
      for (guint i = 0; i < 20; i++)
        raw_iterate ();
      g_assert_cmpuint (fixture.n_drained, ==, round - 1);

      for (guint i = 0; i < n; i++)
        {
          g_autofree char *text = raw_client_take_message (client);

          g_assert_cmpuint (strlen (text), ==, 64 * 1024);
        }
      raw_wait_for (fixture.n_drained == round);
      g_assert_false (runtime_use_channel_is_full (fixture.channels->pdata[0]));
    }

  listener_fixture_clear (&fixture);
}

static void
test_flow_short_queue (void)
{
  g_autofree char *text = g_strnfill (1000, 'z');
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GBytes) message = g_bytes_new (text, strlen (text));
  guint n = 0;
  ListenerFixture fixture;

  g_test_summary ("A queue that is written in one go once there is room is noticed, too");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  runtime_use_websocket_channel_set_high_water (fixture.channels->pdata[0], 1000);
  for (; !runtime_use_channel_is_full (fixture.channels->pdata[0]); n++)
    runtime_use_channel_send (fixture.channels->pdata[0], message);

  for (; n > 0; n--)
    {
      g_autofree char *got = raw_client_take_message (client);

      g_assert_cmpstr (got, ==, text);
    }
  raw_wait_for (fixture.n_drained == 1);

  listener_fixture_clear (&fixture);
}

static void
test_flow_input_while_blocked (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_strnfill (125, 'p');
  g_autoptr(GByteArray) ping = raw_frame_new (RAW_PING, payload, 125);
  gsize sent = 0;
  guint n;
  ListenerFixture fixture;

  g_test_summary ("A client that takes nothing can still cancel, but not make pongs pile up");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  fixture.echo = FALSE;
  client = listener_fixture_connect (&fixture);
  n = listener_fixture_fill (&fixture, 0);

  raw_client_send_message (client, "cancel");
  raw_wait_for (fixture.messages->len == 1);

  /* So much that it does not fit into the sockets, unless the server reads it all. */
  for (guint idle = 0; idle < 200 && sent < 64 * 1024 * 1024;)
    {
      gsize cut = sent % ping->len;
      gssize k = send (client->fd, ping->data + cut, ping->len - cut,
                       MSG_NOSIGNAL | MSG_DONTWAIT);

      sent += MAX (k, 0);
      idle = k > 0 ? 0 : idle + 1;
      if (k <= 0)
        raw_iterate ();
    }
  g_assert_cmpuint (sent, <, 64 * 1024 * 1024);

  /* When the client reads, everything goes on. */
  while (n > 0)
    {
      guint8 first;
      g_autoptr(GBytes) frame = raw_client_take_frame (client, &first);

      g_assert_nonnull (frame);
      n -= first == RAW_TEXT ? 1 : 0;
    }
  for (gsize i = 0; i < sent / ping->len / 10; i++)
    {
      guint8 first;
      G_GNUC_UNUSED g_autoptr(GBytes) frame = raw_client_take_frame (client, &first);

      g_assert_cmphex (first, ==, RAW_PONG);
    }

  listener_fixture_clear (&fixture);
}

static void
test_flow_paused (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("A channel that is paused leaves input in the socket until it goes on");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  g_assert_true (runtime_use_channel_set_paused (fixture.channels->pdata[0], TRUE));
  raw_client_send_message (client, "waits");
  for (guint i = 0; i < 20; i++)
    raw_iterate ();
  g_assert_cmpuint (fixture.messages->len, ==, 0);

  runtime_use_channel_set_paused (fixture.channels->pdata[0], FALSE);
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "waits");

  listener_fixture_clear (&fixture);
}

static void
test_flow_slow_reader (void)
{
  g_autoptr(RawClient) client = NULL;
  guint n_pongs = 0;
  ListenerFixture fixture;

  g_test_summary ("A client that reads more slowly than output comes is heard all the time");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  fixture.is_producing = TRUE;
  client = listener_fixture_connect (&fixture);
  listener_fixture_fill (&fixture, 0);

  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < 50; i++)
        raw_client_send_frame (client, RAW_PING, "p", 1);
      for (guint i = 0; i < 50; i++)
        raw_client_send_frame (client, RAW_PONG, "p", 1);

      for (guint n = 0; n < 40;)
        {
          guint8 first;
          g_autoptr(GBytes) frame = raw_client_take_frame (client, &first);

          g_assert_nonnull (frame);
          n_pongs += first == RAW_PONG ? 1 : 0;
          n += first == RAW_TEXT ? 1 : 0;
        }
    }
  g_assert_cmpuint (n_pongs, >, 500);

  listener_fixture_clear (&fixture);
}

static void
test_flow_stall (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = listener_options_new ();
  ListenerFixture fixture;

  g_test_summary ("A client that takes nothing of what is pending is given up");

  options->stall_timeout = 200;
  listener_fixture_init (&fixture, options, 0);
  client = listener_fixture_connect (&fixture);
  listener_fixture_fill (&fixture, 0);
  raw_wait_for (fixture.n_closed == 1);

  listener_fixture_clear (&fixture);
}

static void
test_flow_ping (void)
{
  g_autoptr(RawClient) alive = NULL;
  g_autoptr(RawClient) dead = NULL;
  g_autoptr(GBytes) payload = NULL;
  RuntimeUseConnectionOptions *options = listener_options_new ();
  guint n_pings = 0;
  guint8 first;
  ListenerFixture fixture;

  g_test_summary ("Silent clients are pinged, and given up when they do not answer");

  options->ping_interval = 100;
  listener_fixture_init (&fixture, options, 0);
  alive = listener_fixture_connect (&fixture);
  dead = listener_fixture_connect (&fixture);

  while (fixture.n_closed == 0)
    {
      g_autoptr(GBytes) ping = raw_client_take_frame (alive, &first);

      g_assert_cmphex (first, ==, RAW_PING);
      raw_client_send_frame (alive, RAW_PONG, g_bytes_get_data (ping, NULL),
                             g_bytes_get_size (ping));
      n_pings++;
    }
  g_assert_cmpuint (n_pings, >=, 2);
  g_assert_cmpuint (fixture.channels->len, ==, 1);

  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&payload, g_bytes_unref);
      payload = raw_client_take_frame (dead, &first);
      g_assert_cmphex (first, ==, RAW_PING);
    }
  raw_client_wait_for_end (dead);

  listener_fixture_clear (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/connection-flow/backpressure", test_flow_backpressure);
  g_test_add_func ("/connection-flow/short-queue", test_flow_short_queue);
  g_test_add_func ("/connection-flow/input-while-blocked", test_flow_input_while_blocked);
  g_test_add_func ("/connection-flow/paused", test_flow_paused);
  g_test_add_func ("/connection-flow/slow-reader", test_flow_slow_reader);
  g_test_add_func ("/connection-flow/stall", test_flow_stall);
  g_test_add_func ("/connection-flow/ping", test_flow_ping);

  return descriptors_run_tests ();
}
