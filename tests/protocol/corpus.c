/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "corpus.h"

#include <stdlib.h>
#include <string.h>

static int
compare_names (const void *a,
               const void *b)
{
  return strcmp (*(char * const *) a, *(char * const *) b);
}

/* The names of the files of @folder that end in @suffix, without it, in order. */
char **
corpus_list (const char *folder,
             const char *suffix)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "protocol", folder, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open (path, 0, &error);
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();
  g_auto(GStrv) sorted = NULL;
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *stem = NULL;

      if (!g_str_has_suffix (name, suffix))
        continue;
      stem = g_strndup (name, strlen (name) - strlen (suffix));
      g_strv_builder_add (names, stem);
    }

  sorted = g_strv_builder_end (names);
  g_assert_nonnull (sorted[0]);
  qsort (sorted, g_strv_length (sorted), sizeof *sorted, compare_names);

  return g_steal_pointer (&sorted);
}

/* The content of a file without the newline at its end, or NULL when there is no such file. */
GBytes *
corpus_load (const char *folder,
             const char *name,
             const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "protocol", folder, file, NULL);
  g_autofree char *content = NULL;
  gsize length;

  if (!g_file_get_contents (path, &content, &length, NULL))
    return NULL;

  if (length > 0 && content[length - 1] == '\n')
    length--;

  return g_bytes_new (content, length);
}
