/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-helper-private.h"

#include <dlfcn.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* In a build tree the library lies beside the folders of its helpers. */
static char *
get_built_directory (const char *folder)
{
  g_autofree char *library = NULL;
  g_autofree char *above = NULL;
  Dl_info info;

  if (dladdr (_runtime_use_helper_find, &info) == 0 || info.dli_fname == NULL)
    return NULL;

  library = g_path_get_dirname (info.dli_fname);
  above = g_path_get_dirname (library);

  return g_build_filename (above, folder, NULL);
}

char *
_runtime_use_helper_find (const char  *folder,
                          const char  *name,
                          GError     **error)
{
  g_autofree char *built = get_built_directory (folder);
  const char *directories[] = { built, g_getenv ("RUNTIMEUSE_LIBEXECDIR"), LIBEXECDIR };
  g_autoptr(GString) tried = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autofree char *path = NULL;

      if (directories[i] == NULL)
        continue;

      path = g_build_filename (directories[i], name, NULL);
      if (access (path, R_OK) == 0)
        return g_steal_pointer (&path);
      g_string_append_printf (tried, "%s%s", tried->len > 0 ? ", " : "", path);
    }

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
               "The helper program %s is missing; tried %s", name, tried->str);

  return NULL;
}
