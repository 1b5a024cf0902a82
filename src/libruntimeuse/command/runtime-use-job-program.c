/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-program-private.h"

#include <dlfcn.h>
#include <unistd.h>

#include "runtime-use-error.h"

#define PROGRAM "runtimeuse-job"

/* In a build tree the library lies beside the folder of the program. */
static char *
get_built_directory (void)
{
  g_autofree char *library = NULL;
  g_autofree char *above = NULL;
  Dl_info info;

  if (dladdr (_runtime_use_job_program_find, &info) == 0 || info.dli_fname == NULL)
    return NULL;

  library = g_path_get_dirname (info.dli_fname);
  above = g_path_get_dirname (library);

  return g_build_filename (above, "job", NULL);
}

static char *
find (char **tried)
{
  g_autofree char *built = get_built_directory ();
  const char *directories[] = { built, g_getenv ("RUNTIMEUSE_LIBEXECDIR"), LIBEXECDIR };
  g_autoptr(GString) list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autofree char *path = NULL;

      if (directories[i] == NULL)
        continue;

      path = g_build_filename (directories[i], PROGRAM, NULL);
      if (access (path, X_OK) == 0)
        return g_steal_pointer (&path);
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", path);
    }

  *tried = g_string_free (g_steal_pointer (&list), FALSE);
  return NULL;
}

/* Finds the program that owns the process tree of a command. What was found stays valid; what was
 * not found is looked for again. */
const char *
_runtime_use_job_program_find (GError **error)
{
  static char *found;
  g_autofree char *tried = NULL;
  char *path = g_atomic_pointer_get (&found);

  if (path != NULL)
    return path;

  path = find (&tried);
  if (path == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_SPAWN_FAILED,
                   "The helper program " PROGRAM " is missing; tried %s", tried);
      return NULL;
    }

  if (!g_atomic_pointer_compare_and_exchange (&found, NULL, path))
    g_free (path);

  return g_atomic_pointer_get (&found);
}
