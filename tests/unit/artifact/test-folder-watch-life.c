/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtime-use-watch-tree-private.h"
#include "watch-tests.h"

/* The folder itself, which may come and go, and the end of a watch. */

static void
assert_fails (WatchFixture *self,
              const char   *begin)
{
  g_autoptr(GError) error = watch_fixture_try (self, NULL);

  g_assert_nonnull (error);
  if (!g_str_has_prefix (error->message, begin) || strstr (error->message, self->folder) == NULL)
    g_error ("Not %s, with the folder: %s", begin, error->message);
}

static void
test_no_folder (WatchFixture  *self,
                gconstpointer  data)
{
  g_test_summary ("What cannot be a folder is an error that begins with its name");

  watch_fixture_write (self, "../file", "1");
  watch_fixture_link (self, "nowhere", "../link");
  g_free (self->folder);
  self->folder = g_build_filename (self->root, "file", NULL);
  assert_fails (self, "EEXIST: ");
  g_free (self->folder);
  self->folder = g_build_filename (self->root, "file", "sub", NULL);
  assert_fails (self, "ENOTDIR: ");
  g_free (self->folder);
  self->folder = g_build_filename (self->root, "link", NULL);
  assert_fails (self, "EEXIST: ");
  g_free (self->folder);
  self->folder = g_strdup ("/proc/none");
  assert_fails (self, "ENOENT: ");
  g_free (self->folder);
  self->folder = g_strdup ("");
  assert_fails (self, "");
}

static void
test_recreated (WatchFixture  *self,
                gconstpointer  data)
{
  g_test_summary ("A folder that is deleted, or moved away, is followed when it is there again");

  self->options.scan_interval = 20;
  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "file", "1");
  watch_fixture_settle (self);
  watch_fixture_remove (self, ".");
  watch_fixture_settle (self);
  watch_fixture_run (A_WHILE);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));
  watch_fixture_mkdir (self, "sub");
  watch_fixture_write (self, "sub/file", "2");
  watch_fixture_until (self, "sub/file", "2");

  /* At once. */
  watch_fixture_remove (self, ".");
  watch_fixture_mkdir (self, "sub");
  watch_fixture_write (self, "sub/file", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/file", "3");

  watch_fixture_rename (self, ".", "../away");
  watch_fixture_mkdir (self, ".");
  watch_fixture_write (self, "../away/sub/file", "no");
  watch_fixture_write (self, "file", "4");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "4");
  watch_fixture_assert (self, "sub/file", "3");
}

static void
test_replaced_by_link (WatchFixture  *self,
                       gconstpointer  data)
{
  g_test_summary ("A link in the place of the folder is not followed, unless it was given");

  self->options.scan_interval = 20;
  watch_fixture_mkdir (self, "../outside");
  watch_fixture_write (self, "../outside/file", "no");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_remove (self, ".");
  watch_fixture_link (self, "outside", "../out");
  watch_fixture_settle (self);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);

  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "no");
}

static void
test_moved_parent (WatchFixture  *self,
                   gconstpointer  data)
{
  g_test_summary ("What takes the place of a folder whose parent was renamed is found");

  g_free (self->folder);
  self->folder = g_build_filename (self->root, "parent", "out", NULL);
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_rename (self, "..", "../../away");
  watch_fixture_mkdir (self, ".");
  watch_fixture_write (self, "file", "1");
  g_assert_false (_runtime_use_folder_watch_is_settled (self->watch));
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "1");
}

static void
test_overlap (WatchFixture  *self,
              gconstpointer  data)
{
  WatchFixture inner = *self;

  g_test_summary ("Watches of the same directories do not disturb each other");

  inner.folder = g_build_filename (self->folder, "sub", NULL);
  inner.told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  watch_fixture_start (self, NULL);
  watch_fixture_start (&inner, NULL);
  watch_fixture_write (&inner, "file", "1");
  watch_fixture_settle (self);
  watch_fixture_settle (&inner);
  watch_fixture_assert (self, "sub/file", "1");
  watch_fixture_assert (&inner, "file", "1");

  _runtime_use_folder_watch_stop (self->watch);
  watch_fixture_write (&inner, "file", "2");
  watch_fixture_settle (&inner);
  watch_fixture_assert (&inner, "file", "2");
  watch_fixture_assert (self, "sub/file", "1");
  g_clear_object (&inner.watch);
  g_hash_table_unref (inner.told);
  g_free (inner.folder);
}

/* --- operations --- */

static void
keep_error (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GError **error = user_data;

  g_assert_false (g_task_propagate_boolean (G_TASK (result), error));
}

static void
test_cancel (WatchFixture  *self,
             gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) stopped = NULL;

  g_test_summary ("To wait can be cancelled, and ends with the watch");

  self->options.quiet = 60 * 1000;
  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "file", "1");
  _runtime_use_folder_watch_settle_async (self->watch, cancellable, keep_error, &error);
  _runtime_use_folder_watch_settle_async (self->watch, NULL, keep_error, &stopped);
  watch_fixture_run (50);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_no_error (stopped);
  _runtime_use_folder_watch_stop (self->watch);
  while (stopped == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (stopped, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));
}

