/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor-desktop.h"

#include "rud-check.h"
#include "rud-flatpak.h"
#include "rud-scopes.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static RudCheck *
add_check (GPtrArray  *checks,
           const char *name,
           const char *purpose)
{
  RudCheck *check = rud_check_new (name, purpose);

  g_ptr_array_add (checks, check);

  return check;
}

static void
set_missing (RudCheck   *check,
             const char *advice)
{
  check->state = RUD_CHECK_MISSING;
  check->advice = g_strdup (advice);
}

/* Only the address of a socket in the file system can be told from the outside. */
static char *
find_bus_socket (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *path = address != NULL ? strstr (address, "unix:path=") : NULL;

  if (path != NULL)
    {
      path += strlen ("unix:path=");
      return g_strndup (path, strcspn (path, ",;"));
    }

  return address == NULL ? g_build_filename (g_get_user_runtime_dir (), "bus", NULL) : NULL;
}

static gboolean
can_connect (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  gboolean connected;

  if (fd < 0)
    return FALSE;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  connected = connect (fd, (struct sockaddr *) &address, sizeof address) == 0;
  close (fd);

  return connected;
}

static void
check_session_bus (GPtrArray *checks)
{
  RudCheck *check = add_check (checks, "session-bus", _("the D-Bus interface of the desktop"));
  g_autofree char *path = find_bus_socket ();
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  gboolean there = path != NULL ? can_connect (path) : address != NULL && address[0] != '\0';

  if (there)
    check->value = g_strdup (path != NULL ? path : address);
  else
    set_missing (check, _("Clients on the desktop do not see this program; start it inside: "
                          "dbus-run-session"));
}

/* Inside of one commands run inside as well, unless the user lets them out. */
static void
check_flatpak (GPtrArray *checks)
{
  RudCheck *check = add_check (checks, "flatpak", _("commands outside of a Flatpak"));
  g_autofree char *application = NULL;
  g_autofree char *command = NULL;

  if (!rud_flatpak_is_inside (RUD_FLATPAK_INFO))
    {
      check->value = g_strdup (_("not inside one"));
      return;
    }

  application = rud_flatpak_dup_application (RUD_FLATPAK_INFO);
  check->value = g_strdup_printf (_("inside %s"), application);
  if (rud_flatpak_may_leave (RUD_FLATPAK_INFO))
    return;

  command = rud_flatpak_dup_leave_command (RUD_FLATPAK_INFO);
  check->state = RUD_CHECK_LIMITED;
  check->advice = g_strdup_printf (_("Commands run inside. To let them out: %s"), command);
}

void
rud_doctor_add_desktop_checks (GPtrArray *checks)
{
  check_session_bus (checks);
  check_flatpak (checks);
}

/* Finds out whether commands can run in scopes. Returns what is to be tried, since only systemd
 * knows whether it makes one, or NULL if there is nothing to try. */
char **
rud_doctor_add_scopes_check (GPtrArray  *checks,
                             RudCheck  **check)
{
  const RudScopeLimits limits = { NULL };
  g_autoptr(GError) error = NULL;
  char **shell;

  *check = add_check (checks, "systemd", _("running each command in a scope of its own"));
  shell = rud_scopes_dup_shell (&limits, &error);
  if (shell == NULL)
    set_missing (*check, error->message);

  return shell;
}

void
rud_doctor_judge_scopes (RudCheck     *check,
                         char        **shell,
                         const GError *error)
{
  if (error != NULL)
    set_missing (check, error->message);
  else if (g_strv_contains ((const char * const *) shell, "--system"))
    check->value = g_strdup (_("that of the machine"));
  else
    check->value = g_strdup (_("that of the user"));
}
