/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-background.h"

#include <glib/gstdio.h>

#include "private-bus.h"
#include "wait-for.h"

#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define OTHER_PATH PORTAL_PATH "/request/other"

static const char interfaces[] =
  "<node>"
  " <interface name='org.freedesktop.portal.Background'>"
  "  <method name='RequestBackground'>"
  "   <arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
  "   <arg type='o' direction='out'/>"
  "  </method>"
  " </interface>"
  "</node>";

typedef struct
{
  PrivateBus     bus;
  char          *info;
  RudBackground *background;
  gboolean       other_path;   /* answers elsewhere */
  char          *asked;        /* (nullable): the arguments */
  char          *path;         /* where the answer is waited for */
  GString       *log;
} Fixture;

static void
method_cb (const char            *method,
           GVariant              *parameters,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  Fixture *fixture = user_data;
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  g_autofree char *name = g_strdelimit (g_strdup (sender + 1), ".", '_');

  g_assert_null (fixture->asked);
  fixture->asked = g_variant_print (parameters, FALSE);
  fixture->path = fixture->other_path ? g_strdup (OTHER_PATH)
                                      : g_strdup_printf (PORTAL_PATH "/request/%s/runtimeuse",
                                                         name);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", fixture->path));
}

static void
log_cb (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->log, "%s\n", message);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  const PrivateService service = {
    data != NULL ? data : "org.freedesktop.portal.Desktop",
    PORTAL_PATH,
    "org.freedesktop.portal.Background",
    interfaces,
    method_cb,
  };
  int fd;

  private_bus_start (&fixture->bus);
  private_bus_add_service (&fixture->bus, &service, fixture);

  fd = g_file_open_tmp ("info-XXXXXX", &fixture->info, NULL);
  g_close (fd, NULL);
  g_file_set_contents (fixture->info, "[Application]\nname=org.example.Test\n", -1, NULL);
  fixture->log = g_string_new (NULL);
  g_log_set_handler ("runtimeuse", G_LOG_LEVEL_INFO | G_LOG_LEVEL_MESSAGE, log_cb, fixture);
  fixture->background = rud_background_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rud_background_stop (fixture->background);
  wait_for (G_OBJECT (fixture->background)->ref_count == 1);
  g_assert_finalize_object (fixture->background);
  private_bus_stop (&fixture->bus);
  g_log_set_handler ("runtimeuse", G_LOG_LEVEL_INFO | G_LOG_LEVEL_MESSAGE, g_log_default_handler,
                     NULL);
  g_unlink (fixture->info);
  g_string_free (fixture->log, TRUE);
  g_free (fixture->info);
  g_free (fixture->asked);
  g_free (fixture->path);
}

static void
answer (Fixture    *fixture,
        const char *parameters)
{
  g_dbus_connection_emit_signal (fixture->bus.connection, NULL, fixture->path,
                                 "org.freedesktop.portal.Request", "Response",
                                 g_variant_new_parsed (parameters), NULL);
}

static void
test_allowed (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("It is asked for once, and a yes is nothing to talk of");
  rud_background_request (fixture->background, fixture->info);
  rud_background_request (fixture->background, fixture->info);
  wait_for (fixture->asked != NULL);
  g_assert_nonnull (strstr (fixture->asked, "'autostart': <false>"));
  g_assert_nonnull (strstr (fixture->asked, "'reason': <'Runs agents"));
  answer (fixture, "(uint32 0, {'background': <true>, 'autostart': <false>})");
  wait_for (private_bus_client_is_gone (&fixture->bus));
  g_assert_cmpstr (fixture->log->str, ==, "");
}

static void
test_denied (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("After a no, the log says what to do; a portal may answer elsewhere");
  fixture->other_path = TRUE;
  rud_background_request (fixture->background, fixture->info);
  wait_for (fixture->asked != NULL);
  /* Until it knows where. */
  while (!private_bus_client_is_gone (&fixture->bus))
    {
      answer (fixture, "(uint32 0, {'background': <false>})");
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_nonnull (strstr (fixture->log->str,
                            "flatpak permission-set background background org.example.Test yes"));
}

static void
test_no_portal (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("Without the portal there is a line in the log");
  rud_background_request (fixture->background, fixture->info);
  wait_for (fixture->log->len > 0);
  g_assert_nonnull (strstr (fixture->log->str, "Cannot ask to run in the background"));
}

static void
test_bus_goes (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A bus that goes away before the answer is nothing to end for");
  rud_background_request (fixture->background, fixture->info);
  wait_for (fixture->asked != NULL);
  private_bus_stop (&fixture->bus);
  wait_for (G_OBJECT (fixture->background)->ref_count == 1);
}

static void
test_outside (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Outside of a Flatpak nothing is asked");
  rud_background_request (fixture->background, "/nonexistent");
  g_assert_cmpuint (G_OBJECT (fixture->background)->ref_count, ==, 1);
}

#define add(name, data, function) \
  g_test_add ("/background/" name, Fixture, data, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add ("allowed", NULL, test_allowed);
  add ("denied", NULL, test_denied);
  add ("no-portal", "org.example.Other", test_no_portal);
  add ("bus-goes", NULL, test_bus_goes);
  add ("outside", NULL, test_outside);

  return g_test_run ();
}