static void
test_stop (WatchFixture  *self,
           gconstpointer  data)
{
  g_test_summary ("A watch may be stopped and let go of from what it calls");

  self->on_told = watch_fixture_stop;
  watch_fixture_mkdir (self, ".");
  watch_fixture_write (self, "one", "1");
  watch_fixture_write (self, "other", "1");
  watch_fixture_link (self, "one", "link");
  watch_fixture_start (self, NULL);
  watch_fixture_until_told (self, 1);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 1);
}

/* How many directories this process watches, and with how many instances. */
static guint
count_watches (guint *n_instances)
{
  g_autoptr(GDir) directory = g_dir_open ("/proc/self/fdinfo", 0, NULL);
  guint n_watches = 0;
  const char *name;

  *n_instances = 0;
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *info = g_build_filename ("/proc/self/fdinfo", name, NULL);
      g_autofree char *target = g_file_read_link (link, NULL);
      g_autofree char *text = NULL;

      if (g_strcmp0 (target, "anon_inode:inotify") != 0)
        continue;
      *n_instances += 1;
      g_assert_true (g_file_get_contents (info, &text, NULL, NULL));
      for (const char *at = text; (at = strstr (at, "inotify wd:")) != NULL; at++)
        n_watches++;
    }

  return n_watches;
}

static void
test_end_of_many (WatchFixture  *self,
                  gconstpointer  data)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  guint n_instances;

  g_test_summary ("The end of a large watch tells nothing more, and leaves nothing behind");

  watch_fixture_make_directories (self, 3000, 0);
  watch_fixture_start (self, NULL);
  g_assert_cmpuint (count_watches (&n_instances), >, 3000);
  watch_fixture_stop (self);
  watch_fixture_write (self, "0/0/0/file", "1");
  watch_fixture_write (self, "5/149/2999/file", "1");
  watch_fixture_mkdir (self, "new");
  while (count_watches (&n_instances) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);
}

static void
test_end_in_parts (WatchFixture  *self,
                   gconstpointer  data)
{
  RuntimeUseWatchTree *tree = _runtime_use_watch_tree_new (NULL);
  RuntimeUseWatchDirectory *directory = tree->top;

  g_test_summary ("What is known of a folder is forgotten in parts, or at once");

  for (guint i = 0; i < 10; i++)
    {
      _runtime_use_watch_tree_add_file (tree, directory, "file");
      directory = _runtime_use_watch_tree_add_directory (tree, directory, "sub");
    }
  g_assert_true (_runtime_use_watch_tree_take_apart (tree, 0));
  g_assert_cmpuint (tree->n_directories, ==, 10);
  g_assert_false (_runtime_use_watch_tree_take_apart (tree, G_MAXINT64));
  g_assert_cmpuint (tree->n_directories, ==, 0);
  g_assert_cmpuint (tree->n_files, ==, 0);
  _runtime_use_watch_tree_free (tree);

  tree = _runtime_use_watch_tree_new (NULL);
  _runtime_use_watch_tree_add_directory (tree, tree->top, "sub");
  g_assert_true (_runtime_use_watch_tree_take_apart (tree, 0));
  _runtime_use_watch_tree_free (tree);
}

static void
test_one_instance (WatchFixture  *self,
                   gconstpointer  data)
{
  guint n_instances;

  g_test_summary ("One instance of inotify serves those who come later, too");

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *content = g_strdup_printf ("%u", i);

      watch_fixture_start (self, NULL);
      watch_fixture_write (self, "file", content);
      watch_fixture_settle (self);
      watch_fixture_assert (self, "file", content);
      g_assert_cmpuint (count_watches (&n_instances), ==, 1);
      g_assert_cmpuint (n_instances, ==, 1);

      /* Nobody is going to read this. */
      watch_fixture_write (self, "other", content);
      watch_fixture_stop (self);
      g_assert_cmpuint (count_watches (&n_instances), ==, 0);
      g_assert_cmpuint (n_instances, ==, 1);
    }
}

int
main (int    argc,
      char **argv)
{
  watch_tests_init (&argc, &argv);

  watch_tests_add ("no-folder", NULL, test_no_folder);
  watch_tests_add ("recreated", NULL, test_recreated);
  watch_tests_add ("replaced-by-link", NULL, test_replaced_by_link);
  watch_tests_add ("moved-parent", NULL, test_moved_parent);
  watch_tests_add ("overlap", NULL, test_overlap);
  watch_tests_add ("cancel", NULL, test_cancel);
  watch_tests_add ("stop", NULL, test_stop);
  watch_tests_add ("end-of-many", NULL, test_end_of_many);
  watch_tests_add ("end-in-parts", NULL, test_end_in_parts);
  watch_tests_add ("one-instance", NULL, test_one_instance);

  return watch_tests_run ();
}
