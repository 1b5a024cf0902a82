/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "watch-tests.h"

/* Which files are told of, and when. */

#define NOBODY 65534

static void
test_existing (WatchFixture  *self,
               gconstpointer  data)
{
  g_test_summary ("Files that exist at the start are told of once, but not empty ones");

  watch_fixture_mkdir (self, "a/b");
  watch_fixture_write (self, "one", "1");
  watch_fixture_write (self, ".dot", "2");
  watch_fixture_write (self, "a/b/two", "3");
  watch_fixture_write (self, "empty", "");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);

  watch_fixture_assert (self, "one", "1");
  watch_fixture_assert (self, ".dot", "2");
  watch_fixture_assert (self, "a/b/two", "3");
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 3);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));
}

static void
test_changes (WatchFixture  *self,
              gconstpointer  data)
{
  g_autofree char *path = watch_fixture_path (self, "file");
  int fd;

  g_test_summary ("A file is told of again after each change, however it was made");

  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "file", "1");
  watch_fixture_until (self, "file", "1");
  watch_fixture_append (self, "file", "23");
  watch_fixture_until (self, "file", "123");
  watch_fixture_write (self, "file", "456");
  watch_fixture_until (self, "file", "456");
  fd = watch_fixture_open (self, "file", O_RDWR);
  g_assert_cmpint (ftruncate (fd, 2), ==, 0);
  close (fd);
  watch_fixture_until (self, "file", "45");
  g_assert_cmpint (truncate (path, 1), ==, 0);
  watch_fixture_until (self, "file", "4");
  watch_fixture_write (self, "other", "over");
  watch_fixture_until (self, "other", "over");
  watch_fixture_rename (self, "other", "file");
  watch_fixture_until (self, "file", "over");
  g_assert_cmpuint (self->n_told, ==, 7);

  /* No change. */
  close (watch_fixture_open (self, "file", O_RDWR));
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 7);

  /* Nothing to tell of, until there is something. */
  g_assert_cmpint (truncate (path, 0), ==, 0);
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 7);
  watch_fixture_write (self, "file", "again");
  watch_fixture_until (self, "file", "again");
  g_assert_cmpuint (self->n_told, ==, 8);
}

static void
test_burst (WatchFixture  *self,
            gconstpointer  data)
{
  g_test_summary ("What is written in one go is told of once");

  watch_fixture_start (self, NULL);
  for (guint i = 0; i < 20; i++)
    watch_fixture_append (self, "file", "x");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "xxxxxxxxxxxxxxxxxxxx");
  g_assert_cmpuint (self->n_told, ==, 1);
}

static void
test_deleted (WatchFixture  *self,
              gconstpointer  data)
{
  g_test_summary ("What is deleted or moved away before it has settled is not told of");

  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "gone", "1");
  watch_fixture_write (self, "from", "2");
  watch_fixture_remove (self, "gone");
  watch_fixture_rename (self, "from", "to");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "to", "2");
  g_assert_cmpuint (self->n_told, ==, 1);
}

static void
test_held (WatchFixture  *self,
           gconstpointer  data)
{
  int early;
  int late;

  g_test_summary ("A file that somebody has open for writing is not told of, however still it is");

  watch_fixture_mkdir (self, ".");
  early = watch_fixture_open (self, "early", O_WRONLY | O_CREAT);
  watch_put (early, "half");
  watch_fixture_start (self, NULL);
  late = watch_fixture_open (self, "late", O_WRONLY | O_CREAT);
  watch_put (late, "ha");
  watch_fixture_run (A_WHILE);
  watch_put (late, "lf");
  /* Nobody waits for what may never be closed. */
  watch_fixture_settle (self);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));
  g_assert_cmpuint (self->n_told, ==, 0);

  watch_put (late, ", whole");
  close (late);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "late", "half, whole");
  watch_put (early, ", whole");
  close (early);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "early", "half, whole");
  g_assert_cmpuint (self->n_told, ==, 2);
}

