/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-channel.h"
#include "runtime-use-connection-private.h"
#include "runtime-use-listener-private.h"

#include "raw-client.h"

typedef struct
{
  RuntimeUseListener *listener;
  GPtrArray          *channels;     /* of RuntimeUseWebsocketChannel that are open */
  GPtrArray          *messages;     /* of char, from all of them */
  gboolean            echo;
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
  options->handshake_timeout = 10;

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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/listener/echo", test_listener_echo);

  return g_test_run ();
}
