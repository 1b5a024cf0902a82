/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-helper.h"

#include <gio/gio.h>
#include <unistd.h>

/* Finds a program that is installed with this one and called by it alone.
 * @folder: where it is built, beside the folder of this program
 * Returns: (transfer full) (nullable): its absolute path
 */
char *
rud_helper_find (const char *folder,
                 const char *name)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *ours = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *built = ours != NULL ? g_build_filename (ours, "..", folder, NULL) : NULL;
  const char *folders[] = { built, g_getenv ("RUNTIMEUSE_LIBEXECDIR"), LIBEXECDIR };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = NULL;

      if (folders[i] == NULL)
        continue;

      path = g_build_filename (folders[i], name, NULL);
      if (access (path, X_OK) == 0)
        return g_canonicalize_filename (path, "/");
    }

  return NULL;
}
