/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notify.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* What a test may take in all; nothing here waits for time to pass. */
#define DEADLINE 20

typedef struct
{
  GSocket *socket;    /* of the manager */
  char    *folder;
  char    *name;      /* as in NOTIFY_SOCKET */
} Fixture;

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("nothing came");

  return G_SOURCE_REMOVE;
}

static void
fixture_bind (Fixture                *fixture,
              GUnixSocketAddressType  type,
              const char             *name)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new_with_type (name, -1, type);
  g_autoptr(GError) error = NULL;

  fixture->socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_bind (fixture->socket, address, FALSE, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (fixture->socket, FALSE);
}

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  test_data)
{
  fixture->folder = g_dir_make_tmp ("notify-XXXXXX", NULL);
  fixture->name = g_build_filename (fixture->folder, "socket", NULL);
  fixture_bind (fixture, G_UNIX_SOCKET_ADDRESS_PATH, fixture->name);
  g_setenv ("NOTIFY_SOCKET", fixture->name, TRUE);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  test_data)
{
  g_object_unref (fixture->socket);
  g_unlink (fixture->name);
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->name);
}

/* Returns: (nullable): what has come */
static char *
take (Fixture *fixture)
{
  char buffer[4096];
  gssize n = g_socket_receive (fixture->socket, buffer, sizeof buffer, NULL, NULL);

  return n >= 0 ? g_strndup (buffer, n) : NULL;
}

