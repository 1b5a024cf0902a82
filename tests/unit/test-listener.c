/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-channel.h"
#include "runtime-use-connection-private.h"
#include "runtime-use-listener-private.h"

#include <sys/resource.h>

#include "raw-client.h"

typedef struct
{
  RuntimeUseListener *listener;
  GPtrArray          *channels;     /* of RuntimeUseWebsocketChannel that are open */
  GPtrArray          *messages;     /* of char, from all of them */
  gboolean            echo;
  gboolean            is_producing;   /* whenever a channel is drained, it is filled again */
  guint               n_opened;
  guint               n_closed;
  guint               n_gone;
  guint               n_drained;
} Fixture;

static void
message_cb (RuntimeUseChannel *channel,
            GBytes            *message,
            gpointer           user_data)
{
  Fixture *fixture = user_data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);

  g_assert_true (g_main_context_get_thread_default () == NULL ||
                 g_main_context_get_thread_default () == g_main_context_default ());
  g_ptr_array_add (fixture->messages, g_strndup (bytes, length));
  if (fixture->echo)
    runtime_use_channel_send (channel, message);
}

/* More than the sockets on both sides hold. */
static guint
fill (Fixture *fixture,
      gsize    more)
{
  g_autofree char *text = g_malloc (64 * 1024);
  g_autoptr(GBytes) message = NULL;
  guint n = 0;

  memset (text, 'y', 64 * 1024);
  message = g_bytes_new_take (g_steal_pointer (&text), 64 * 1024);
  while (!runtime_use_channel_is_full (fixture->channels->pdata[0]))
    {
      runtime_use_channel_send (fixture->channels->pdata[0], message);
      n++;
      g_assert_cmpuint (n, <, 1000);
    }

  for (; more > 0; more--, n++)
    runtime_use_channel_send (fixture->channels->pdata[0], message);

  return n;
}

static void
drained_cb (RuntimeUseChannel *channel,
            gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (runtime_use_channel_is_full (channel));
  fixture->n_drained++;
  if (fixture->is_producing)
    fill (fixture, 0);
}

static void
closed_cb (RuntimeUseChannel *channel,
           gpointer           user_data)
{
  Fixture *fixture = user_data;

  fixture->n_closed++;
  g_signal_handlers_disconnect_by_data (channel, fixture);
  g_ptr_array_remove (fixture->channels, channel);
}

static void
opened_cb (RuntimeUseConnection       *connection,
           RuntimeUseWebsocketChannel *channel,
           gpointer                    user_data)
{
  Fixture *fixture = user_data;

  fixture->n_opened++;
  g_ptr_array_add (fixture->channels, g_object_ref (channel));
  g_signal_connect (channel, "message", G_CALLBACK (message_cb), fixture);
  g_signal_connect (channel, "drained", G_CALLBACK (drained_cb), fixture);
  g_signal_connect (channel, "closed", G_CALLBACK (closed_cb), fixture);
}

static void
gone_cb (RuntimeUseConnection *connection,
         gpointer              user_data)
{
  Fixture *fixture = user_data;

  fixture->n_gone++;
}

static const RuntimeUseListenerEvents events = {
  opened_cb,
  gone_cb,
};

static void
fixture_init (Fixture                     *fixture,
              RuntimeUseConnectionOptions *options,
              guint                        max_connections)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;

  *fixture = (Fixture) { 0 };
  fixture->echo = TRUE;
  fixture->channels = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->messages = g_ptr_array_new_with_free_func (g_free);
  fixture->listener = _runtime_use_listener_new (options, max_connections, NULL, &events, fixture);

  g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  _runtime_use_listener_start (fixture->listener, addresses, 128, &error);
  g_assert_no_error (error);
}

static RuntimeUseConnectionOptions *
options_new (void)
{
  RuntimeUseConnectionOptions *options = g_new0 (RuntimeUseConnectionOptions, 1);

  options->uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE, NULL);
  options->max_message_size = 1024 * 1024;
  options->handshake_timeout = 10000;
  options->close_timeout = 5000;
  options->linger_timeout = 3000;

  return options;
}