static void
test_two_writers (WatchFixture  *self,
                  gconstpointer  data)
{
  int one;
  int other;

  g_test_summary ("With two writers the last one counts");

  watch_fixture_start (self, NULL);
  one = watch_fixture_open (self, "file", O_WRONLY | O_CREAT | O_APPEND);
  other = watch_fixture_open (self, "file", O_WRONLY | O_APPEND);
  watch_put (one, "1");
  close (one);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);
  watch_put (other, "2");
  close (other);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "12");
  g_assert_cmpuint (self->n_told, ==, 1);
}

static void
test_other_name (WatchFixture  *self,
                 gconstpointer  data)
{
  g_autofree char *inside = watch_fixture_path (self, "file");
  g_autofree char *outside = watch_fixture_path (self, "../file");
  int fd;

  g_test_summary ("A writer who has a file open by another name is noticed, and its end too");

  watch_fixture_mkdir (self, ".");
  fd = watch_fixture_open (self, "../file", O_WRONLY | O_CREAT);
  watch_fixture_start (self, NULL);
  watch_put (fd, "half");
  g_assert_cmpint (link (outside, inside), ==, 0);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);
  watch_put (fd, ", whole");
  close (fd);
  watch_fixture_until (self, "file", "half, whole");
}

static void
test_special (WatchFixture  *self,
              gconstpointer  data)
{
  g_autofree char *fifo = watch_fixture_path (self, "fifo");
  g_autofree char *late = watch_fixture_path (self, "late");
  g_autofree char *socket_path = watch_fixture_path (self, "socket");
  g_autofree char *device = watch_fixture_path (self, "device");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_test_summary ("Pipes, sockets and devices are left alone");

  watch_fixture_mkdir (self, ".");
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  /* That takes a right. */
  if (mknod (device, S_IFCHR | 0644, makedev (1, 5)) < 0)
    g_assert_cmpint (errno, ==, EPERM);
  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  watch_fixture_start (self, NULL);
  g_assert_cmpint (mkfifo (late, 0644), ==, 0);
  watch_fixture_link (self, "fifo", "link");
  watch_fixture_write (self, "file", "1");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file", "1");
  g_assert_cmpuint (self->n_told, ==, 1);
  close (fd);
}

static void
test_names (WatchFixture  *self,
            gconstpointer  data)
{
  g_test_summary ("Names may hold anything that is UTF-8; others are left out with a warning");

  watch_fixture_mkdir (self, "new\nline");
  watch_fixture_mkdir (self, "bad\xff");
  watch_fixture_write (self, "bad\xff/file", "no");
  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "new\nline/\x1b[1m \"quoted\" \xe2\x82\xac", "1");
  watch_fixture_write (self, "\xc3\x28", "no");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "new\nline/\x1b[1m \"quoted\" \xe2\x82\xac", "1");
  g_assert_cmpuint (self->n_told, ==, 1);
  watch_tests_assert_warned_once ("bad\\377: the name is not UTF-8");
  watch_tests_assert_warned_once ("\\303(: the name is not UTF-8");
}

static void
test_many_names (WatchFixture  *self,
                 gconstpointer  data)
{
  g_auto(GStrv) lines = NULL;

  g_test_summary ("Many files that are left out are named once each up to a number of them");

  watch_fixture_start (self, NULL);
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < 20; i++)
        {
          g_autofree char *name = g_strdup_printf ("%u\xff", i);

          watch_fixture_write (self, name, "no");
        }
      watch_fixture_settle (self);
    }
  lines = g_strsplit (watch_tests_get_warnings (), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 11 + 1);
  watch_tests_assert_warned_once ("not named any more");
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf (", %u\\377:", i);

      watch_tests_assert_warned_once (name);
    }
}

