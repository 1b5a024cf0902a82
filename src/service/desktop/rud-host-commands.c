/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-host-commands.h"

#include "rud-flatpak.h"
#include "rud-helper.h"

#include <glib/gi18n.h>
#include <unistd.h>

/* Inside a Flatpak, commands can run outside of it: they are given to a program of ours that asks
 * Flatpak for it. That is no sandbox any more, so it takes two who want it: who starts this
 * program, and the user, who lets it talk to the service of Flatpak.
 */

#define SHELL_NAME "runtimeuse-host-shell"
#define SPAWN_NAME "flatpak-spawn"

/* The variables of a request come behind this one, see runtimeuse-host-shell. */
#define BOUNDARY "RUNTIMEUSE_HOST_SHELL"

static char *
find_shell (GError **error)
{
  char *path = rud_helper_find ("shells", SHELL_NAME);

  if (path == NULL)
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                 _("host-commands: %s/%s is not there; install this program again"),
                 LIBEXECDIR, SHELL_NAME);

  return path;
}

static gboolean
check_permission (const char  *flatpak_info,
                  GError     **error)
{
  g_autofree char *command = NULL;

  if (!rud_flatpak_is_inside (flatpak_info))
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                           _("host-commands: this program is not inside a Flatpak, and commands "
                             "run on this system without it; leave it out"));
      return FALSE;
    }

  if (rud_flatpak_may_leave (flatpak_info))
    return TRUE;

  command = rud_flatpak_dup_leave_command (flatpak_info);
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
               _("host-commands: this Flatpak may not run commands outside of its sandbox. To let "
                 "it, run there, and start it again: %s"), command);

  return FALSE;
}

/* One program only can be given the commands. */
static gboolean
check_shell (RuntimeUseServer  *server,
             GError           **error)
{
  g_auto(GStrv) shell = NULL;

  g_object_get (server, "shell", &shell, NULL);
  if (shell == NULL)
    return TRUE;

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                       _("host-commands: commands run in scopes already; leave out one of both"));

  return FALSE;
}

static void
add_option (GPtrArray  *shell,
            const char *name,
            const char *value)
{
  if (value != NULL && *value != '\0')
    g_ptr_array_add (shell, g_strconcat (name, value, NULL));
}

/* Has the commands of a server run outside of the Flatpak from now on, or says what is missing for
 * that. The environment of this process is not to be added to from then on.
 */
gboolean
rud_host_commands_set_up (RuntimeUseServer  *server,
                          const char        *flatpak_info,
                          GError           **error)
{
  g_autoptr(GPtrArray) shell = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *program = NULL;
  char *path;

  if (!check_permission (flatpak_info, error) || !check_shell (server, error))
    return FALSE;

  program = g_find_program_in_path (SPAWN_NAME);
  if (program == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                   _("host-commands: the runtime of this Flatpak has no %s"), SPAWN_NAME);
      return FALSE;
    }

  path = find_shell (error);
  if (path == NULL)
    return FALSE;

  g_ptr_array_add (shell, path);
  add_option (shell, "--flatpak-spawn=", program);
  add_option (shell, "--runtime-dir=", g_getenv ("XDG_RUNTIME_DIR"));
  add_option (shell, "--bus=", g_getenv ("DBUS_SESSION_BUS_ADDRESS"));
  g_ptr_array_add (shell, NULL);
  g_object_set (server, "shell", shell->pdata, NULL);

  /* What is set last stands last. */
  g_unsetenv (BOUNDARY);
  g_setenv (BOUNDARY, "1", TRUE);

  return TRUE;
}