static void
fixture_clear (Fixture *fixture)
{
  _runtime_use_listener_free (fixture->listener);
  for (guint i = 0; i < fixture->channels->len; i++)
    g_signal_handlers_disconnect_by_data (fixture->channels->pdata[i], fixture);
  g_ptr_array_unref (fixture->channels);
  g_ptr_array_unref (fixture->messages);
}

static guint
port_of (const Fixture *fixture)
{
  return _runtime_use_listener_get_port (fixture->listener);
}

static void
test_listener_echo (void)
{
  g_autoptr(RawClient) client = NULL;
  Fixture fixture;

  g_test_summary ("A message comes back as one text frame, and closing is answered alike");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"message\": %u}", i);
      g_autofree char *echo = NULL;

      g_assert_true (raw_client_send_message (client, text));
      echo = raw_client_take_message (client);
      g_assert_cmpstr (echo, ==, text);
    }

  g_assert_true (raw_client_send_frame (client, RAW_CLOSE, "\x03\xe8", 2));
  g_assert_cmpuint (raw_client_take_close (client), ==, 1000);
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);
  g_assert_cmpuint (fixture.n_closed, ==, 1);

  g_clear_pointer (&client, raw_client_free);
  raw_wait_for (fixture.n_gone == 1);
  g_assert_cmpuint (_runtime_use_listener_get_n_connections (fixture.listener), ==, 0);

  fixture_clear (&fixture);
}

static void
test_listener_first_segment (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) segment = g_byte_array_new ();
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "early", 5);
  g_autofree char *answer = NULL;
  g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("A frame in one segment with the request is not lost");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new (port_of (&fixture));
  g_byte_array_append (segment, (const guint8 *) RAW_REQUEST, strlen (RAW_REQUEST));
  g_byte_array_append (segment, frame->data, frame->len);
  g_assert_true (raw_client_send (client, segment->data, segment->len));

  answer = raw_client_take_answer (client);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101 "));
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "early");

  fixture_clear (&fixture);
}

static void
test_listener_bytewise (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "slow", 4);
  g_autofree char *answer = NULL;
  g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("A request and a frame may come byte by byte");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new (port_of (&fixture));
  for (gsize i = 0; i < strlen (RAW_REQUEST); i++)
    {
      g_assert_true (raw_client_send (client, &RAW_REQUEST[i], 1));
      raw_iterate ();
    }

  answer = raw_client_take_answer (client);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101 "));

  for (gsize i = 0; i < frame->len; i++)
    {
      g_assert_true (raw_client_send (client, &frame->data[i], 1));
      raw_iterate ();
    }
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "slow");

  fixture_clear (&fixture);
}

static void
test_listener_fragments (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GBytes) pong = NULL;
  g_autofree char *fragments = NULL;
  g_autofree char *binary = NULL;
  guint8 first;
  Fixture fixture;

  g_test_summary ("Fragments make one message, a ping between them is answered, binary is text");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_client_send_frame (client, 0x01, "one ", 4);
  raw_client_send_frame (client, RAW_PING, "payload", 7);
  raw_client_send_frame (client, 0x00, "two ", 4);
  raw_client_send_frame (client, 0x80, "three", 5);
  raw_client_send_frame (client, RAW_BINARY, "{}", 2);
  raw_client_send_frame (client, RAW_PONG, "nobody asked", 12);

  pong = raw_client_take_frame (client, &first);
  g_assert_cmphex (first, ==, RAW_PONG);
  g_assert_cmpmem (g_bytes_get_data (pong, NULL), g_bytes_get_size (pong), "payload", 7);
  fragments = raw_client_take_message (client);
  g_assert_cmpstr (fragments, ==, "one two three");
  binary = raw_client_take_message (client);
  g_assert_cmpstr (binary, ==, "{}");

  fixture_clear (&fixture);
}

