/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "watch-fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "wait-for.h"

void
watch_fixture_init (WatchFixture *self)
{
  *self = (WatchFixture) { 0 };
  self->root = g_dir_make_tmp ("watch-XXXXXX", NULL);
  g_assert_nonnull (self->root);
  self->folder = g_build_filename (self->root, "out", NULL);
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static int
delete_cb (const char        *path,
           const struct stat *status,
           int                type,
           struct FTW        *walk)
{
  return remove (path);
}

void
watch_fixture_delete (const char *path)
{
  nftw (path, delete_cb, 16, FTW_DEPTH | FTW_PHYS);
}

void
watch_fixture_clear (WatchFixture *self)
{
  if (self->watch != NULL)
    _runtime_use_folder_watch_stop (self->watch);
  g_clear_object (&self->watch);
  watch_fixture_delete (self->root);
  g_free (self->root);
  g_free (self->folder);
  g_hash_table_unref (self->told);
}

static void
settled_cb (RuntimeUseFolderWatch *watch,
            const char            *path,
            int                    fd,
            const struct stat     *status,
            gpointer               user_data)
{
  WatchFixture *self = user_data;
  g_autofree char *content = g_malloc0 ((gsize) status->st_size + 2);

  self->told_at = g_get_monotonic_time ();
  g_assert_true (g_str_has_prefix (path, self->folder));
  g_assert_cmpint (status->st_size, >, 0);
  g_assert_true (S_ISREG (status->st_mode));
  g_assert_cmpint (read (fd, content, (gsize) status->st_size + 1), >=, 0);

  path += strlen (self->folder);
  g_assert_cmpint (path[0], ==, '/');
  g_hash_table_insert (self->told, g_strdup (path + 1), g_steal_pointer (&content));
  self->n_told++;
  if (self->on_told != NULL)
    self->on_told (self);
}

static const RuntimeUseFolderWatchEvents events = { settled_cb };

static void
keep_result (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

/* Returns why it cannot start. */
GError *
watch_fixture_try (WatchFixture *self,
                   const char   *rules)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  g_clear_object (&self->watch);
  self->watch = _runtime_use_folder_watch_new (self->folder, rules, &self->options, &events, self);
  _runtime_use_folder_watch_start_async (self->watch, NULL, keep_result, &result);
  wait_for (result != NULL);
  _runtime_use_folder_watch_start_finish (self->watch, result, &error);

  return error;
}

void
watch_fixture_start (WatchFixture *self,
                     const char   *rules)
{
  g_autoptr(GError) error = watch_fixture_try (self, rules);

  g_assert_no_error (error);
}

void
watch_fixture_settle (WatchFixture *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  _runtime_use_folder_watch_settle_async (self->watch, NULL, keep_result, &result);
  wait_for (result != NULL);
  _runtime_use_folder_watch_settle_finish (self->watch, result, &error);
  g_assert_no_error (error);
}

/* May be called from what the watch calls. */
void
watch_fixture_stop (WatchFixture *self)
{
  _runtime_use_folder_watch_stop (self->watch);
  g_clear_object (&self->watch);
}

static gboolean
end_run (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* For what is not to happen. */
void
watch_fixture_run (guint milliseconds)
{
  gboolean is_over = FALSE;

  g_timeout_add (milliseconds, end_run, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

void
watch_fixture_until (WatchFixture *self,
                     const char   *path,
                     const char   *content)
{
  wait_for (g_strcmp0 (g_hash_table_lookup (self->told, path), content) == 0);
}

void
watch_fixture_until_told (WatchFixture *self,
                          guint         n_told)
{
  wait_for (self->n_told >= n_told);
  g_assert_cmpuint (self->n_told, ==, n_told);
}

/* One that begins with ".." is beside the folder, which need not be there. */
char *
watch_fixture_path (WatchFixture *self,
                    const char   *path)
{
  return g_canonicalize_filename (path, self->folder);
}

int
watch_fixture_open (WatchFixture *self,
                    const char   *path,
                    int           flags)
{
  g_autofree char *whole = watch_fixture_path (self, path);
  int fd = open (whole, flags | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

void
watch_put (int         fd,
           const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

static void
write_with (WatchFixture *self,
            const char   *path,
            const char   *content,
            int           flags)
{
  int fd = watch_fixture_open (self, path, O_WRONLY | O_CREAT | flags);

  watch_put (fd, content);
  close (fd);
}

void
watch_fixture_write (WatchFixture *self,
                     const char   *path,
                     const char   *content)
{
  write_with (self, path, content, O_TRUNC);
}

void
watch_fixture_append (WatchFixture *self,
                      const char   *path,
                      const char   *content)
{
  write_with (self, path, content, O_APPEND);
}

void
watch_fixture_mkdir (WatchFixture *self,
                     const char   *path)
{
  g_autofree char *whole = watch_fixture_path (self, path);

  g_assert_cmpint (g_mkdir_with_parents (whole, 0755), ==, 0);
}

/* The one numbered I is at I/500, I/20, I. */
void
watch_fixture_make_directories (WatchFixture *self,
                                guint         n,
                                guint         n_files)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *directory = g_strdup_printf ("%u/%u/%u", i / 500, i / 20, i);

      watch_fixture_mkdir (self, directory);
      for (guint j = 0; j < n_files; j++)
        {
          g_autofree char *path = g_strdup_printf ("%s/%u", directory, j);

          watch_fixture_write (self, path, "1");
        }
    }
}

void
watch_fixture_rename (WatchFixture *self,
                      const char   *from,
                      const char   *to)
{
  g_autofree char *old_path = watch_fixture_path (self, from);
  g_autofree char *new_path = watch_fixture_path (self, to);

  g_assert_cmpint (g_rename (old_path, new_path), ==, 0);
}

void
watch_fixture_remove (WatchFixture *self,
                      const char   *path)
{
  g_autofree char *whole = watch_fixture_path (self, path);

  watch_fixture_delete (whole);
}

void
watch_fixture_link (WatchFixture *self,
                    const char   *target,
                    const char   *path)
{
  g_autofree char *whole = watch_fixture_path (self, path);

  g_assert_cmpint (symlink (target, whole), ==, 0);
}
