/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-program-private.h"

#include "runtime-use-helper-private.h"

/* Finds the program that owns the process tree of a command. What was found stays valid; what was
 * not found is looked for again. */
const char *
_runtime_use_job_program_find (GError **error)
{
  static char *found;
  char *path = g_atomic_pointer_get (&found);

  if (path != NULL)
    return path;

  path = _runtime_use_helper_find ("job", "runtimeuse-job", error);
  if (path == NULL)
    return NULL;

  if (!g_atomic_pointer_compare_and_exchange (&found, NULL, path))
    g_free (path);

  return g_atomic_pointer_get (&found);
}