typedef struct
{
  const char *name;
  const char *bytes;
  gsize       length;
  guint       code;
} CloseCase;

#define MASK "\x00\x00\x00\x00"
#define CLOSE_CASE(name, bytes, code) { name, bytes, sizeof (bytes) - 1, code }

/* max-message-size is 1 MiB. */
static const CloseCase close_cases[] = {
  CLOSE_CASE ("1000", "\x88\x82" MASK "\x03\xe8", 1000),
  CLOSE_CASE ("1000 with a reason", "\x88\x85" MASK "\x03\xe8" "bye", 1000),
  CLOSE_CASE ("4000", "\x88\x82" MASK "\x0f\xa0", 4000),
  CLOSE_CASE ("no code", "\x88\x80" MASK, 1000),
  CLOSE_CASE ("reserved code", "\x88\x82" MASK "\x03\xec", 1002),
  CLOSE_CASE ("half a code", "\x88\x81" MASK "\x03", 1002),
  CLOSE_CASE ("unmasked", "\x81\x02" "ab", 1002),
  CLOSE_CASE ("reserved bit", "\xc1\x80" MASK, 1002),
  CLOSE_CASE ("unknown opcode", "\x83\x80" MASK, 1002),
  CLOSE_CASE ("unknown control opcode", "\x8b\x80" MASK, 1002),
  CLOSE_CASE ("fragmented ping", "\x09\x80" MASK, 1002),
  CLOSE_CASE ("continues nothing", "\x80\x80" MASK, 1002),
  CLOSE_CASE ("message in a message", "\x01\x80" MASK "\x81\x80" MASK, 1002),
  CLOSE_CASE ("invalid utf-8", "\x81\x82" MASK "\xc3\x28", 1007),
  CLOSE_CASE ("invalid utf-8 over fragments", "\x01\x81" MASK "\xc3" "\x80\x81" MASK "\x28", 1007),
  CLOSE_CASE ("too big", "\x81\xff\x00\x00\x00\x00\x00\x10\x00\x01" MASK, 1009),
  CLOSE_CASE ("far too big", "\x81\xff\x7f\x00\x00\x00\x00\x00\x00\x00" MASK, 1009),
  CLOSE_CASE ("too big over fragments",
              "\x01\x81" MASK "a" "\x80\xff\x00\x00\x00\x00\x00\x10\x00\x00" MASK, 1009),
};

static void
test_listener_close_code (gconstpointer test_data)
{
  const CloseCase *test = test_data;
  g_autoptr(RawClient) client = NULL;
  g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("What was in order is answered, then the client learns why it is closed");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_client_send_message (client, "good");
  raw_client_send (client, test->bytes, test->length);

  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "good");
  g_assert_cmpuint (raw_client_take_close (client), ==, test->code);
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);
  g_assert_cmpuint (client->input->len, ==, 0);
  g_assert_cmpuint (fixture.n_closed, ==, 1);
  g_assert_cmpuint (fixture.messages->len, ==, 1);

  g_clear_pointer (&client, raw_client_free);
  raw_wait_for (fixture.n_gone == 1);
  fixture_clear (&fixture);
}

static void
test_listener_too_big_with_payload (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_malloc0 (8 * 1024 * 1024);
  Fixture fixture;

  g_test_summary ("A client that sends its whole message first still gets to read the code");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  g_assert_true (raw_client_send_frame (client, RAW_TEXT, payload, 8 * 1024 * 1024));
  g_assert_cmpuint (raw_client_take_close (client), ==, 1009);
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);

  fixture_clear (&fixture);
}

static void
test_listener_large_message (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_malloc (1024 * 1024 + 1);
  g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("A message of just the size that is allowed comes through");

  memset (payload, 'x', 1024 * 1024);
  payload[1024 * 1024] = '\0';
  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  g_assert_true (raw_client_send_message (client, payload));
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, payload);

  fixture_clear (&fixture);
}

