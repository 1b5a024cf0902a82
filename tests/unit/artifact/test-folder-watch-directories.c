/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <unistd.h>

#include "watch-tests.h"

/* Directories, and the links that lead out of them and back. */

static void
test_race (WatchFixture  *self,
           gconstpointer  data)
{
  g_test_summary ("What is written at once into new directories is not missed");

  watch_fixture_start (self, NULL);
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *directory = g_strdup_printf ("%u/b/c", i);
      g_autofree char *path = g_strdup_printf ("%s/leaf", directory);

      watch_fixture_mkdir (self, directory);
      watch_fixture_write (self, path, "1");
      g_main_context_iteration (NULL, FALSE);
    }
  watch_fixture_settle (self);
  g_assert_cmpuint (g_hash_table_size (self->told), ==, 50);
  g_assert_cmpuint (self->n_told, ==, 50);
}

static void
test_moved_directories (WatchFixture  *self,
                        gconstpointer  data)
{
  g_test_summary ("Directories are followed in and about, and not out");

  watch_fixture_mkdir (self, "../there/deep");
  watch_fixture_write (self, "../there/deep/file", "1");
  watch_fixture_start (self, NULL);
  watch_fixture_rename (self, "../there", "here");
  watch_fixture_until (self, "here/deep/file", "1");
  watch_fixture_write (self, "here/deep/file", "2");
  watch_fixture_until (self, "here/deep/file", "2");

  watch_fixture_rename (self, "here", "elsewhere");
  watch_fixture_until (self, "elsewhere/deep/file", "2");
  watch_fixture_write (self, "elsewhere/deep/file", "3");
  watch_fixture_until (self, "elsewhere/deep/file", "3");

  watch_fixture_rename (self, "elsewhere", "../there");
  watch_fixture_write (self, "../there/deep/file", "4");
  watch_fixture_settle (self);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 4);
}

static void
test_swapped_directory (WatchFixture  *self,
                        gconstpointer  data)
{
  g_test_summary ("A directory that becomes a link does not lead out");

  watch_fixture_mkdir (self, "../outside");
  watch_fixture_write (self, "../outside/file", "secret");
  watch_fixture_mkdir (self, "directory");
  watch_fixture_start (self, NULL);
  for (guint i = 0; i < 20; i++)
    {
      watch_fixture_write (self, "directory/file", "public");
      for (guint j = 0; j < i; j++)
        g_main_context_iteration (NULL, FALSE);
      watch_fixture_rename (self, "directory", "aside");
      watch_fixture_link (self, "../outside", "directory");
      watch_fixture_settle (self);
      watch_fixture_remove (self, "directory");
      watch_fixture_rename (self, "aside", "directory");
    }
  watch_fixture_settle (self);
  watch_fixture_assert (self, "directory/file", "public");
  watch_fixture_assert (self, "aside/file", "public");
  g_assert_cmpuint (g_hash_table_size (self->told), ==, 2);
}

typedef struct
{
  WatchFixture *fixture;
  int           stop;      /* atomic */
  int           n_swaps;   /* atomic */
} Swapper;

/* Puts links to the outside where a directory and a file are, and both back. */
static gpointer
swap_func (gpointer user_data)
{
  Swapper *self = user_data;

  while (!g_atomic_int_get (&self->stop))
    {
      watch_fixture_rename (self->fixture, "a/b", "a/aside");
      watch_fixture_link (self->fixture, "../../outside", "a/b");
      watch_fixture_remove (self->fixture, "a/b");
      watch_fixture_rename (self->fixture, "a/aside", "a/b");
      watch_fixture_rename (self->fixture, "a/b/file", "a/b/aside");
      watch_fixture_link (self->fixture, "/proc/self/cwd/../../../../../../etc/passwd", "a/b/file");
      watch_fixture_rename (self->fixture, "a/b/aside", "a/b/file");
      g_atomic_int_inc (&self->n_swaps);
    }

  return NULL;
}

static void
assert_public (gpointer key,
               gpointer value,
               gpointer user_data)
{
  g_assert_cmpstr (value, ==, "public");
}

