/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch-tests.h"

/* What a watch costs, and what it does when the machine, or its owner, does not allow it more. */

static void
test_scanning (WatchFixture  *self,
               gconstpointer  data)
{
  int fd;

  g_test_summary ("Without inotify all is found by scanning");

  self->options.without_inotify = TRUE;
  self->options.scan_interval = 100;
  watch_fixture_mkdir (self, "sub/dist");
  watch_fixture_write (self, "sub/one", "1");
  watch_fixture_start (self, NULL);
  watch_fixture_until (self, "sub/one", "1");
  watch_fixture_write (self, "sub/one", "22");
  watch_fixture_write (self, "sub/dist/no", "no");
  fd = watch_fixture_open (self, "held", O_WRONLY | O_CREAT);
  watch_put (fd, "1");
  watch_fixture_until (self, "sub/one", "22");
  watch_fixture_mkdir (self, "new/deep");
  watch_fixture_write (self, "new/deep/other", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "new/deep/other", "3");
  g_assert_cmpuint (self->n_told, ==, 3);
  watch_put (fd, "2");
  close (fd);
  watch_fixture_until (self, "held", "12");
  watch_fixture_remove (self, "new");
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 4);
  g_assert_cmpstr (watch_tests_get_warnings (), ==, "");

  watch_fixture_remove (self, ".");
  watch_fixture_settle (self);
  watch_fixture_run (A_WHILE);
  watch_fixture_settle (self);
  watch_fixture_mkdir (self, "again");
  watch_fixture_write (self, "again/file", "4");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "again/file", "4");
}

/* Returns how much had to be looked at for it. */
static guint64
settle_and_count (WatchFixture *self)
{
  guint64 before = _runtime_use_folder_watch_get_work (self->watch);

  watch_fixture_settle (self);

  return _runtime_use_folder_watch_get_work (self->watch) - before;
}

static void
test_cost (WatchFixture  *self,
           gconstpointer  data)
{
  g_test_summary ("What it costs to hear of changes grows with them, not with the folder");

  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *directory = g_strdup_printf ("%u", i % 100);
      g_autofree char *file = g_strdup_printf ("%s/%u", directory, i);

      watch_fixture_mkdir (self, directory);
      watch_fixture_write (self, file, "1");
    }
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  g_assert_cmpuint (_runtime_use_folder_watch_get_work (self->watch), >=, 4100);

  g_assert_cmpuint (settle_and_count (self), ==, 0);

  watch_fixture_write (self, "7/7", "2");
  watch_fixture_write (self, "8/8", "2");
  g_assert_cmpuint (settle_and_count (self), <=, 10);
  watch_fixture_rename (self, "9", "new");
  /* Its 20 files are read, and each is looked at. */
  g_assert_cmpuint (settle_and_count (self), <=, 100);
  watch_fixture_remove (self, "10");
  g_assert_cmpuint (settle_and_count (self), <=, 100);
  g_assert_cmpuint (self->n_told, ==, 2000 + 2 + 20);
}

static void
test_overflow (WatchFixture  *self,
               gconstpointer  data)
{
  g_autofree char *text = NULL;
  guint64 limit;
  int fd;

  g_test_summary ("When there were more events than the kernel keeps nothing is lost, and that is "
                  "said once");

  g_assert_true (g_file_get_contents ("/proc/sys/fs/inotify/max_queued_events", &text, NULL, NULL));
  limit = g_ascii_strtoull (text, NULL, 10);
  watch_fixture_start (self, NULL);
  watch_fixture_mkdir (self, "sub");
  watch_fixture_write (self, "sub/first", "1");
  fd = watch_fixture_open (self, "held", O_WRONLY | O_CREAT);
  watch_put (fd, "1");
  watch_fixture_settle (self);
  /* Until it is looked at but once a second. */
  watch_fixture_run (1300);
  for (guint64 i = 0; i < limit; i++)
    {
      /* Neither merges with the one before it. */
      watch_fixture_append (self, i % 2 == 0 ? "sub/even" : "sub/odd", "x");
    }
  watch_put (fd, "2");
  close (fd);
  watch_fixture_write (self, "sub/last", "1");
  watch_fixture_mkdir (self, "sub/new");
  watch_fixture_write (self, "sub/new/last", "1");
  watch_fixture_remove (self, "sub/first");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/last", "1");
  watch_fixture_assert (self, "sub/new/last", "1");
  watch_fixture_assert (self, "held", "12");
  g_assert_cmpuint (self->n_told, ==, 6);
  watch_tests_assert_warned_once ("fs.inotify.max_queued_events");
  watch_fixture_write (self, "sub/new/last", "2");
  watch_fixture_until (self, "sub/new/last", "2");
}

