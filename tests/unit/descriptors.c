/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "descriptors.h"

static guint
count (const char * const *ignored)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (ignored != NULL && target != NULL && g_strv_contains (ignored, target))
        continue;
      g_test_message ("descriptor %s is %s", name, target);
      n++;
    }

  return n;
}

guint
descriptors_count (void)
{
  static const char * const ignored[] = { "anon_inode:[eventfd]", "anon_inode:inotify", NULL };

  return count (ignored);
}

int
descriptors_run_tests (void)
{
  guint n = count (NULL);
  int status = g_test_run ();

  /* GLib keeps one for the default main context and one for its worker, and the library one of
   * inotify. What a main context that is left over has would not show without those. */
  g_assert_cmpuint (count (NULL), <=, n + 3);

  return status;
}
