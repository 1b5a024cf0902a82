/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-bus.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "private-bus.h"
#include "wait-for.h"

typedef struct
{
  char    *folder;
  char    *path;      /* where a bus is looked for in it */
  GSocket *listener;  /* (nullable): at the path */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->folder = g_dir_make_tmp (NULL, NULL);
  fixture->path = g_build_filename (fixture->folder, "bus", NULL);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_setenv ("XDG_RUNTIME_DIR", fixture->folder, TRUE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->listener);
  g_unlink (fixture->path);
  g_assert_no_errno (g_rmdir (fixture->folder));
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
listen_at_path (Fixture *fixture)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (fixture->path);
  g_autoptr(GError) error = NULL;

  fixture->listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (fixture->listener, address, FALSE, NULL));
  g_assert_true (g_socket_listen (fixture->listener, NULL));
}

static void
assert_address (const char *expected)
{
  g_autofree char *address = rud_session_bus_find_address ();

  g_assert_cmpstr (address, ==, expected);
}

static void
assert_there (gboolean    expected,
              const char *expected_name)
{
  g_autofree char *name = NULL;

  g_assert_cmpint (rud_session_bus_is_there (&name), ==, expected);
  g_assert_cmpstr (name, ==, expected_name);
}

static void
test_variable (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The variable comes first, unless it would start a bus");
  listen_at_path (fixture);

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/a%20b,guid=12", TRUE);
  assert_address ("unix:path=/nonexistent/a%20b,guid=12");
  assert_there (FALSE, "/nonexistent/a b");

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=x", TRUE);
  assert_address ("unix:abstract=x");
  assert_there (TRUE, "unix:abstract=x");

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "autolaunch:", TRUE);
  assert_address (NULL);
  assert_there (FALSE, NULL);
}

static void
test_socket (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *address = g_strconcat ("unix:path=", fixture->path, NULL);

  g_test_summary ("Without the variable, it is the socket in XDG_RUNTIME_DIR");
  assert_address (NULL);
  listen_at_path (fixture);
  assert_address (address);
  assert_there (TRUE, fixture->path);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "", TRUE);
  assert_address (address);

  /* Of one that has ended the socket is left. */
  g_clear_object (&fixture->listener);
  assert_address (address);
  assert_there (FALSE, fixture->path);

  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_address (NULL);
  g_setenv ("XDG_RUNTIME_DIR", ".", TRUE);
  assert_address (NULL);
}

static void
test_no_socket (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A file that is no socket is no bus");
  g_assert_true (g_file_set_contents (fixture->path, "", -1, NULL));
  assert_address (NULL);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

static void
test_open (Fixture       *fixture,
           gconstpointer  data)
{
  PrivateBus bus = { NULL };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GDBusConnection) connection = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is opened is a connection of its own, and cannot be cancelled any more");
  private_bus_start (&bus);
  rud_session_bus_open_async (bus.address, 10000, cancellable, opened_cb, &result);
  wait_for (result != NULL);
  connection = rud_session_bus_open_finish (result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (g_dbus_connection_get_unique_name (connection));

  g_cancellable_cancel (cancellable);
  g_assert_true (g_dbus_connection_flush_sync (connection, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_dbus_connection_close_sync (connection, NULL, &error));
  g_assert_no_error (error);
  private_bus_stop (&bus);
}

static void
test_no_bus (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Where nobody listens, that is said at once");
  rud_session_bus_open_async ("unix:path=/nonexistent", 10000, NULL, opened_cb, &result);
  wait_for (result != NULL);
  g_assert_null (rud_session_bus_open_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
open_silent (const char   *address,
             guint         milliseconds,
             GCancellable *cancellable,
             int           expected)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  rud_session_bus_open_async (address, milliseconds, cancellable, opened_cb, &result);
  if (cancellable != NULL)
    {
      for (guint i = 0; i < 100; i++)
        g_main_context_iteration (NULL, FALSE);
      g_cancellable_cancel (cancellable);
    }

  wait_for (result != NULL);
  g_assert_null (rud_session_bus_open_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, expected);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
}

static void
test_silent (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *address = g_strconcat ("unix:path=", fixture->path, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_test_summary ("A bus that says nothing is given up");
  listen_at_path (fixture);
  open_silent (address, 100, NULL, G_IO_ERROR_TIMED_OUT);
  open_silent (address, 60000, cancellable, G_IO_ERROR_CANCELLED);
  open_silent (address, 60000, cancellable, G_IO_ERROR_CANCELLED);
}

static GDBusMessage *
swallow (GDBusConnection *connection,
         GDBusMessage    *message,
         gboolean         incoming,
         gpointer         user_data)
{
  g_atomic_int_inc ((int *) user_data);
  g_object_unref (message);

  return NULL;
}

static gboolean
connection_cb (GDBusServer     *server,
               GDBusConnection *connection,
               gpointer         user_data)
{
  g_dbus_connection_add_filter (connection, swallow, user_data, NULL);
  g_object_set_data_full (G_OBJECT (server), "connection", g_object_ref (connection),
                          g_object_unref);

  return TRUE;
}

static void
test_no_hello (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *address = g_strconcat ("unix:path=", fixture->path, NULL);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr(GDBusServer) server = NULL;
  g_autoptr(GError) error = NULL;
  int n_messages = 0;

  g_test_summary ("A bus that answers no call, not even the first, is given up");
  server = g_dbus_server_new_sync (address,
                                   G_DBUS_SERVER_FLAGS_RUN_IN_THREAD, guid, NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (server, "new-connection", G_CALLBACK (connection_cb), &n_messages);
  g_dbus_server_start (server);
  open_silent (address, 2000, NULL, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_atomic_int_get (&n_messages), >, 0);
  g_dbus_server_stop (server);
}

#define add(name, function) \
  g_test_add ("/session-bus/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("variable", test_variable);
  add ("socket", test_socket);
  add ("no-socket", test_no_socket);
  add ("open", test_open);
  add ("no-bus", test_no_bus);
  add ("silent", test_silent);
  add ("no-hello", test_no_hello);

  return g_test_run ();
}
