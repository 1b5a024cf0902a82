/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "artifact-fixture.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <glib/gstdio.h>

#define MIB ((guint64) 1024 * 1024)

static void
test_changed (void)
{
  ArtifactFixture f;

  g_test_summary ("What changes between offer and answer is sent as it is; later, offered again");

  artifact_fixture_init (&f);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  artifact_fixture_assert_offered (&f, 0, "a");
  watch_fixture_write (&f.files, "a", "second");
  watch_fixture_write (&f.files, "b", "then");
  artifact_fixture_assert_offered (&f, 1, "b");
  http_sink_hold (f.sink, TRUE);
  artifact_fixture_answer (&f, 0);
  wait_for (http_sink_get_n_held (f.sink) == 1);
  g_assert_cmpuint (f.offered->len, ==, 2);

  watch_fixture_write (&f.files, "a", "the third");
  watch_fixture_write (&f.files, "c", "then");
  artifact_fixture_assert_offered (&f, 2, "c");
  http_sink_hold (f.sink, FALSE);
  artifact_fixture_assert_offered (&f, 3, "a");
  g_assert_cmpuint (f.n_sent, ==, 1);
  artifact_fixture_answer (&f, 3);
  wait_for (f.n_sent == 2);
  artifact_fixture_assert_sent (&f, 0, "a", "second");
  artifact_fixture_assert_sent (&f, 1, "a", "the third");
  artifact_fixture_clear (&f);
}

static void
test_half_written (void)
{
  ArtifactFixture f;
  int fd;

  g_test_summary ("What is being written to when its turn comes is not sent, but offered again");

  artifact_fixture_init (&f);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "whole");
  artifact_fixture_assert_offered (&f, 0, "a");
  fd = artifact_fixture_open (&f, "a", O_WRONLY | O_TRUNC);
  g_assert_cmpint (write (fd, "ha", 2), ==, 2);
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "was changed"));
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 0);
  g_assert_cmpuint (f.offered->len, ==, 1);

  g_assert_cmpint (write (fd, "lf", 2), ==, 2);
  close (fd);
  artifact_fixture_answer (&f, 1);
  wait_for (f.n_sent == 1);
  artifact_fixture_assert_sent (&f, 0, "a", "half");
  artifact_fixture_clear (&f);
}

typedef struct
{
  const char *path;
  guint64     size;
} Change;

static void
overwrite_cb (gpointer user_data)
{
  const Change *change = user_data;
  int fd = open (change->path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, "changed", 7, 0), ==, 7);
  if (change->size > 0)
    g_assert_no_errno (ftruncate (fd, (off_t) change->size));
  close (fd);
}

/* A large file is read while it is sent. */
static void
test_changed_while_sent (void)
{
  /* In place, longer, and shorter. */
  static const guint64 sizes[] = { 0, 80 * MIB, 40 * MIB };

  g_test_summary ("Of a file that changes while it is sent no part arrives, but all later");

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = NULL;
      Change change;
      ArtifactFixture f;
      int fd;

      artifact_fixture_init (&f);
      g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
      path = watch_fixture_path (&f.files, "a");
      fd = artifact_fixture_open (&f, "a", O_RDWR | O_CREAT);
      g_assert_no_errno (ftruncate (fd, 64 * MIB));
      close (fd);
      change = (Change) { path, sizes[i] };
      artifact_fixture_get_offer (&f, 0);
      artifact_fixture_settle (&f);
      http_sink_call_at (f.sink, 1, overwrite_cb, &change);
      artifact_fixture_answer (&f, 0);
      wait_for (f.n_failed == 1);
      g_assert_cmpuint (http_sink_get_request (f.sink, 0)->n_body, <, 64 * MIB);

      fd = artifact_fixture_open (&f, "a", O_RDONLY);
      http_sink_compare (f.sink, fd);
      artifact_fixture_answer (&f, 1);
      g_assert_null (f.result);
      wait_for (f.n_sent == 1);
      g_assert_true (http_sink_is_same (f.sink));
      g_assert_cmpuint (http_sink_get_request (f.sink, 1)->n_body, ==,
                        sizes[i] > 0 ? sizes[i] : 64 * MIB);
      close (fd);
      artifact_fixture_wait_settled (&f);
      artifact_fixture_clear (&f);
    }
}

/* As programs do that keep the times of what they copy. */
static void
test_same_again (void)
{
  struct stat status;
  struct timespec times[2];
  ArtifactFixture f;
  int fd;

  g_test_summary ("A file that was changed, and then looks as if it was not, is not lost");

  artifact_fixture_init (&f);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  artifact_fixture_assert_offered (&f, 0, "a");
  fd = artifact_fixture_open (&f, "a", O_WRONLY);
  g_assert_no_errno (fstat (fd, &status));
  times[0] = status.st_atim;
  times[1] = status.st_mtim;
  g_assert_cmpint (write (fd, "two", 3), ==, 3);
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_failed == 1);
  g_assert_no_errno (futimens (fd, times));
  close (fd);
  artifact_fixture_answer (&f, 1);
  wait_for (f.n_sent == 1);
  artifact_fixture_assert_sent (&f, 0, "a", "two");
  artifact_fixture_clear (&f);
}

static gboolean
make_pipe (const char *path)
{
  return mkfifo (path, 0644) == 0;
}

static gboolean
make_device (const char *path)
{
  return mknod (path, S_IFCHR | 0644, makedev (1, 5)) == 0;
}

