/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-notifier.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "private-bus.h"
#include "wait-for.h"

#define NO_ADDRESS ""

static const char interfaces[] =
  "<node>"
  " <interface name='org.freedesktop.Notifications'>"
  "  <method name='GetCapabilities'><arg type='as' direction='out'/></method>"
  "  <method name='Notify'>"
  "   <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
  "   <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>"
  "   <arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
  "   <arg type='u' direction='out'/>"
  "  </method>"
  "  <method name='CloseNotification'><arg type='u' direction='in'/></method>"
  " </interface>"
  " <interface name='org.freedesktop.portal.Notification'>"
  "  <method name='AddNotification'>"
  "   <arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
  "  </method>"
  "  <method name='RemoveNotification'><arg type='s' direction='in'/></method>"
  " </interface>"
  "</node>";

/* A bus, a service of a desktop on it, and the notifier that speaks to them. */
typedef struct
{
  PrivateBus            bus;
  const PrivateService *service;
  GPtrArray            *calls;        /* what the service was asked, as text */
  gboolean              mute;         /* does not answer Notify */
  const char           *capabilities;
  guint                 last_id;
  RudNotifier          *notifier;
  guint                 cancelled;
  guint                 complaints;
} Fixture;

static void
method_cb (const char            *method,
           GVariant              *parameters,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *arguments = g_variant_print (parameters, FALSE);
  g_auto(GStrv) capabilities = NULL;

  g_ptr_array_add (fixture->calls, g_strconcat (method, " ", arguments, NULL));
  if (g_str_equal (method, "GetCapabilities"))
    {
      capabilities = g_strsplit (fixture->capabilities, " ", -1);
      g_dbus_method_invocation_return_value (invocation,
                                             g_variant_new ("(^as)", capabilities));
    }
  else if (!g_str_equal (method, "Notify"))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else if (fixture->mute)
    g_object_unref (invocation);
  else
    g_dbus_method_invocation_return_value (invocation,
                                           g_variant_new ("(u)", ++fixture->last_id));
}

static const PrivateService desktop = {
  "org.freedesktop.Notifications",
  "/org/freedesktop/Notifications",
  "org.freedesktop.Notifications",
  interfaces,
  method_cb,
};

static const PrivateService portal = {
  "org.freedesktop.portal.Desktop",
  "/org/freedesktop/portal/desktop",
  "org.freedesktop.portal.Notification",
  interfaces,
  method_cb,
};

static void
cancel_cb (RudNotifier *notifier,
           guint        number,
           Fixture     *fixture)
{
  fixture->cancelled = number;
}

static void
log_cb (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        user_data)
{
  Fixture *fixture = user_data;

  g_test_message ("%s", message);
  fixture->complaints++;
}

static const char *
last_call (Fixture *fixture)
{
  return fixture->calls->len > 0 ? fixture->calls->pdata[fixture->calls->len - 1] : "";
}

/* Whether the last one was for @method; only then are all before it answered. */
static gboolean
was_called (Fixture    *fixture,
            const char *method)
{
  return g_str_has_prefix (last_call (fixture), method);
}

static void
assert_call (Fixture    *fixture,
             const char *part)
{
  if (strstr (last_call (fixture), part) == NULL)
    g_error ("%s is not in %s", part, last_call (fixture));
}

static void
start_bus (Fixture *fixture)
{
  private_bus_start (&fixture->bus);
  private_bus_add_service (&fixture->bus, fixture->service, fixture);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->service = data != NULL ? data : &desktop;
  fixture->capabilities = "actions body body-markup";
  fixture->calls = g_ptr_array_new_with_free_func (g_free);
  start_bus (fixture);

  fixture->notifier = rud_notifier_new (fixture->service == &portal);
  g_signal_connect (fixture->notifier, "cancel", G_CALLBACK (cancel_cb), fixture);
  g_log_set_handler ("runtimeuse", G_LOG_LEVEL_INFO, log_cb, fixture);
}

static void
stopped_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  gboolean *stopped = user_data;

  *stopped = rud_notifier_stop_finish (RUD_NOTIFIER (object), result, NULL);
}

static void
stop (Fixture *fixture)
{
  gboolean stopped = FALSE;

  rud_notifier_stop_async (fixture->notifier, stopped_cb, &stopped);
  wait_for (stopped);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop (fixture);
  wait_for (G_OBJECT (fixture->notifier)->ref_count == 1);
  g_assert_finalize_object (fixture->notifier);
  private_bus_stop (&fixture->bus);
  g_ptr_array_unref (fixture->calls);
  g_log_set_handler ("runtimeuse", G_LOG_LEVEL_INFO, g_log_default_handler, NULL);
}