/* Sends the beginning of a message, and waits until the server has it. */
static RawClient *
begin_message (Fixture               *fixture,
               RuntimeUseInputBudget *budget,
               gsize                  length)
{
  RawClient *client = raw_client_new_open (port_of (fixture));
  g_autofree char *payload = g_strnfill (length, 'x');
  guint64 used = _runtime_use_input_budget_get_used (budget);

  g_assert_true (raw_client_send_frame (client, 0x01, payload, length));
  raw_wait_for (_runtime_use_input_budget_get_used (budget) == used + length);

  return client;
}

#define KIB 1024

static void
test_listener_unfinished (void)
{
  g_autoptr(RuntimeUseInputBudget) budget = _runtime_use_input_budget_new (512 * KIB);
  RuntimeUseConnectionOptions *options = options_new ();
  g_autofree char *large = g_strnfill (200 * KIB, 'y');
  g_autofree char *small = g_strnfill (64 * KIB, 'z');
  g_autofree char *echo = NULL;
  g_autofree char *whole = NULL;
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autoptr(RawClient) third = NULL;
  Fixture fixture;

  g_test_summary ("Unfinished messages of all clients have a bound that small ones do not meet");

  options->input_budget = _runtime_use_input_budget_ref (budget);
  fixture_init (&fixture, options, 0);
  first = begin_message (&fixture, budget, 400 * KIB);
  third = raw_client_new_open (port_of (&fixture));

  second = raw_client_new_open (port_of (&fixture));
  g_assert_true (raw_client_send_frame (second, RAW_TEXT, large, 200 * KIB));
  g_assert_cmpuint (raw_client_take_close (second), ==, 1013);
  raw_client_wait_for_end (second);
  g_assert_false (second->is_reset);
  g_clear_pointer (&second, raw_client_free);
  raw_wait_for (_runtime_use_input_budget_get_used (budget) == 400 * KIB);

  second = begin_message (&fixture, budget, 112 * KIB);
  raw_client_send_message (third, small);
  echo = raw_client_take_message (third);
  g_assert_cmpstr (echo, ==, small);

  /* Who goes away makes room, and so does who comes to an end. */
  g_clear_pointer (&second, raw_client_free);
  raw_wait_for (_runtime_use_input_budget_get_used (budget) == 400 * KIB);
  g_assert_true (raw_client_send_frame (first, 0x80, "end", 3));
  whole = raw_client_take_message (first);
  g_assert_cmpuint (strlen (whole), ==, 400 * KIB + 3);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 0);
  g_assert_cmpuint (fixture.n_closed, ==, 2);

  fixture_clear (&fixture);
}

static void
test_listener_close (gconstpointer test_data)
{
  guint code = GPOINTER_TO_UINT (test_data);
  g_autoptr(RawClient) client = NULL;
  g_autofree char *last = NULL;
  g_autoptr(GBytes) message = g_bytes_new_static ("last", 4);
  gint64 start;
  Fixture fixture;

  g_test_summary ("What was sent before comes first, and TCP ends with the close handshake");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  runtime_use_channel_send (fixture.channels->pdata[0], message);
  runtime_use_channel_close (fixture.channels->pdata[0], code);
  runtime_use_channel_close (fixture.channels->pdata[0], 1000);
  runtime_use_channel_send (fixture.channels->pdata[0], message);

  last = raw_client_take_message (client);
  g_assert_cmpstr (last, ==, "last");
  g_assert_cmpuint (raw_client_take_close (client), ==, code);
  g_assert_cmpuint (fixture.n_closed, ==, 0);

  start = g_get_monotonic_time ();
  raw_client_send_frame (client, RAW_CLOSE, NULL, 0);
  raw_client_wait_for_end (client);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_TIME_SPAN_SECOND);
  g_assert_false (client->is_reset);
  raw_wait_for (fixture.n_closed == 1);

  fixture_clear (&fixture);
}