static char *
wait_for (Fixture *fixture)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, deadline_cb, NULL);
  g_autoptr(GSource) source = g_socket_create_source (fixture->socket, G_IO_IN, NULL);
  char *text = NULL;

  /* Only so that the context wakes up. */
  g_source_set_dummy_callback (source);
  g_source_attach (source, NULL);
  while ((text = take (fixture)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
  g_source_remove (deadline);

  return text;
}

static void
assert_next (Fixture    *fixture,
             const char *expected)
{
  g_autofree char *text = wait_for (fixture);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_nothing (Fixture *fixture)
{
  g_assert_null (take (fixture));
}

static void
test_order (Fixture       *fixture,
            gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = rud_notify_new ();

  g_test_summary ("The manager hears of the start, of the state when it differs, and of the end");

  g_assert_true (rud_notify_is_wanted (notify));
  g_assert_null (g_getenv ("NOTIFY_SOCKET"));
  assert_nothing (fixture);

  rud_notify_ready (notify, "no session");
  assert_next (fixture, "READY=1\nSTATUS=no session\n");
  rud_notify_status (notify, "no session");
  assert_nothing (fixture);
  rud_notify_status (notify, "two\nlines\r");
  assert_next (fixture, "STATUS=two lines \n");
  rud_notify_stopping (notify, "stopping", 0);
  assert_next (fixture, "STOPPING=1\nSTATUS=stopping\n");
}

static void
test_extended (Fixture       *fixture,
               gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = rud_notify_new ();

  g_test_summary ("Who needs longer to stop says how long");

  rud_notify_stopping (notify, NULL, 3600);
  assert_next (fixture, "STOPPING=1\nEXTEND_TIMEOUT_USEC=3610000000\n");
}

static void
test_long_status (Fixture       *fixture,
                  gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = rud_notify_new ();
  g_autofree char *status = g_strnfill (100000, 'x');
  g_autofree char *text = NULL;

  g_test_summary ("A state is no longer than a line");

  rud_notify_status (notify, status);
  text = wait_for (fixture);
  g_assert_cmpuint (strlen (text), <, 300);
}

static void
test_full (Fixture       *fixture,
           gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = rud_notify_new ();
  gboolean ready = FALSE;
  gboolean stopping = FALSE;
  guint n_sent = 0;

  g_test_summary ("A manager that does not read loses states, but neither start nor end");

  /* The kernel keeps a few for it. */
  for (; n_sent < 5000; n_sent++)
    {
      g_autofree char *status = g_strdup_printf ("%u", n_sent);

      rud_notify_status (notify, status);
    }
  rud_notify_ready (notify, "ready");
  rud_notify_stopping (notify, "the last", 0);

  while (!ready || !stopping)
    {
      g_autofree char *text = wait_for (fixture);

      ready = ready || strstr (text, "READY=1\n") != NULL;
      stopping = stopping || strstr (text, "STOPPING=1\nSTATUS=the last\n") != NULL;
      g_assert_true (ready || !stopping);
    }
}

static void
test_follow (Fixture       *fixture,
             gconstpointer  test_data)
{
  g_autoptr(RuntimeUseServer) server = runtime_use_server_new ();
  g_autoptr(RudStatus) status = rud_status_new (server, "echo");
  g_autoptr(RudNotify) notify = rud_notify_new ();

  g_test_summary ("The state is how much there is to do, until we stop");

  rud_notify_ready (notify, NULL);
  assert_next (fixture, "READY=1\n");
  rud_notify_follow (notify, status);
  assert_next (fixture, "STATUS=0 sessions, 0 requests at work\n");
  g_signal_emit_by_name (status, "changed");
  rud_notify_status (notify, "other");
  assert_next (fixture, "STATUS=other\n");
  assert_next (fixture, "STATUS=0 sessions, 0 requests at work\n");

  g_signal_emit_by_name (status, "changed");
  rud_notify_stopping (notify, "stopping", 0);
  assert_next (fixture, "STOPPING=1\nSTATUS=stopping\n");
  g_assert_false (g_signal_has_handler_pending (status, g_signal_lookup ("changed",
                                                                         RUD_TYPE_STATUS),
                                                0, FALSE));
}

static void
test_abstract (void)
{
  Fixture fixture = { 0 };
  g_autofree char *name = g_strdup_printf ("runtimeuse-test-notify-%d", (int) getpid ());
  g_autofree char *variable = g_strconcat ("@", name, NULL);
  g_autoptr(RudNotify) notify = NULL;

  g_test_summary ("The manager may have an address that is in no folder");

  fixture_bind (&fixture, G_UNIX_SOCKET_ADDRESS_ABSTRACT, name);
  g_setenv ("NOTIFY_SOCKET", variable, TRUE);
  notify = rud_notify_new ();
  rud_notify_ready (notify, NULL);
  assert_next (&fixture, "READY=1\n");
  g_object_unref (fixture.socket);
}

static void
test_watchdog (Fixture       *fixture,
               gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  gint64 begin;

  g_test_summary ("Signs of life come as often again as they are wanted, once we are ready");

  g_setenv ("WATCHDOG_USEC", "200000", TRUE);
  g_setenv ("WATCHDOG_PID", pid, TRUE);
  notify = rud_notify_new ();
  g_assert_null (g_getenv ("WATCHDOG_USEC"));
  g_assert_null (g_getenv ("WATCHDOG_PID"));

  begin = g_get_monotonic_time ();
  rud_notify_ready (notify, NULL);
  assert_next (fixture, "READY=1\n");
  assert_next (fixture, "WATCHDOG=1\n");
  assert_next (fixture, "WATCHDOG=1\n");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 190000);
  rud_notify_stopping (notify, NULL, 0);
  assert_next (fixture, "STOPPING=1\n");
  /* While it ends as well. */
  assert_next (fixture, "WATCHDOG=1\n");
}

static void
assert_no_watchdog (Fixture    *fixture,
                    const char *pid,
                    const char *interval)
{
  g_autoptr(RudNotify) notify = NULL;
  gint64 end;

  g_setenv ("NOTIFY_SOCKET", fixture->name, TRUE);
  g_setenv ("WATCHDOG_PID", pid, TRUE);
  g_setenv ("WATCHDOG_USEC", interval, TRUE);
  notify = rud_notify_new ();
  rud_notify_ready (notify, NULL);
  assert_next (fixture, "READY=1\n");

  /* A source that came first would have told by then. */
  end = g_get_monotonic_time () + 20000;
  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  assert_nothing (fixture);
}

static void
test_watchdog_of_others (Fixture       *fixture,
                         gconstpointer  test_data)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());

  g_test_summary ("A watchdog of another process, or one that makes no sense, gets no signs");

  assert_no_watchdog (fixture, "1", "2000");
  assert_no_watchdog (fixture, "x", "2000");
  g_test_expect_message ("runtimeuse", G_LOG_LEVEL_WARNING, "WATCHDOG_USEC: *");
  assert_no_watchdog (fixture, pid, "often");
  g_test_assert_expected_messages ();
}