static gboolean
make_link_out (const char *path)
{
  return symlink ("../secret", path) == 0;
}

static gboolean
make_root_link (const char *path)
{
  return symlink ("/proc/self/root/etc/passwd", path) == 0;
}

static gboolean
make_loop (const char *path)
{
  return symlink ("a", path) == 0;
}

static gboolean
make_folder (const char *path)
{
  return g_mkdir (path, 0755) == 0;
}

static void
test_replaced (void)
{
  static gboolean (* const makes[]) (const char *) = {
    make_pipe, make_device, make_link_out, make_root_link, make_loop, make_folder,
  };

  g_test_summary ("What takes the place of a file that was offered is neither sent nor opened");

  for (gsize i = 0; i < G_N_ELEMENTS (makes); i++)
    {
      g_autofree char *path = NULL;
      int monitor = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
      char event[1024];
      ArtifactFixture f;

      artifact_fixture_init (&f);
      path = watch_fixture_path (&f.files, "a");
      g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
      watch_fixture_write (&f.files, "../secret", "secret");
      watch_fixture_write (&f.files, "a", "x");
      artifact_fixture_assert_offered (&f, 0, "a");
      watch_fixture_remove (&f.files, "a");
      /* To make a device takes a right. */
      if (makes[i] (path))
        {
          g_assert_cmpint (inotify_add_watch (monitor, path, IN_OPEN | IN_DONT_FOLLOW), >=, 0);
          artifact_fixture_answer (&f, 0);
          wait_for (f.n_failed == 1);
          g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 0);
          if (makes[i] != make_folder)
            g_assert_cmpint (read (monitor, event, sizeof event), ==, -1);
        }
      else
        g_assert_cmpint (errno, ==, EPERM);
      close (monitor);
      artifact_fixture_clear (&f);
    }
}

/* At once. After too many the kernel forgets some, and what was sent is not known to be another. */
#define MAX_SWAPS 1000

typedef struct
{
  char     *directory;
  char     *aside;
  GMutex    lock;
  GCond     changed;
  guint     n_left;
  gboolean  is_over;
  guint     n_swaps;
} Swapper;

/* Puts a link to the outside where the directory is, and the directory back. */
static void
swap (Swapper *self)
{
  g_assert_no_errno (g_rename (self->directory, self->aside));
  g_assert_no_errno (symlink ("../outside", self->directory));
  g_assert_no_errno (g_unlink (self->directory));
  g_assert_no_errno (g_rename (self->aside, self->directory));
}

static gpointer
swap_func (gpointer user_data)
{
  Swapper *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->is_over)
    {
      if (self->n_left == 0)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      self->n_left--;
      self->n_swaps++;
      g_mutex_unlock (&self->lock);
      swap (self);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);

  return NULL;
}

static guint
get_n_swaps (Swapper *self)
{
  G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_swaps;
}

static void
want (Swapper  *self,
      gboolean  is_wanted,
      gboolean  is_over)
{
  g_mutex_lock (&self->lock);
  self->n_left = is_wanted ? MAX_SWAPS : 0;
  self->is_over = is_over;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
test_swapped (void)
{
  Swapper swapper = { 0 };
  GThread *thread;
  ArtifactFixture f;

  g_test_summary ("A directory that is swapped for a link again and again leads nowhere else");

  artifact_fixture_init (&f);
  g_mutex_init (&swapper.lock);
  g_cond_init (&swapper.changed);
  swapper.directory = watch_fixture_path (&f.files, "d");
  swapper.aside = watch_fixture_path (&f.files, ".aside");
  watch_fixture_mkdir (&f.files, "../outside");
  watch_fixture_write (&f.files, "../outside/file", "secret");
  watch_fixture_mkdir (&f.files, "d");
  watch_fixture_write (&f.files, "d/file", "public");
  g_object_set (f.manager, "quiet", 1, NULL);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, "/.aside\n"));

  /* The directory is another one each time, so what is in it is offered again and again. */
  thread = g_thread_new ("swap", swap_func, &swapper);
  for (guint i = 0; i < 30; i++)
    {
      guint n_swaps = get_n_swaps (&swapper);

      artifact_fixture_assert_offered (&f, i, "d/file");
      want (&swapper, TRUE, FALSE);
      artifact_fixture_answer (&f, i);
      wait_for (f.n_sent + f.n_failed == i + 1 && get_n_swaps (&swapper) > n_swaps);
      want (&swapper, FALSE, FALSE);
    }
  want (&swapper, FALSE, TRUE);
  g_thread_join (thread);

  g_test_message ("%u sent, %u failed, %u swaps", f.n_sent, f.n_failed, swapper.n_swaps);
  for (guint i = 0; i < http_sink_get_n_requests (f.sink); i++)
    artifact_fixture_assert_sent (&f, i, "file", "public");
  artifact_fixture_clear (&f);
  g_mutex_clear (&swapper.lock);
  g_cond_clear (&swapper.changed);
  g_free (swapper.directory);
  g_free (swapper.aside);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/artifact-changes/changed", test_changed);
  g_test_add_func ("/artifact-changes/half-written", test_half_written);
  g_test_add_func ("/artifact-changes/changed-while-sent", test_changed_while_sent);
  g_test_add_func ("/artifact-changes/same-again", test_same_again);
  g_test_add_func ("/artifact-changes/replaced", test_replaced);
  g_test_add_func ("/artifact-changes/swapped", test_swapped);

  return g_test_run ();
}