static void
emit (Fixture    *fixture,
      const char *signal,
      GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;

  g_dbus_connection_emit_signal (fixture->bus.connection, NULL, fixture->service->path,
                                 fixture->service->interface, signal, parameters, &error);
  g_assert_no_error (error);
}

static void
test_running (Fixture       *fixture,
              gconstpointer  data)
{
  guint number;

  g_test_summary ("What runs has a button to cancel it, and is withdrawn");
  number = rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "a <title>", "a <body>");
  g_assert_cmpuint (number, >, 0);
  wait_for (was_called (fixture, "Notify"));
  assert_call (fixture, "'RuntimeUse', 0, '" APPLICATION_ID "', 'a <title>', 'a &lt;body&gt;', "
                        "['cancel', 'Cancel'], {");
  assert_call (fixture, "'urgency': <byte 0x00>");
  assert_call (fixture, "'desktop-entry': <'" APPLICATION_ID "'>");

  emit (fixture, "ActionInvoked", g_variant_new ("(us)", fixture->last_id + 1, "cancel"));
  emit (fixture, "ActionInvoked", g_variant_new ("(us)", fixture->last_id, "default"));
  emit (fixture, "ActionInvoked", g_variant_new ("(s)", "cancel"));
  emit (fixture, "ActionInvoked", g_variant_new ("(us)", fixture->last_id, "cancel"));
  wait_for (fixture->cancelled != 0);
  g_assert_cmpuint (fixture->cancelled, ==, number);

  rud_notifier_withdraw (fixture->notifier, number);
  wait_for (was_called (fixture, "CloseNotification"));
  assert_call (fixture, "(1,)");
  wait_for (private_bus_client_is_gone (&fixture->bus));
  rud_notifier_withdraw (fixture->notifier, number);
  g_assert_cmpuint (fixture->complaints, ==, 0);
}

static void
test_portal (Fixture       *fixture,
             gconstpointer  data)
{
  guint number;
  g_autofree char *id = NULL;
  GVariantBuilder none;

  g_test_summary ("Inside a Flatpak, the portal is asked");
  number = rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "a <title>", "a <body>");
  wait_for (was_called (fixture, "AddNotification"));
  assert_call (fixture, "'title': <'a <title>'>");
  assert_call (fixture, "'body': <'a <body>'>");
  assert_call (fixture, "'priority': <'low'>");
  assert_call (fixture, "'buttons': <[{'label': <'Cancel'>, 'action': <'cancel'>}]>");

  id = g_strdup_printf ("request-%d-%u", (int) getpid (), number);
  assert_call (fixture, id);
  g_variant_builder_init (&none, G_VARIANT_TYPE ("av"));
  emit (fixture, "ActionInvoked", g_variant_new ("(ssav)", id, "cancel", &none));
  wait_for (fixture->cancelled == number);

  rud_notifier_withdraw (fixture->notifier, number);
  wait_for (was_called (fixture, "RemoveNotification"));
  assert_call (fixture, id);
  wait_for (private_bus_client_is_gone (&fixture->bus));

  rud_notifier_show (fixture->notifier, RUD_NOTICE_FAILED, "title", "body");
  wait_for (was_called (fixture, "AddNotification"));
  assert_call (fixture, "'priority': <'normal'>");
  g_assert_null (strstr (last_call (fixture), "buttons"));
  wait_for (private_bus_client_is_gone (&fixture->bus));
}

static void
test_over (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("What is over is told, and stays when the connection goes");
  g_assert_cmpuint (rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "title", "body"), >, 0);
  wait_for (was_called (fixture, "Notify"));
  assert_call (fixture, "'body', [], {");
  g_assert_null (strstr (last_call (fixture), "desktop-entry"));
  wait_for (private_bus_client_is_gone (&fixture->bus));
}

static void
test_capabilities (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A service that knows neither buttons nor markup gets none");
  fixture->capabilities = "body";
  rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "a & b");
  wait_for (was_called (fixture, "Notify"));
  assert_call (fixture, "'a & b', [], {");
}

static void
test_dismissed (Fixture       *fixture,
                gconstpointer  data)
{
  guint number;

  g_test_summary ("One that the person has closed is forgotten");
  number = rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "body");
  wait_for (was_called (fixture, "Notify"));
  emit (fixture, "NotificationClosed", g_variant_new ("(uu)", fixture->last_id, 2));
  wait_for (private_bus_client_is_gone (&fixture->bus));
  rud_notifier_withdraw (fixture->notifier, number);
  g_assert_true (was_called (fixture, "Notify"));
}