static void
test_absent (void)
{
  const char * const addresses[] = { "relative", "/", "@", "vsock:2:1234" };
  g_autofree char *longer = g_strnfill (200, '/');
  RudNotify *notify;

  g_test_summary ("Without a manager nothing is told, and an address that is none is named");

  g_unsetenv ("NOTIFY_SOCKET");
  notify = rud_notify_new ();
  g_assert_false (rud_notify_is_wanted (notify));
  rud_notify_ready (notify, "ready");
  rud_notify_status (notify, "busy");
  rud_notify_stopping (notify, "over", 1);
  rud_notify_free (notify);

  for (gsize i = 0; i <= G_N_ELEMENTS (addresses); i++)
    {
      g_setenv ("NOTIFY_SOCKET", i < G_N_ELEMENTS (addresses) ? addresses[i] : longer, TRUE);
      g_test_expect_message ("runtimeuse", G_LOG_LEVEL_WARNING, "NOTIFY_SOCKET: * is no address *");
      notify = rud_notify_new ();
      g_test_assert_expected_messages ();
      g_assert_false (rud_notify_is_wanted (notify));
      rud_notify_free (notify);
    }
}

static const RudConfigValue *
look_up_drain_timeout (RudConfig *config)
{
  return rud_config_lookup (config, RUD_CONFIG_MAIN, "drain-timeout");
}

static void
test_defaults (Fixture       *fixture,
               gconstpointer  test_data)
{
  g_autoptr(RudConfig) config = rud_config_new ();
  g_autoptr(RudConfig) other = rud_config_new ();
  g_autoptr(RudNotify) notify = rud_notify_new ();
  g_autoptr(RudNotify) absent = rud_notify_new ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("With a manager requests have time to end, unless something else is set");

  rud_notify_set_defaults (absent, config);
  g_assert_cmpuint (look_up_drain_timeout (config)->number, ==, 0);
  g_assert_cmpint (look_up_drain_timeout (config)->source, ==, RUD_CONFIG_DEFAULT);

  rud_notify_set_defaults (notify, config);
  g_assert_cmpuint (look_up_drain_timeout (config)->number, ==, 20);
  g_assert_cmpint (look_up_drain_timeout (config)->source, ==, RUD_CONFIG_ENVIRONMENT);
  g_assert_cmpstr (look_up_drain_timeout (config)->where, ==, "NOTIFY_SOCKET");

  rud_config_add_option (other, RUD_CONFIG_MAIN, "drain-timeout", "0");
  g_assert_true (rud_config_load (other, &error));
  g_assert_no_error (error);
  rud_notify_set_defaults (notify, other);
  g_assert_cmpuint (look_up_drain_timeout (other)->number, ==, 0);
  g_assert_cmpint (look_up_drain_timeout (other)->source, ==, RUD_CONFIG_OPTION);
  assert_nothing (fixture);
}

static void
test_gone (Fixture       *fixture,
           gconstpointer  test_data)
{
  g_autoptr(RudNotify) notify = rud_notify_new ();

  g_test_summary ("A manager that went away is named once for each thing it is told");

  g_unlink (fixture->name);
  g_test_expect_message ("runtimeuse", G_LOG_LEVEL_WARNING, "Cannot tell the service manager: *");
  rud_notify_ready (notify, NULL);
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(path, func) \
  g_test_add ("/notify/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("order", test_order);
  ADD ("extended", test_extended);
  ADD ("long-status", test_long_status);
  ADD ("full", test_full);
  ADD ("watchdog", test_watchdog);
  ADD ("watchdog-of-others", test_watchdog_of_others);
  ADD ("follow", test_follow);
  ADD ("defaults", test_defaults);
  ADD ("gone", test_gone);
  g_test_add_func ("/notify/abstract", test_abstract);
  g_test_add_func ("/notify/absent", test_absent);

  return g_test_run ();
}
