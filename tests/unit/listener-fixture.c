/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "listener-fixture.h"

#include <string.h>

static void
message_cb (RuntimeUseChannel *channel,
            GBytes            *message,
            gpointer           user_data)
{
  ListenerFixture *fixture = user_data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);

  g_assert_true (g_main_context_get_thread_default () == NULL ||
                 g_main_context_get_thread_default () == g_main_context_default ());
  g_ptr_array_add (fixture->messages, g_strndup (bytes, length));
  if (fixture->echo)
    runtime_use_channel_send (channel, message);
}

/* More than the sockets on both sides hold. */
guint
listener_fixture_fill (ListenerFixture *fixture,
                       gsize            more)
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
  ListenerFixture *fixture = user_data;

  g_assert_false (runtime_use_channel_is_full (channel));
  fixture->n_drained++;
  if (fixture->is_producing)
    listener_fixture_fill (fixture, 0);
}

static void
closed_cb (RuntimeUseChannel *channel,
           gpointer           user_data)
{
  ListenerFixture *fixture = user_data;

  fixture->n_closed++;
  g_signal_handlers_disconnect_by_data (channel, fixture);
  g_ptr_array_remove (fixture->channels, channel);
}

static void
opened_cb (RuntimeUseConnection       *connection,
           RuntimeUseWebsocketChannel *channel,
           gpointer                    user_data)
{
  ListenerFixture *fixture = user_data;

  fixture->n_opened++;
  g_ptr_array_add (fixture->channels, g_object_ref (channel));
  g_signal_connect (channel, "message", G_CALLBACK (message_cb), fixture);
  g_signal_connect (channel, "drained", G_CALLBACK (drained_cb), fixture);
  g_signal_connect (channel, "closed", G_CALLBACK (closed_cb), fixture);
}

static void
refused_cb (gpointer user_data)
{
  ListenerFixture *fixture = user_data;

  fixture->n_refused++;
}

static void
gone_cb (RuntimeUseConnection *connection,
         gpointer              user_data)
{
  ListenerFixture *fixture = user_data;

  fixture->n_gone++;
}

const RuntimeUseListenerEvents listener_fixture_events = {
  .opened = opened_cb,
  .refused = refused_cb,
  .gone = gone_cb,
};

void
listener_fixture_init (ListenerFixture             *fixture,
                       RuntimeUseConnectionOptions *options,
                       guint                        max_connections)
{
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  RuntimeUseListenPlan plan = { .main_addresses = addresses, .backlog = 128 };
  g_autoptr(GError) error = NULL;

  *fixture = (ListenerFixture) { 0 };
  fixture->echo = TRUE;
  fixture->channels = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->messages = g_ptr_array_new_with_free_func (g_free);
  fixture->listener = _runtime_use_listener_new (options, max_connections, NULL,
                                                 &listener_fixture_events, fixture);

  g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  _runtime_use_listener_start (fixture->listener, &plan, &error);
  g_assert_no_error (error);
}

RuntimeUseConnectionOptions *
listener_options_new (void)
{
  RuntimeUseConnectionOptions *options = g_new0 (RuntimeUseConnectionOptions, 1);

  options->uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE, NULL);
  options->max_message_size = 1024 * 1024;
  options->handshake_timeout = 10000;
  options->close_timeout = 5000;
  options->linger_timeout = 3000;

  return options;
}

void
listener_fixture_clear (ListenerFixture *fixture)
{
  _runtime_use_listener_free (fixture->listener);
  for (guint i = 0; i < fixture->channels->len; i++)
    g_signal_handlers_disconnect_by_data (fixture->channels->pdata[i], fixture);
  g_ptr_array_unref (fixture->channels);
  g_ptr_array_unref (fixture->messages);
}

RawClient *
listener_fixture_connect (ListenerFixture *fixture)
{
  guint n_opened = fixture->n_opened;
  RawClient *client = raw_client_new_open (listener_fixture_get_port (fixture));

  raw_wait_for (fixture->n_opened > n_opened);

  return client;
}

guint
listener_fixture_get_port (const ListenerFixture *fixture)
{
  return _runtime_use_listener_get_port (fixture->listener);
}