static void
test_listener_close_unanswered (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = options_new ();
  Fixture fixture;

  g_test_summary ("A client that does not answer a close is not waited for");

  options->close_timeout = 200;
  fixture_init (&fixture, options, 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  runtime_use_channel_close (fixture.channels->pdata[0], 1001);
  raw_client_wait_for_end (client);
  g_assert_cmpuint (raw_client_take_close (client), ==, 1001);
  g_assert_cmpuint (fixture.n_closed, ==, 1);

  fixture_clear (&fixture);
}

static void
test_listener_close_unread (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = options_new ();
  gint64 start;
  Fixture fixture;

  g_test_summary ("A client that closes and takes nothing any more is not waited for");

  options->close_timeout = 500;
  options->linger_timeout = 60000;
  fixture_init (&fixture, options, 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  fill (&fixture, 0);

  start = g_get_monotonic_time ();
  g_assert_true (raw_client_send_frame (client, RAW_CLOSE, "\x03\xe8", 2));
  raw_wait_for (fixture.n_closed == 1);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 400 * G_TIME_SPAN_MILLISECOND);
  raw_wait_for (fixture.n_gone == 1);
  g_assert_cmpuint (fixture.n_closed, ==, 1);

  fixture_clear (&fixture);
}

static void
test_listener_lost (void)
{
  RawClient *client;
  Fixture fixture;

  g_test_summary ("A client that just goes away closes the channel");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_client_send (client, "\x81", 1);
  raw_client_free (client);
  raw_wait_for (fixture.n_closed == 1);
  raw_wait_for (fixture.n_gone == 1);

  fixture_clear (&fixture);
}

static void
test_listener_backpressure (void)
{
  g_autoptr(RawClient) client = NULL;
  Fixture fixture;
  guint n;

  g_test_summary ("A channel is full when its client takes nothing, and drained once it does");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);

  for (guint round = 1; round <= 3; round++)
    {
      n = fill (&fixture, 5);
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

  fixture_clear (&fixture);
}

static void
test_listener_short_queue (void)
{
  g_autofree char *text = g_strnfill (1000, 'z');
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GBytes) message = g_bytes_new (text, strlen (text));
  guint n = 0;
  Fixture fixture;

  g_test_summary ("A queue that is written in one go once there is room is noticed, too");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  runtime_use_websocket_channel_set_high_water (fixture.channels->pdata[0], 1000);
  for (; !runtime_use_channel_is_full (fixture.channels->pdata[0]); n++)
    runtime_use_channel_send (fixture.channels->pdata[0], message);

  for (; n > 0; n--)
    {
      g_autofree char *got = raw_client_take_message (client);

      g_assert_cmpstr (got, ==, text);
    }
  raw_wait_for (fixture.n_drained == 1);

  fixture_clear (&fixture);
}

static void
test_listener_input_while_blocked (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_strnfill (125, 'p');
  g_autoptr(GByteArray) ping = raw_frame_new (RAW_PING, payload, 125);
  gsize sent = 0;
  guint n;
  Fixture fixture;

  g_test_summary ("A client that takes nothing can still cancel, but not make pongs pile up");

  fixture_init (&fixture, options_new (), 0);
  fixture.echo = FALSE;
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  n = fill (&fixture, 0);

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

  fixture_clear (&fixture);
}

static void
test_listener_paused (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("A channel that is paused leaves input in the socket until it goes on");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  g_assert_true (runtime_use_channel_set_paused (fixture.channels->pdata[0], TRUE));
  raw_client_send_message (client, "waits");
  for (guint i = 0; i < 20; i++)
    raw_iterate ();
  g_assert_cmpuint (fixture.messages->len, ==, 0);

  runtime_use_channel_set_paused (fixture.channels->pdata[0], FALSE);
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "waits");

  fixture_clear (&fixture);
}

static void
test_listener_slow_reader (void)
{
  g_autoptr(RawClient) client = NULL;
  guint n_pongs = 0;
  Fixture fixture;

  g_test_summary ("A client that reads more slowly than output comes is heard all the time");

  fixture_init (&fixture, options_new (), 0);
  fixture.is_producing = TRUE;
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  fill (&fixture, 0);

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

  fixture_clear (&fixture);
}

