/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "descriptors.h"
#include "listener-fixture.h"
#include "raw-client.h"

static void
test_connection_echo (void)
{
  g_autoptr(RawClient) client = NULL;
  ListenerFixture fixture;

  g_test_summary ("A message comes back as one text frame, and closing is answered alike");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);

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

  listener_fixture_clear (&fixture);
}

static void
test_connection_first_segment (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) segment = g_byte_array_new ();
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "early", 5);
  g_autofree char *answer = NULL;
  g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("A frame in one segment with the request is not lost");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = raw_client_new (listener_fixture_get_port (&fixture));
  g_byte_array_append (segment, (const guint8 *) RAW_REQUEST, strlen (RAW_REQUEST));
  g_byte_array_append (segment, frame->data, frame->len);
  g_assert_true (raw_client_send (client, segment->data, segment->len));

  answer = raw_client_take_answer (client);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101 "));
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, "early");

  listener_fixture_clear (&fixture);
}

static void
test_connection_bytewise (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GByteArray) frame = raw_frame_new (RAW_TEXT, "slow", 4);
  g_autofree char *answer = NULL;
  g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("A request and a frame may come byte by byte");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = raw_client_new (listener_fixture_get_port (&fixture));
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

  listener_fixture_clear (&fixture);
}

static void
test_connection_fragments (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autoptr(GBytes) pong = NULL;
  g_autofree char *fragments = NULL;
  g_autofree char *binary = NULL;
  guint8 first;
  ListenerFixture fixture;

  g_test_summary ("Fragments make one message, a ping between them is answered, binary is text");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
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

  listener_fixture_clear (&fixture);
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
test_connection_close_code (gconstpointer test_data)
{
  const CloseCase *test = test_data;
  g_autoptr(RawClient) client = NULL;
  g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("What was in order is answered, then the client learns why it is closed");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
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
  listener_fixture_clear (&fixture);
}

static void
test_connection_too_big_with_payload (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_malloc0 (8 * 1024 * 1024);
  ListenerFixture fixture;

  g_test_summary ("A client that sends its whole message first still gets to read the code");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  g_assert_true (raw_client_send_frame (client, RAW_TEXT, payload, 8 * 1024 * 1024));
  g_assert_cmpuint (raw_client_take_close (client), ==, 1009);
  raw_client_wait_for_end (client);
  g_assert_false (client->is_reset);

  listener_fixture_clear (&fixture);
}

static void
test_connection_large_message (void)
{
  g_autoptr(RawClient) client = NULL;
  g_autofree char *payload = g_malloc (1024 * 1024 + 1);
  g_autofree char *echo = NULL;
  ListenerFixture fixture;

  g_test_summary ("A message of just the size that is allowed comes through");

  memset (payload, 'x', 1024 * 1024);
  payload[1024 * 1024] = '\0';
  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  g_assert_true (raw_client_send_message (client, payload));
  echo = raw_client_take_message (client);
  g_assert_cmpstr (echo, ==, payload);

  listener_fixture_clear (&fixture);
}

/* Sends the beginning of a message, and waits until the server has it. */
static RawClient *
begin_message (ListenerFixture               *fixture,
               RuntimeUseInputBudget *budget,
               gsize                  length)
{
  RawClient *client = listener_fixture_connect (fixture);
  g_autofree char *payload = g_strnfill (length, 'x');
  guint64 used = _runtime_use_input_budget_get_used (budget);

  g_assert_true (raw_client_send_frame (client, 0x01, payload, length));
  raw_wait_for (_runtime_use_input_budget_get_used (budget) == used + length);

  return client;
}

#define KIB 1024

static void
test_connection_unfinished (void)
{
  g_autoptr(RuntimeUseInputBudget) budget = _runtime_use_input_budget_new (512 * KIB);
  RuntimeUseConnectionOptions *options = listener_options_new ();
  g_autofree char *large = g_strnfill (200 * KIB, 'y');
  g_autofree char *small = g_strnfill (64 * KIB, 'z');
  g_autofree char *echo = NULL;
  g_autofree char *whole = NULL;
  g_autoptr(RawClient) first = NULL;
  g_autoptr(RawClient) second = NULL;
  g_autoptr(RawClient) third = NULL;
  ListenerFixture fixture;

  g_test_summary ("Unfinished messages of all clients have a bound that small ones do not meet");

  options->input_budget = _runtime_use_input_budget_ref (budget);
  listener_fixture_init (&fixture, options, 0);
  first = begin_message (&fixture, budget, 400 * KIB);
  third = listener_fixture_connect (&fixture);

  second = listener_fixture_connect (&fixture);
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

  listener_fixture_clear (&fixture);
}

static void
test_connection_close (gconstpointer test_data)
{
  guint code = GPOINTER_TO_UINT (test_data);
  g_autoptr(RawClient) client = NULL;
  g_autofree char *last = NULL;
  g_autoptr(GBytes) message = g_bytes_new_static ("last", 4);
  gint64 start;
  ListenerFixture fixture;

  g_test_summary ("What was sent before comes first, and TCP ends with the close handshake");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
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
  g_assert_cmpint (g_get_monotonic_time () - start, <, 4 * G_TIME_SPAN_SECOND);
  g_assert_false (client->is_reset);
  raw_wait_for (fixture.n_closed == 1);

  listener_fixture_clear (&fixture);
}

static void
test_connection_close_unanswered (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = listener_options_new ();
  ListenerFixture fixture;

  g_test_summary ("A client that does not answer a close is not waited for");

  options->close_timeout = 200;
  listener_fixture_init (&fixture, options, 0);
  client = listener_fixture_connect (&fixture);
  runtime_use_channel_close (fixture.channels->pdata[0], 1001);
  raw_client_wait_for_end (client);
  g_assert_cmpuint (raw_client_take_close (client), ==, 1001);
  g_assert_cmpuint (fixture.n_closed, ==, 1);

  listener_fixture_clear (&fixture);
}

static void
test_connection_close_unread (void)
{
  g_autoptr(RawClient) client = NULL;
  RuntimeUseConnectionOptions *options = listener_options_new ();
  gint64 start;
  ListenerFixture fixture;

  g_test_summary ("A client that closes and takes nothing any more is not waited for");

  options->close_timeout = 3000;
  options->linger_timeout = 60000;
  listener_fixture_init (&fixture, options, 0);
  client = listener_fixture_connect (&fixture);
  listener_fixture_fill (&fixture, 0);

  start = g_get_monotonic_time ();
  g_assert_true (raw_client_send_frame (client, RAW_CLOSE, "\x03\xe8", 2));
  raw_wait_for (fixture.n_closed == 1);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2500 * G_TIME_SPAN_MILLISECOND);
  raw_wait_for (fixture.n_gone == 1);
  g_assert_cmpuint (fixture.n_closed, ==, 1);

  listener_fixture_clear (&fixture);
}

