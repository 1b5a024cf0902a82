/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "private-bus.h"

#include <glib/gstdio.h>
#include <signal.h>
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

void
private_bus_stop (PrivateBus *self)
{
  if (self->daemon == NULL)
    return;

  g_subprocess_force_exit (self->daemon);
  g_subprocess_wait (self->daemon, NULL, NULL);
  g_clear_object (&self->daemon);
  g_clear_pointer (&self->address, g_free);
}
