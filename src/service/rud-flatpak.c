/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-flatpak.h"

/* What is known of the Flatpak that this program may be inside. @info is RUD_FLATPAK_INFO, and
 * another file in tests.
 */

static GKeyFile *
load (const char *info)
{
  GKeyFile *file = g_key_file_new ();

  g_key_file_load_from_file (file, info, G_KEY_FILE_NONE, NULL);

  return file;
}

gboolean
rud_flatpak_is_inside (const char *info)
{
  return g_file_test (info, G_FILE_TEST_EXISTS);
}

/* What Flatpak knows this program by. */
char *
rud_flatpak_dup_application (const char *info)
{
  g_autoptr(GKeyFile) file = load (info);
  char *name = g_key_file_get_string (file, "Application", "name", NULL);

  return name != NULL ? name : g_strdup (APPLICATION_ID);
}

/* Whether the user lets this program run commands outside of the sandbox. */
gboolean
rud_flatpak_may_leave (const char *info)
{
  g_autoptr(GKeyFile) file = load (info);
  g_autofree char *policy = g_key_file_get_string (file, "Session Bus Policy",
                                                   RUD_FLATPAK_HOST_NAME, NULL);

  return g_strcmp0 (policy, "talk") == 0 || g_strcmp0 (policy, "own") == 0;
}

/* What the user has to type for that, outside. */
char *
rud_flatpak_dup_leave_command (const char *info)
{
  g_autofree char *application = rud_flatpak_dup_application (info);

  return g_strdup_printf ("flatpak override --user --talk-name=%s %s",
                          RUD_FLATPAK_HOST_NAME, application);
}