static void
test_withdrawn_early (Fixture       *fixture,
                      gconstpointer  data)
{
  guint number;

  g_test_summary ("One that is withdrawn before there is a connection is never shown");
  number = rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "body");
  rud_notifier_withdraw (fixture->notifier, number);
  rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "other", "body");
  wait_for (was_called (fixture, "Notify"));
  assert_call (fixture, "'other'");
  g_assert_cmpuint (fixture->last_id, ==, 1);
  wait_for (private_bus_client_is_gone (&fixture->bus));
}

static void
test_too_many (Fixture       *fixture,
               gconstpointer  data)
{
  guint shown = 0;

  g_test_summary ("There is a bound");
  while (rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "body") != 0)
    shown++;
  g_assert_cmpuint (shown, ==, 16);
  wait_for (fixture->last_id == shown);
  stop (fixture);
  wait_for (was_called (fixture, "CloseNotification"));
  g_assert_cmpuint (fixture->calls->len, ==, 1 + 2 * shown);
  g_assert_cmpuint (rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "a", "b"), ==, 0);
}

static void
test_no_service (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A bus without the service costs one line in the log, until it is there");
  private_bus_drop_service (&fixture->bus);
  for (int i = 0; i < 3; i++)
    rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "title", "body");
  wait_for (fixture->complaints == 1);
  rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "title", "body");
  stop (fixture);
  g_assert_cmpuint (fixture->complaints, ==, 1);
}

static void
test_mute_service (Fixture       *fixture,
                   gconstpointer  data)
{
  gint64 start;

  g_test_summary ("A service that does not answer does not delay the end for long");
  fixture->mute = TRUE;
  rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "body");
  wait_for (was_called (fixture, "Notify"));
  start = g_get_monotonic_time ();
  stop (fixture);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
}

static void
test_over_and_stop (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What is over is told, although the program ends with it");
  rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "title", "body");
  stop (fixture);
  g_assert_true (was_called (fixture, "Notify"));
}

static void
test_no_desktop (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Without a bus nothing is shown, and nothing is said of that");
  private_bus_stop (&fixture->bus);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", NO_ADDRESS, TRUE);
  g_assert_cmpuint (rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "a", "b"), ==, 0);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "autolaunch:", TRUE);
  g_assert_cmpuint (rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "a", "b"), ==, 0);
  stop (fixture);
  g_assert_cmpuint (fixture->complaints, ==, 0);
}

/* Returns a listener whose clients wait for ever. */
static GSocket *
listen_in_silence (const char *path)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GError) error = NULL;
  GSocket *socket;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, address, FALSE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));

  return socket;
}

static void
test_hanging_bus (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (folder, "bus", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);
  g_autoptr(GSocket) socket = listen_in_silence (path);
  gint64 start = g_get_monotonic_time ();

  g_test_summary ("A bus that hangs delays nothing, and is given up");
  private_bus_stop (&fixture->bus);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  g_assert_cmpuint (rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "a", "b"), >, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  wait_for (fixture->complaints == 1);

  /* The end does not wait for it either. */
  start = g_get_monotonic_time ();
  rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "a", "b");
  stop (fixture);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  g_socket_close (socket, NULL);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_bus_goes (Fixture       *fixture,
               gconstpointer  data)
{
  guint number;

  g_test_summary ("A bus that goes away takes the notices with it, not the program");
  number = rud_notifier_show (fixture->notifier, RUD_NOTICE_RUNNING, "title", "body");
  wait_for (was_called (fixture, "Notify"));
  private_bus_stop (&fixture->bus);
  wait_for (fixture->complaints == 1);
  rud_notifier_withdraw (fixture->notifier, number);

  start_bus (fixture);
  rud_notifier_show (fixture->notifier, RUD_NOTICE_OVER, "again", "body");
  wait_for (strstr (last_call (fixture), "'again'") != NULL);
  wait_for (private_bus_client_is_gone (&fixture->bus));
}

#define add(name, service, function) \
  g_test_add ("/notifier/" name, Fixture, service, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("running", NULL, test_running);
  add ("portal", &portal, test_portal);
  add ("over", NULL, test_over);
  add ("capabilities", NULL, test_capabilities);
  add ("dismissed", NULL, test_dismissed);
  add ("withdrawn-early", NULL, test_withdrawn_early);
  add ("too-many", NULL, test_too_many);
  add ("no-service", NULL, test_no_service);
  add ("mute-service", NULL, test_mute_service);
  add ("over-and-stop", NULL, test_over_and_stop);
  add ("no-desktop", NULL, test_no_desktop);
  add ("hanging-bus", NULL, test_hanging_bus);
  add ("bus-goes", NULL, test_bus_goes);

  return g_test_run ();
}