static void
test_listener_stall (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = options_new ();
  Fixture fixture;

  g_test_summary ("A client that takes nothing of what is pending is given up");

  options->stall_timeout = 200;
  fixture_init (&fixture, options, 0);
  client = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 1);
  fill (&fixture, 0);
  raw_wait_for (fixture.n_closed == 1);

  fixture_clear (&fixture);
}

static void
test_listener_ping (void)
{
  g_autoptr(RawClient) alive = NULL;
  g_autoptr(RawClient) dead = NULL;
  g_autoptr(GBytes) payload = NULL;
  RuntimeUseConnectionOptions *options = options_new ();
  guint n_pings = 0;
  guint8 first;
  Fixture fixture;

  g_test_summary ("Silent clients are pinged, and given up when they do not answer");

  options->ping_interval = 100;
  fixture_init (&fixture, options, 0);
  alive = raw_client_new_open (port_of (&fixture));
  dead = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 2);

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

  fixture_clear (&fixture);
}

static void
test_listener_handshake_timeout (void)
{
  g_autoptr(RawClient) half = NULL;
  g_autoptr(RawClient) silent = NULL;
  g_autoptr(RawClient) quick = NULL;
  g_autofree char *answer = NULL;
  RuntimeUseConnectionOptions *options = options_new ();
  Fixture fixture;

  g_test_summary ("A request that does not come to its end is not waited for");

  options->handshake_timeout = 200;
  fixture_init (&fixture, options, 0);
  half = raw_client_new (port_of (&fixture));
  silent = raw_client_new (port_of (&fixture));
  quick = raw_client_new_open (port_of (&fixture));
  raw_client_send_text (half, RAW_REQUEST_START);

  raw_client_wait_for_end (half);
  answer = raw_client_take_answer (half);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 408 "));
  raw_client_wait_for_end (silent);
  g_assert_cmpuint (silent->input->len, ==, 0);
  g_assert_false (quick->is_at_end);
  g_assert_cmpuint (fixture.channels->len, ==, 1);

  fixture_clear (&fixture);
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
  Fixture fixture;

  g_test_summary ("Every refusal is answered, and the connection closed without a reset");

  fixture_init (&fixture, options_new (), 0);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autoptr(RawClient) client = raw_client_new (port_of (&fixture));

      g_assert_cmpuint (raw_client_request (client, tests[i].request), ==, tests[i].status);
      raw_client_wait_for_end (client);
      g_assert_false (client->is_reset);
    }
  g_assert_cmpuint (fixture.n_opened, ==, 0);
  raw_wait_for (fixture.n_gone == G_N_ELEMENTS (tests));

  fixture_clear (&fixture);
}

static void
test_listener_no_frame_when_refused (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "attack", 6);
  Fixture fixture;

  g_test_summary ("A frame behind a refused request is not looked at");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new (port_of (&fixture));
  raw_client_send_text (client, RAW_REQUEST_START "Origin: https://evil.example\r\n"
                                RAW_UPGRADE RAW_KEY RAW_VERSION "\r\n");
  raw_client_send (client, frame->data, frame->len);
  raw_client_wait_for_end (client);
  g_assert_true (g_str_has_prefix ((const char *) client->input->data, "HTTP/1.1 403 "));
  g_assert_cmpuint (fixture.messages->len, ==, 0);

  fixture_clear (&fixture);
}

static void
test_listener_long_header (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GString) request = g_string_new (RAW_REQUEST_START);
  Fixture fixture;

  g_test_summary ("A request header has a bound");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new (port_of (&fixture));
  while (request->len < 100 * 1024)
    g_string_append (request, "X: 0123456789012345678901234567890123456789\r\n");

  g_assert_cmpuint (raw_client_request (client, request->str), ==, 431);
  raw_client_wait_for_end (client);

  fixture_clear (&fixture);
}