static gboolean
limit_inotify (const char *name,
               const char *value)
{
  g_autofree char *path = g_strdup_printf ("/proc/sys/user/max_inotify_%s", name);
  int fd;
  gboolean is_done;

  if (unshare (CLONE_NEWUSER) < 0)
    return FALSE;

  fd = open (path, O_WRONLY | O_CLOEXEC);
  is_done = fd >= 0 && write (fd, value, strlen (value)) > 0;
  if (fd >= 0)
    close (fd);

  return is_done;
}

/* Runs in a process of its own, for a user namespace is for life. */
static void
watch_with_limit (WatchFixture *self,
                  const char   *name,
                  const char   *value)
{
  self->options.scan_interval = 100;
  watch_fixture_make_directories (self, 50, 1);
  g_assert_true (limit_inotify (name, value));
  watch_fixture_start (self, NULL);
  watch_fixture_until_told (self, 50);
  watch_fixture_write (self, "0/2/49/0", "22");
  watch_fixture_write (self, "0/0/0/0", "33");
  watch_fixture_until (self, "0/2/49/0", "22");
  watch_fixture_until (self, "0/0/0/0", "33");
  watch_tests_assert_warned_once (name);
}

static gboolean
can_limit_inotify (const char *name)
{
  pid_t pid = fork ();
  int status = -1;

  if (pid == 0)
    _exit (limit_inotify (name, "100") ? 0 : 1);
  waitpid (pid, &status, 0);

  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static void
test_exhausted (WatchFixture  *self,
                gconstpointer  data)
{
  const char *name = data;

  g_test_summary ("When inotify is exhausted the folder is scanned, and the log says why");

  if (g_test_subprocess ())
    {
      watch_with_limit (self, name, strcmp (name, "watches") == 0 ? "20" : "0");
      return;
    }

  if (!can_limit_inotify (name))
    {
      g_test_skip ("takes a user namespace");
      return;
    }

  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
test_no_descriptors (WatchFixture  *self,
                     gconstpointer  data)
{
  struct rlimit limit;
  struct rlimit none;

  g_test_summary ("A want of descriptors delays, but loses nothing");

  self->options.scan_interval = 20;
  watch_fixture_start (self, NULL);
  watch_fixture_mkdir (self, "sub");
  watch_fixture_write (self, "sub/file", "1");
  watch_fixture_write (self, "file", "1");
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none = limit;
  none.rlim_cur = 3;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  watch_fixture_run (A_WHILE);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpuint (self->n_told, ==, 0);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/file", "1");
  watch_fixture_assert (self, "file", "1");
  watch_tests_assert_warned_once ("Too many open files");
}

static void
test_limits (WatchFixture  *self,
             gconstpointer  data)
{
  g_test_summary ("There is a limit to everything, and the log says so once");

  self->options.max_depth = 2;
  self->options.max_directories = 4;
  self->options.max_files = 6;
  self->options.max_links = 1;
  watch_fixture_mkdir (self, "a/b/c");
  watch_fixture_write (self, "a/b/file", "1");
  watch_fixture_write (self, "a/b/c/file", "no");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "a/b/file", "1");
  g_assert_cmpuint (self->n_told, ==, 1);
  watch_tests_assert_warned_once ("too deep");

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *path = g_strdup_printf ("%u", i);

      watch_fixture_mkdir (self, path);
    }
  watch_fixture_link (self, "a/b/file", "one");
  watch_fixture_settle (self);
  watch_fixture_link (self, "a/b/file", "other");
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 2);
  watch_tests_assert_warned_once ("too many directories");
  watch_tests_assert_warned_once ("too many links");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *path = g_strdup_printf ("file%u", i);

      watch_fixture_write (self, path, "1");
    }
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 6);
  watch_tests_assert_warned_once ("too many files");
}

int
main (int    argc,
      char **argv)
{
  watch_tests_init (&argc, &argv);

  watch_tests_add ("scanning", NULL, test_scanning);
  watch_tests_add ("cost", NULL, test_cost);
  watch_tests_add ("overflow", NULL, test_overflow);
  watch_tests_add ("exhausted-watches", "watches", test_exhausted);
  watch_tests_add ("exhausted-instances", "instances", test_exhausted);
  watch_tests_add ("no-descriptors", NULL, test_no_descriptors);
  watch_tests_add ("limits", NULL, test_limits);

  return watch_tests_run ();
}
