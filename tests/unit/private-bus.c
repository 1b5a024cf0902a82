/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "private-bus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

static const char configuration[] =
  "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN'"
  " 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>"
  "<busconfig>"
  " <type>session</type>"
  " <listen>unix:tmpdir=/tmp</listen>"
  " <policy context='default'>"
  "  <allow send_destination='*' eavesdrop='true'/>"
  "  <allow eavesdrop='true'/>"
  "  <allow own='*'/>"
  " </policy>"
  "</busconfig>";

/* It ends with the test, however that does. */
static void
child_setup (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* It becomes the session bus of this process. */
void
private_bus_start (PrivateBus *self)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GDataInputStream) output = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *file = NULL;
  g_autofree char *option = NULL;
  int fd = g_file_open_tmp ("bus-XXXXXX.conf", &file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (file, configuration, -1, &error);
  g_assert_no_error (error);

  option = g_strconcat ("--config-file=", file, NULL);
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                        G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_child_setup (launcher, child_setup, NULL, NULL);
  self->daemon = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", "--nofork",
                                              "--print-address=1", option, NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->daemon));
  self->address = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->address);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", self->address, TRUE);
  g_unlink (file);
}

/* One that is killed leaves it. */
static void
remove_socket (PrivateBus *self)
{
  const char *path = strstr (self->address, "path=");
  g_autofree char *name = NULL;

  if (path == NULL)
    return;

  path += strlen ("path=");
  name = g_strndup (path, strcspn (path, ","));
  g_unlink (name);
}

void
private_bus_stop (PrivateBus *self)
{
  g_clear_pointer (&self->client, g_free);
  if (self->daemon == NULL)
    return;

  g_subprocess_force_exit (self->daemon);
  g_subprocess_wait (self->daemon, NULL, NULL);
  remove_socket (self);
  g_clear_object (&self->daemon);
  g_clear_pointer (&self->address, g_free);
  private_bus_drop_service (self);
}

static GVariant *
ask (PrivateBus *self,
     const char *method,
     GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;
  GVariant *reply;

  reply = g_dbus_connection_call_sync (self->connection, "org.freedesktop.DBus",
                                       "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                       parameters, NULL, 0, -1, NULL, &error);
  g_assert_no_error (error);

  return reply;
}

static void
method_cb (GDBusConnection       *connection,
           const char            *sender,
           const char            *path,
           const char            *interface,
           const char            *method,
           GVariant              *parameters,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  PrivateBus *self = user_data;

  g_free (self->client);
  self->client = g_strdup (sender);
  self->func (method, parameters, invocation, self->user_data);
}

/* One at a time. */
void
private_bus_add_service (PrivateBus           *self,
                         const PrivateService *service,
                         gpointer              user_data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_cb };
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (service->interfaces, &error);
  g_autoptr(GVariant) reply = NULL;

  g_assert_no_error (error);
  self->func = service->func;
  self->user_data = user_data;
  self->connection =
    g_dbus_connection_new_for_address_sync (self->address,
                                            G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                            NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_register_object (self->connection, service->path,
                                     g_dbus_node_info_lookup_interface (node, service->interface),
                                     &vtable, self, NULL, &error);
  g_assert_no_error (error);
  reply = ask (self, "RequestName", g_variant_new ("(su)", service->name, 0));
}

void
private_bus_drop_service (PrivateBus *self)
{
  if (self->connection != NULL)
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_clear_object (&self->connection);
}

/* Only while there is a service, which asks. */
gboolean
private_bus_client_is_gone (PrivateBus *self)
{
  g_autoptr(GVariant) reply = ask (self, "NameHasOwner", g_variant_new ("(s)", self->client));
  gboolean is_there;

  g_variant_get (reply, "(b)", &is_there);

  return !is_there;
}
