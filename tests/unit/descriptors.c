/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "descriptors.h"

static guint
count (const char *ignored)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (ignored != NULL && g_strcmp0 (target, ignored) == 0)
        continue;
      g_test_message ("descriptor %s is %s", name, target);
      n++;
    }

  return n;
}

guint
descriptors_count (void)
{
  return count ("anon_inode:[eventfd]");
}

int
descriptors_run_tests (void)
{
  guint n = count (NULL);
  int status = g_test_run ();

  /* GLib keeps one for the default main context and one for its worker. What a main context that
   * is left over has would not show without those. */
  g_assert_cmpuint (count (NULL), <=, n + 2);

  return status;
}