static void
test_connection_lost (void)
{
  RawClient *client;
  ListenerFixture fixture;

  g_test_summary ("A client that just goes away closes the channel");

  listener_fixture_init (&fixture, listener_options_new (), 0);
  client = listener_fixture_connect (&fixture);
  raw_client_send (client, "\x81", 1);
  raw_client_free (client);
  raw_wait_for (fixture.n_closed == 1);
  raw_wait_for (fixture.n_gone == 1);

  listener_fixture_clear (&fixture);
}

static void
add_close_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (close_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/connection/close-code/%s", close_cases[i].name);

      g_test_add_data_func (g_strdelimit (path, " ", '-'), &close_cases[i],
                            test_connection_close_code);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/connection/echo", test_connection_echo);
  g_test_add_func ("/connection/first-segment", test_connection_first_segment);
  g_test_add_func ("/connection/bytewise", test_connection_bytewise);
  g_test_add_func ("/connection/fragments", test_connection_fragments);
  add_close_cases ();
  g_test_add_func ("/connection/too-big-with-payload", test_connection_too_big_with_payload);
  g_test_add_func ("/connection/large-message", test_connection_large_message);
  g_test_add_func ("/connection/unfinished", test_connection_unfinished);
  g_test_add_data_func ("/connection/close/1001", GUINT_TO_POINTER (1001), test_connection_close);
  g_test_add_data_func ("/connection/close/without-code", GUINT_TO_POINTER (0),
                        test_connection_close);
  g_test_add_func ("/connection/close/unanswered", test_connection_close_unanswered);
  g_test_add_func ("/connection/close/unread", test_connection_close_unread);
  g_test_add_func ("/connection/lost", test_connection_lost);

  return descriptors_run_tests ();
}