static void
test_listener_bare_connect (void)
{
  g_autoptr(RawClient) client = NULL;
  Fixture fixture;

  g_test_summary ("Connecting and closing at once harms nobody");

  fixture_init (&fixture, options_new (), 0);
  for (guint i = 0; i < 100; i++)
    raw_client_free (raw_client_new (port_of (&fixture)));
  raw_wait_for (fixture.n_gone == 100);

  client = raw_client_new_open (port_of (&fixture));
  g_assert_cmpuint (fixture.n_opened, ==, 1);

  fixture_clear (&fixture);
}

static void
test_listener_limit (void)
{
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autoptr(RawClient) third = NULL;
  g_autoptr(RawClient) fourth = NULL;
  Fixture fixture;

  g_test_summary ("Beyond the limit a client is told so, and accepting goes on");

  fixture_init (&fixture, options_new (), 2);
  first = raw_client_new_open (port_of (&fixture));
  second = raw_client_new_open (port_of (&fixture));
  third = raw_client_new (port_of (&fixture));
  g_assert_cmpuint (raw_client_request (third, RAW_REQUEST), ==, 503);
  raw_client_wait_for_end (third);
  g_assert_false (third->is_reset);

  g_clear_pointer (&third, raw_client_free);
  g_clear_pointer (&second, raw_client_free);
  raw_wait_for (_runtime_use_listener_get_n_connections (fixture.listener) == 1);
  fourth = raw_client_new_open (port_of (&fixture));
  g_assert_cmpuint (fixture.n_opened, ==, 3);

  fixture_clear (&fixture);
}

static void
test_listener_no_descriptor (void)
{
  g_autoptr(RawClient) refused = NULL;
  g_autoptr(RawClient) client = NULL;
  struct rlimit limit;
  struct rlimit none;
  Fixture fixture;

  g_test_summary ("Without a descriptor left a client is refused, and accepting goes on");

  fixture_init (&fixture, options_new (), 0);
  refused = raw_client_new (port_of (&fixture));

  /* The lowest one that is free is the first that is forbidden. */
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  none = limit;
  none.rlim_cur = dup (refused->fd);
  close (none.rlim_cur);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  raw_client_wait_for_end (refused);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_cmpuint (fixture.n_opened, ==, 0);

  client = raw_client_new_open (port_of (&fixture));
  g_assert_cmpuint (fixture.n_opened, ==, 1);

  fixture_clear (&fixture);
}

static void
test_listener_fairness (void)
{
  g_autoptr(RawClient) loud = NULL;
  g_autoptr(RawClient) quiet = NULL;
  g_autoptr(GByteArray) flood = g_byte_array_new ();
  G_GNUC_UNUSED g_autofree char *echo = NULL;
  Fixture fixture;

  g_test_summary ("A client that floods does not keep another one waiting");

  fixture_init (&fixture, options_new (), 0);
  fixture.echo = FALSE;
  loud = raw_client_new_open (port_of (&fixture));
  quiet = raw_client_new_open (port_of (&fixture));

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

  fixture_clear (&fixture);
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
  Fixture fixture;

  g_test_summary ("A main loop inside a handler serves the other connections");

  fixture_init (&fixture, options_new (), 0);
  first = raw_client_new_open (port_of (&fixture));
  second = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 2);
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
  fixture_clear (&fixture);
}

static void
free_in_message_cb (RuntimeUseChannel *channel,
                    GBytes            *message,
                    gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_signal_handlers_disconnect_by_data (channel, fixture);
  g_ptr_array_remove (fixture->channels, channel);
  g_clear_pointer (&fixture->listener, _runtime_use_listener_free);
}

static void
test_listener_free_in_handler (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(RawClient) other = NULL;
  Fixture fixture;

  g_test_summary ("A listener may be freed from a handler");

  fixture_init (&fixture, options_new (), 0);
  client = raw_client_new_open (port_of (&fixture));
  other = raw_client_new_open (port_of (&fixture));
  raw_wait_for (fixture.channels->len == 2);
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
  Fixture fixture;

  g_test_summary ("Many connections work side by side and leave nothing");

  fixture_init (&fixture, options_new (), 0);
  for (guint i = 0; i < 200; i++)
    g_ptr_array_add (clients, raw_client_new_open (port_of (&fixture)));
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

  fixture_clear (&fixture);
}