static void
test_slash (WatchFixture  *self,
            gconstpointer  data)
{
  g_autofree char *plain = self->folder;

  g_test_summary ("A folder that ends in a slash gets no second one");

  self->folder = g_strconcat (plain, "/", NULL);
  watch_fixture_start (self, NULL);
  self->folder[strlen (plain)] = '\0';
  watch_fixture_write (self, "file", "1");
  watch_fixture_until (self, "file", "1");
}

static void
test_unreadable (WatchFixture  *self,
                 gconstpointer  data)
{
  g_autofree char *one = watch_fixture_path (self, "one");
  g_autofree char *other = watch_fixture_path (self, "other");
  g_autofree char *directory = watch_fixture_path (self, "directory");
  uid_t uid = geteuid ();

  g_test_summary ("What cannot be read is left out, with one warning for each");

  watch_fixture_mkdir (self, "directory");
  watch_fixture_write (self, "one", "1");
  watch_fixture_write (self, "other", "2");
  watch_fixture_write (self, "good", "3");
  g_assert_cmpint (chmod (one, 0) | chmod (other, 0) | chmod (self->root, 0755), ==, 0);
  g_assert_cmpint (chmod (directory, 0), ==, 0);
  g_assert_true (uid != 0 || seteuid (NOBODY) == 0);
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  g_assert_true (uid != 0 || seteuid (0) == 0);
  watch_fixture_assert (self, "good", "3");
  g_assert_cmpuint (self->n_told, ==, 1);
  watch_tests_assert_warned_once (", one: Permission denied");
  watch_tests_assert_warned_once (", other: Permission denied");
  watch_tests_assert_warned_once (", directory: Permission denied");
  g_assert_cmpint (chmod (directory, 0700), ==, 0);
}

static void
test_not_owner (WatchFixture  *self,
                gconstpointer  data)
{
  gint64 before;
  int fd;

  g_test_summary ("Where a lease is not to be had, a file has to stand still for longer");

  if (geteuid () != 0)
    {
      g_test_skip ("takes files of another user");
      return;
    }

  self->options.quiet = 100;
  watch_fixture_mkdir (self, ".");
  g_assert_cmpint (chmod (self->root, 0755), ==, 0);
  fd = watch_fixture_open (self, "file", O_WRONLY | O_CREAT);
  g_assert_cmpint (seteuid (NOBODY), ==, 0);
  watch_fixture_start (self, NULL);
  for (guint i = 0; i < 10; i++)
    {
      watch_put (fd, "x");
      watch_fixture_run (50);
    }
  g_assert_cmpuint (self->n_told, ==, 0);
  before = g_get_monotonic_time ();
  close (fd);
  watch_fixture_settle (self);
  g_assert_cmpint (seteuid (0), ==, 0);
  watch_fixture_assert (self, "file", "xxxxxxxxxx");
  g_assert_cmpuint (self->n_told, ==, 1);
  g_assert_cmpint (self->told_at - before, >=, 2 * 100 * 1000);
}

static void
test_no_wait (WatchFixture  *self,
              gconstpointer  data)
{
  gint64 before;
  gint64 best = G_MAXINT64;

  g_test_summary ("When nothing has changed there is nothing to wait for");

  watch_fixture_start (self, NULL);
  watch_fixture_write (self, "file", "1");
  g_assert_false (_runtime_use_folder_watch_is_settled (self->watch));
  watch_fixture_settle (self);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));

  for (guint i = 0; i < 10; i++)
    {
      before = g_get_monotonic_time ();
      watch_fixture_settle (self);
      best = MIN (best, g_get_monotonic_time () - before);
    }
  g_assert_cmpint (best, <, 5000);
}

/* --- measured with -m perf --- */

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  const gint64 *one = a;
  const gint64 *other = b;

  return (*one > *other) - (*one < *other);
}

