/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-doctor-desktop.h"

#include "rud-check.h"
#include "rud-flatpak.h"
#include "rud-scopes.h"
#include "rud-session-bus.h"

#include <glib/gi18n.h>

static void
set_missing (RudCheck   *check,
             const char *advice)
{
  check->state = RUD_CHECK_MISSING;
  check->advice = g_strdup (advice);
}

/* Finds out whether there is a session bus. Returns its address, since only the bus knows whether
 * it answers, or NULL if there is nothing to try. */
char *
rud_doctor_add_bus_check (GPtrArray  *checks,
                          RudCheck  **check)
{
  *check = rud_check_add (checks, "session-bus", _("the D-Bus interface of the desktop"));

  if (rud_session_bus_is_there (&(*check)->value))
    return rud_session_bus_find_address ();

  g_clear_pointer (&(*check)->value, g_free);
  set_missing (*check, _("Clients on the desktop do not see this program; start it inside: "
                         "dbus-run-session"));

  return NULL;
}

void
rud_doctor_judge_bus (RudCheck     *check,
                      const GError *error)
{
  if (error == NULL)
    return;

  check->state = RUD_CHECK_MISSING;
  check->advice = g_strdup_printf (_("Clients on the desktop do not see this program, since the "
                                     "bus does not answer: %s"), error->message);
}

/* Inside of one commands run inside as well, unless the user lets them out. */
static void
check_flatpak (GPtrArray *checks)
{
  RudCheck *check = rud_check_add (checks, "flatpak", _("commands outside of a Flatpak"));
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

  *check = rud_check_add (checks, "systemd", _("running each command in a scope of its own"));
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