static void
test_swapping_thread (WatchFixture  *self,
                      gconstpointer  data)
{
  g_autofree char *path = watch_fixture_path (self, "a/b/file");
  Swapper swapper = { .fixture = self };
  guint n_opened = 0;
  GThread *thread;

  g_test_summary ("However fast names are swapped for links, nothing else is opened or told of");

  watch_fixture_mkdir (self, "../outside");
  watch_fixture_write (self, "../outside/file", "secret");
  watch_fixture_mkdir (self, "a/b");
  watch_fixture_write (self, "a/b/file", "public");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  thread = g_thread_new ("swap", swap_func, &swapper);
  for (guint i = 0; i < 5000 || g_atomic_int_get (&swapper.n_swaps) < 100; i++)
    {
      g_autoptr(GError) error = NULL;
      char content[16] = { 0 };
      int fd = _runtime_use_folder_watch_open (self->watch, path, &error);

      g_main_context_iteration (NULL, FALSE);
      if (fd < 0)
        continue;
      g_assert_cmpint (read (fd, content, sizeof content - 1), >, 0);
      g_assert_cmpstr (content, ==, "public");
      close (fd);
      n_opened++;
    }
  g_atomic_int_set (&swapper.stop, TRUE);
  g_thread_join (thread);
  g_test_message ("%u opened, %d swaps", n_opened, swapper.n_swaps);
  g_assert_cmpuint (n_opened, >, 0);

  watch_fixture_settle (self);
  watch_fixture_assert (self, "a/b/file", "public");
  g_hash_table_foreach (self->told, assert_public, NULL);
}

static void
test_many_directories (WatchFixture  *self,
                       gconstpointer  data)
{
  g_test_summary ("5,000 directories are watched, with nothing to do when nothing happens");

  watch_fixture_make_directories (self, 5000, 0);
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  for (guint i = 0; i < 5000; i += 100)
    {
      g_autofree char *path = g_strdup_printf ("%u/%u/%u/file", i / 500, i / 20, i);

      watch_fixture_write (self, path, "1");
    }
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 50);
  g_assert_cmpuint (g_hash_table_size (self->told), ==, 50);
}

static void
test_links (WatchFixture  *self,
            gconstpointer  data)
{
  g_autofree char *absolute = watch_fixture_path (self, "file");

  g_test_summary ("Links are followed within the folder, and not out of it");

  watch_fixture_mkdir (self, "sub");
  watch_fixture_write (self, "file", "1");
  watch_fixture_write (self, "../secret", "no");
  watch_fixture_link (self, "../file", "sub/relative");
  watch_fixture_link (self, absolute, "absolute");
  watch_fixture_link (self, "sub/relative", "twice");
  watch_fixture_link (self, "../secret", "out");
  watch_fixture_link (self, "/etc/passwd", "far");
  watch_fixture_link (self, "/proc/self/root/etc/passwd", "root");
  watch_fixture_link (self, "/proc/self/cwd", "cwd");
  watch_fixture_link (self, "sub/../../out/file", "detour");
  watch_fixture_link (self, "b", "a");
  watch_fixture_link (self, "a", "b");
  watch_fixture_link (self, ".", "self");
  watch_fixture_link (self, "sub", "directory");
  watch_fixture_link (self, "later", "dangling");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "1");
  watch_fixture_assert (self, "sub/relative", "1");
  watch_fixture_assert (self, "absolute", "1");
  watch_fixture_assert (self, "twice", "1");
  g_assert_cmpuint (self->n_told, ==, 4);

  watch_fixture_write (self, "file", "2");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/relative", "2");
  watch_fixture_assert (self, "absolute", "2");
  watch_fixture_assert (self, "twice", "2");
  g_assert_cmpuint (self->n_told, ==, 8);

  watch_fixture_write (self, "later", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "dangling", "3");
  g_assert_cmpuint (self->n_told, ==, 10);

  watch_fixture_remove (self, "dangling");
  watch_fixture_link (self, "file", "dangling");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "dangling", "2");
  g_assert_cmpuint (self->n_told, ==, 11);
}

static void
test_hard_links (WatchFixture  *self,
                 gconstpointer  data)
{
  g_autofree char *one = watch_fixture_path (self, "one");
  g_autofree char *other = watch_fixture_path (self, "other");

  g_test_summary ("Each name of a file is told of, by whichever it is changed");

  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "one", "1");
  g_assert_cmpint (link (one, other), ==, 0);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "one", "1");
  watch_fixture_assert (self, "other", "1");
  g_assert_cmpuint (self->n_told, ==, 2);

  watch_fixture_write (self, "other", "2");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "one", "2");
  watch_fixture_assert (self, "other", "2");
  g_assert_cmpuint (self->n_told, ==, 4);

  watch_fixture_remove (self, "other");
  watch_fixture_write (self, "one", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "one", "3");
  g_assert_cmpuint (self->n_told, ==, 5);
}

int
main (int    argc,
      char **argv)
{
  watch_tests_init (&argc, &argv);

  watch_tests_add ("race", NULL, test_race);
  watch_tests_add ("moved-directories", NULL, test_moved_directories);
  watch_tests_add ("swapped-directory", NULL, test_swapped_directory);
  watch_tests_add ("swapping-thread", NULL, test_swapping_thread);
  watch_tests_add ("many-directories", NULL, test_many_directories);
  watch_tests_add ("links", NULL, test_links);
  watch_tests_add ("hard-links", NULL, test_hard_links);

  return watch_tests_run ();
}
