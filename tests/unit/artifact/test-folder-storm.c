/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch-fixture.h"

/* Processes that do anything to the files of a folder at random, and a watch that has to know in
 * the end what each of them holds. */

#define N_WRITERS 4
#define N_STEPS 600
#define N_NAMES 40
#define N_DIRECTORIES 8
#define N_IGNORED 2

static int n_seeds = 3;
static int first_seed = 1;

static const GOptionEntry options[] = {
  { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "How many to try", "N" },
  { "first", 0, 0, G_OPTION_ARG_INT, &first_seed, "The first one", "N" },
  { NULL },
};

/* What happens to a file by a name that is ignored, outside, or soon gone, is not heard of by
 * another name. So either there are hard links, or there are such names. */
static gboolean has_hard_links;

static char *
pick_directory (GRand      *random,
                const char *folder)
{
  static const char *directories[N_DIRECTORIES] = {
    "", "a", "a/b", "a/b/c", "d", "e", "node_modules", "d/dist",
  };
  int n = has_hard_links ? N_DIRECTORIES - N_IGNORED : N_DIRECTORIES;

  return g_build_filename (folder, directories[g_rand_int_range (random, 0, n)], NULL);
}

static char *
pick_file (GRand      *random,
           const char *folder)
{
  g_autofree char *directory = pick_directory (random, folder);
  g_autofree char *name = g_strdup_printf ("%d", g_rand_int_range (random, 0, N_NAMES));

  return g_build_filename (directory, name, NULL);
}

/* In several pieces, and sometimes with a rest in between. */
static void
write_file (GRand      *random,
            const char *path,
            int         flags)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  int n = g_rand_int_range (random, 1, 5);

  if (fd < 0)
    return;
  for (int i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%08x", g_rand_int (random));

      if (write (fd, text, (gsize) g_rand_int_range (random, 1, 9)) < 0)
        break;
      if (g_rand_int_range (random, 0, 50) == 0)
        g_poll (NULL, 0, g_rand_int_range (random, 1, 100));
    }
  close (fd);
}

static void
change_directory (GRand      *random,
                  const char *folder)
{
  g_autofree char *one = pick_directory (random, folder);
  g_autofree char *other = pick_directory (random, folder);
  g_autofree char *outside = g_build_filename (folder, "..", "outside", NULL);

  if (strcmp (one, folder) == 0 || g_str_equal (one, other))
    return;

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      watch_fixture_delete (one);
      break;

    case 1:
      g_rename (one, other);
      break;

    case 2:
      g_rename (one, outside);
      break;

    default:
      g_rename (outside, one);
    }
}

static void
take_step (GRand      *random,
           const char *folder)
{
  g_autofree char *directory = pick_directory (random, folder);
  g_autofree char *one = pick_file (random, folder);
  g_autofree char *other = pick_file (random, folder);

  /* Most of this may fail, as the file may not be there. */
  switch (g_rand_int_range (random, has_hard_links ? 3 : 0, 12))
    {
    case 0:
      unlink (one);
      break;

    case 1:
      g_rename (one, other);
      break;

    case 2:
      if (g_rand_int_range (random, 0, 4) == 0)
        change_directory (random, folder);
      break;

    case 3:
      g_assert_true (!has_hard_links || link (one, other) == 0 || errno != 0);
      break;

    case 4:
      g_assert_true (truncate (one, g_rand_int_range (random, 0, 9)) == 0 || errno != 0);
      break;

    case 5:
      write_file (random, one, O_APPEND);
      break;

    case 6:
      g_mkdir_with_parents (directory, 0755);
      break;

    case 7:
      write_file (random, one, 0);
      break;

    default:
      write_file (random, one, O_TRUNC);
    }
}

static pid_t
start_writer (guint32     seed,
              const char *folder)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      g_autoptr(GRand) random = g_rand_new_with_seed (seed);

      for (guint i = 0; i < N_STEPS; i++)
        take_step (random, folder);
      _exit (0);
    }

  return pid;
}

static gboolean
is_ignored (const char *path)
{
  g_auto(GStrv) parts = g_strsplit (path, "/", -1);

  return g_strv_contains ((const char * const *) parts, "node_modules") ||
         g_strv_contains ((const char * const *) parts, "dist");
}

/* Returns how many files there are to be told of. */
static guint
compare (WatchFixture *self,
         const char   *directory)
{
  g_autofree char *whole = watch_fixture_path (self, directory);
  g_autoptr(GDir) dir = g_dir_open (whole, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *file = watch_fixture_path (self, path);
      g_autofree char *content = NULL;

      if (is_ignored (path))
        continue;
      if (g_file_test (file, G_FILE_TEST_IS_DIR))
        {
          n += compare (self, path);
          continue;
        }
      g_assert_true (g_file_get_contents (file, &content, NULL, NULL));
      if (content[0] == '\0')
        continue;
      if (g_strcmp0 (g_hash_table_lookup (self->told, path), content) != 0)
        g_error ("%s holds '%s', told was '%s'", path, content,
                 (char *) g_hash_table_lookup (self->told, path));
      n++;
    }

  return n;
}

static void
check_told (gpointer key,
            gpointer value,
            gpointer user_data)
{
  g_assert_false (is_ignored (key));
}

static void
storm (guint32  seed,
       gboolean without_inotify)
{
  WatchFixture fixture;
  pid_t writers[N_WRITERS];
  guint n_running = N_WRITERS;

  has_hard_links = seed % 2 == 0;
  watch_fixture_init (&fixture);
  fixture.options.without_inotify = without_inotify;
  fixture.options.scan_interval = 50;
  g_mkdir (fixture.folder, 0755);
  for (guint i = 0; i < N_WRITERS; i++)
    writers[i] = start_writer (seed * N_WRITERS + i, fixture.folder);

  /* In the midst of it. */
  watch_fixture_start (&fixture, NULL);
  while (n_running > 0)
    {
      watch_fixture_run (5);
      for (guint i = 0; i < N_WRITERS; i++)
        {
          if (writers[i] == 0 || waitpid (writers[i], NULL, WNOHANG) != writers[i])
            continue;
          writers[i] = 0;
          n_running--;
        }
    }

  watch_fixture_settle (&fixture);
  g_hash_table_foreach (fixture.told, check_told, NULL);
  g_test_message ("seed %u: told %u times of %u paths, %u are left", seed, fixture.n_told,
                  g_hash_table_size (fixture.told), compare (&fixture, ""));
  watch_fixture_clear (&fixture);
}

static void
test_storm (gconstpointer data)
{
  g_test_summary ("Whatever is done to files, in the end the last content of each was told");

  for (int i = 0; i < n_seeds; i++)
    storm ((guint32) (first_seed + i), GPOINTER_TO_INT (data));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_test_init (&argc, &argv, NULL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL))
    return 2;

  g_test_add_data_func ("/folder-storm/inotify", GINT_TO_POINTER (FALSE), test_storm);
  g_test_add_data_func ("/folder-storm/scanning", GINT_TO_POINTER (TRUE), test_storm);

  return g_test_run ();
}