static void
test_listener_port_in_use (void)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(RuntimeUseListener) second = NULL;
  g_autoptr(GError) error = NULL;
  Fixture fixture;

  g_test_summary ("A port that is taken is an error that names it");

  fixture_init (&fixture, options_new (), 0);
  second = _runtime_use_listener_new (options_new (), 0, NULL, &events, &fixture);
  g_ptr_array_add (addresses,
                   g_inet_socket_address_new_from_string ("127.0.0.1", port_of (&fixture)));
  g_assert_false (_runtime_use_listener_start (second, addresses, 16, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (g_str_has_prefix (error->message, "Could not listen on 127.0.0.1 port "));

  fixture_clear (&fixture);
}

static void
test_listener_same_address (void)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;
  RuntimeUseListener *listener;

  g_test_summary ("An address that is given twice is listened on once");

  listener = _runtime_use_listener_new (options_new (), 0, NULL, &events, NULL);
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  g_assert_true (_runtime_use_listener_start (listener, addresses, 128, &error));
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
  Fixture fixture;

  g_test_summary ("A socket that nothing can be accepted from does not make the listener spin");

  fixture_init (&fixture, options_new (), 0);
  g_assert_cmpint (shutdown (find_listening_socket (), SHUT_RDWR), ==, 0);

  g_timeout_add (300, set_true_cb, &is_over);
  while (!is_over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_iterations++;
    }
  g_assert_cmpuint (n_iterations, <, 50);

  fixture_clear (&fixture);
}

static guint
count_descriptors (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
add_close_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (close_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/listener/close-code/%s", close_cases[i].name);

      g_test_add_data_func (g_strdelimit (path, " ", '-'), &close_cases[i],
                            test_listener_close_code);
    }
}

int
main (int    argc,
      char **argv)
{
  guint n_descriptors = count_descriptors ();
  int status;

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/listener/echo", test_listener_echo);
  g_test_add_func ("/listener/first-segment", test_listener_first_segment);
  g_test_add_func ("/listener/bytewise", test_listener_bytewise);
  g_test_add_func ("/listener/fragments", test_listener_fragments);
  add_close_cases ();
  g_test_add_func ("/listener/too-big-with-payload", test_listener_too_big_with_payload);
  g_test_add_func ("/listener/large-message", test_listener_large_message);
  g_test_add_func ("/listener/unfinished", test_listener_unfinished);
  g_test_add_data_func ("/listener/close/1001", GUINT_TO_POINTER (1001), test_listener_close);
  g_test_add_data_func ("/listener/close/without-code", GUINT_TO_POINTER (0), test_listener_close);
  g_test_add_func ("/listener/close/unanswered", test_listener_close_unanswered);
  g_test_add_func ("/listener/close/unread", test_listener_close_unread);
  g_test_add_func ("/listener/lost", test_listener_lost);
  g_test_add_func ("/listener/broken", test_listener_broken);
  g_test_add_func ("/listener/same-address", test_listener_same_address);
  g_test_add_func ("/listener/backpressure", test_listener_backpressure);
  g_test_add_func ("/listener/short-queue", test_listener_short_queue);
  g_test_add_func ("/listener/input-while-blocked", test_listener_input_while_blocked);
  g_test_add_func ("/listener/paused", test_listener_paused);
  g_test_add_func ("/listener/slow-reader", test_listener_slow_reader);
  g_test_add_func ("/listener/stall", test_listener_stall);
  g_test_add_func ("/listener/ping", test_listener_ping);
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

  status = g_test_run ();

  /* GLib keeps one for the default main context and one for its worker. */
  g_assert_cmpuint (count_descriptors (), <=, n_descriptors + 2);

  return status;
}