static void
test_latency (WatchFixture  *self,
              gconstpointer  data)
{
  gint64 times[100];

  watch_fixture_start (self, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *path = g_strdup_printf ("file%u", i);
      gint64 closed;

      watch_fixture_write (self, path, "1");
      closed = g_get_monotonic_time ();
      watch_fixture_until (self, path, "1");
      times[i] = self->told_at - closed;
    }
  qsort (times, G_N_ELEMENTS (times), sizeof times[0], compare_times);
  g_test_message ("close to settled: median %.1f ms, worst %.1f ms", times[50] / 1e3,
                  times[99] / 1e3);
  g_assert_cmpint (times[50], <, 60 * 1000);
}

static void
test_registration (WatchFixture  *self,
                   gconstpointer  data)
{
  gint64 before;
  gint64 start;
  gsize used;
  struct rusage usage[2];

  watch_fixture_make_directories (self, 5000, 10);
  /* Keeps no contents. */
  used = mallinfo2 ().uordblks;
  getrusage (RUSAGE_SELF, &usage[0]);
  before = g_get_monotonic_time ();
  watch_fixture_start (self, NULL);
  start = g_get_monotonic_time ();
  g_test_message ("5,000 directories: started after %.0f ms, %.1f MiB", (start - before) / 1e3,
                  (mallinfo2 ().uordblks - used) / 1048576.0);
  watch_fixture_settle (self);
  getrusage (RUSAGE_SELF, &usage[1]);
  g_test_message ("50,000 files: told after %.0f ms; CPU %.0f ms",
                  (g_get_monotonic_time () - before) / 1e3,
                  (usage[1].ru_utime.tv_sec - usage[0].ru_utime.tv_sec +
                   usage[1].ru_stime.tv_sec - usage[0].ru_stime.tv_sec) * 1e3 +
                  (usage[1].ru_utime.tv_usec - usage[0].ru_utime.tv_usec +
                   usage[1].ru_stime.tv_usec - usage[0].ru_stime.tv_usec) / 1e3);
  g_assert_cmpuint (self->n_told, ==, 50000);
  g_hash_table_remove_all (self->told);
  g_test_message ("all known: %.1f MiB", (mallinfo2 ().uordblks - used) / 1048576.0);
}

static void
test_small_files (WatchFixture  *self,
                  gconstpointer  data)
{
  gint64 before;
  gint64 written;

  watch_fixture_start (self, NULL);
  before = g_get_monotonic_time ();
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *path = g_strdup_printf ("file%u", i);

      watch_fixture_write (self, path, "1");
    }
  written = g_get_monotonic_time ();
  watch_fixture_settle (self);
  g_test_message ("1,000 files: written in %.1f ms, all told %.1f ms after",
                  (written - before) / 1e3, (self->told_at - written) / 1e3);
  g_assert_cmpuint (self->n_told, ==, 1000);
}

int
main (int    argc,
      char **argv)
{
  watch_tests_init (&argc, &argv);

  watch_tests_add ("existing", NULL, test_existing);
  watch_tests_add ("changes", NULL, test_changes);
  watch_tests_add ("burst", NULL, test_burst);
  watch_tests_add ("deleted", NULL, test_deleted);
  watch_tests_add ("held", NULL, test_held);
  watch_tests_add ("two-writers", NULL, test_two_writers);
  watch_tests_add ("other-name", NULL, test_other_name);
  watch_tests_add ("special", NULL, test_special);
  watch_tests_add ("many-names", NULL, test_many_names);
  watch_tests_add ("names", NULL, test_names);
  watch_tests_add ("slash", NULL, test_slash);
  watch_tests_add ("unreadable", NULL, test_unreadable);
  watch_tests_add ("not-owner", NULL, test_not_owner);
  watch_tests_add ("no-wait", NULL, test_no_wait);
  if (g_test_perf ())
    {
      watch_tests_add ("latency", NULL, test_latency);
      watch_tests_add ("registration", NULL, test_registration);
      watch_tests_add ("small-files", NULL, test_small_files);
    }

  return watch_tests_run ();
}
