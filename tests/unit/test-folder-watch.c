/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime-use-watch-tree-private.h"
#include "watch-fixture.h"

/* So long that what is not to be told of would have been. */
#define A_WHILE 250

#define NOBODY 65534

/* What was warned of since it was last taken. */
static GString *warnings;

static GLogWriterOutput
keep_warning (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  if (level != G_LOG_LEVEL_WARNING)
    return level > G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED :
           g_log_writer_default (level, fields, n_fields, user_data);

  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        g_string_append_printf (warnings, "%s\n", (const char *) fields[i].value);
    }

  return G_LOG_WRITER_HANDLED;
}

static void
assert_warned_once (const char *what)
{
  const char *found = strstr (warnings->str, what);

  if (found == NULL || strstr (found + 1, what) != NULL)
    g_error ("Not warned exactly once of '%s', but: %s", what, warnings->str);
}

static void
set_up (WatchFixture  *self,
        gconstpointer  data)
{
  watch_fixture_init (self);
  self->options.logger = runtime_use_logger_new (NULL);
  g_string_truncate (warnings, 0);
}

static void
tear_down (WatchFixture  *self,
           gconstpointer  data)
{
  watch_fixture_clear (self);
  g_clear_object (&self->options.logger);
}

static int
open_file (WatchFixture *self,
           const char   *path,
           int           flags)
{
  g_autofree char *whole = watch_fixture_path (self, path);
  int fd = open (whole, flags | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

static void
put (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

/* --- which files, and when --- */

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
  fd = open_file (self, "file", O_RDWR);
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
  close (open_file (self, "file", O_RDWR));
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
  early = open_file (self, "early", O_WRONLY | O_CREAT);
  put (early, "half");
  watch_fixture_start (self, NULL);
  late = open_file (self, "late", O_WRONLY | O_CREAT);
  put (late, "ha");
  watch_fixture_run (A_WHILE);
  put (late, "lf");
  /* Nobody waits for what may never be closed. */
  watch_fixture_settle (self);
  g_assert_true (_runtime_use_folder_watch_is_settled (self->watch));
  g_assert_cmpuint (self->n_told, ==, 0);

  put (late, ", whole");
  close (late);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "late", "half, whole");
  put (early, ", whole");
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
  one = open_file (self, "file", O_WRONLY | O_CREAT | O_APPEND);
  other = open_file (self, "file", O_WRONLY | O_APPEND);
  put (one, "1");
  close (one);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);
  put (other, "2");
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
  fd = open_file (self, "../file", O_WRONLY | O_CREAT);
  watch_fixture_start (self, NULL);
  put (fd, "half");
  g_assert_cmpint (link (outside, inside), ==, 0);
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 0);
  put (fd, ", whole");
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
  assert_warned_once ("bad\\377: the name is not UTF-8");
  assert_warned_once ("\\303(: the name is not UTF-8");
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
  lines = g_strsplit (warnings->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 11 + 1);
  assert_warned_once ("not named any more");
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf (", %u\\377:", i);

      assert_warned_once (name);
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
  assert_warned_once (", one: Permission denied");
  assert_warned_once (", other: Permission denied");
  assert_warned_once (", directory: Permission denied");
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
  fd = open_file (self, "file", O_WRONLY | O_CREAT);
  g_assert_cmpint (seteuid (NOBODY), ==, 0);
  watch_fixture_start (self, NULL);
  for (guint i = 0; i < 10; i++)
    {
      put (fd, "x");
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

/* --- directories --- */

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
make_directories (WatchFixture *self,
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

static void
test_many_directories (WatchFixture  *self,
                       gconstpointer  data)
{
  g_test_summary ("5,000 directories are watched, with nothing to do when nothing happens");

  make_directories (self, 5000, 0);
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

/* --- links --- */

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

/* --- rules --- */

static void
test_default_rules (WatchFixture  *self,
                    gconstpointer  data)
{
  g_test_summary ("Without rules the default ones hold");

  watch_fixture_mkdir (self, "sub/node_modules/deep");
  watch_fixture_write (self, "sub/node_modules/deep/file", "no");
  watch_fixture_start (self, NULL);
  watch_fixture_mkdir (self, "dist");
  watch_fixture_write (self, "dist/file", "no");
  watch_fixture_write (self, "file.log", "1");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "file.log", "1");
  g_assert_cmpuint (self->n_told, ==, 1);
}

static void
test_pinned_rules (WatchFixture  *self,
                   gconstpointer  data)
{
  g_test_summary ("Rules of the client replace all others");

  watch_fixture_mkdir (self, "dist");
  watch_fixture_mkdir (self, "skip");
  watch_fixture_write (self, ".artifactignore", "*.txt\n");
  watch_fixture_write (self, "dist/.artifactignore", "*\n");
  watch_fixture_write (self, "dist/a.txt", "1");
  watch_fixture_write (self, "skip/a.txt", "no");
  watch_fixture_write (self, "a.log", "no");
  watch_fixture_start (self, "*.log\nskip/\n");
  watch_fixture_write (self, ".artifactignore", "dist\n");
  watch_fixture_write (self, "b.txt", "2");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "dist/a.txt", "1");
  watch_fixture_assert (self, "b.txt", "2");
  g_assert_cmpuint (self->n_told, ==, 2);
}

static void
test_changed_rules (WatchFixture  *self,
                    gconstpointer  data)
{
  g_test_summary ("Rules on disk are read again when they change, and nothing is told of twice");

  watch_fixture_mkdir (self, "dist");
  watch_fixture_write (self, ".artifactignore", "*.log\n");
  watch_fixture_write (self, "a.log", "1");
  watch_fixture_write (self, "dist/b", "2");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "dist/b", "2");
  g_assert_cmpuint (self->n_told, ==, 1);

  watch_fixture_write (self, ".artifactignore", "dist/\n");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "a.log", "1");
  watch_fixture_write (self, "dist/c", "no");
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 2);

  watch_fixture_write (self, "new", "#\n");
  watch_fixture_rename (self, "new", ".artifactignore");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "dist/c", "no");
  g_assert_cmpuint (self->n_told, ==, 3);

  watch_fixture_remove (self, ".artifactignore");
  watch_fixture_settle (self);
  watch_fixture_write (self, "dist/b", "no");
  watch_fixture_write (self, "d", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "d", "3");
  g_assert_cmpuint (self->n_told, ==, 4);
}

static void
test_nested_rules (WatchFixture  *self,
                   gconstpointer  data)
{
  g_test_summary ("Rules further down come first, as in git");

  watch_fixture_mkdir (self, "sub/deep");
  watch_fixture_write (self, ".artifactignore", "*.log\n/only-here\n");
  watch_fixture_write (self, "sub/.artifactignore", "!keep.log\n/here\n");
  watch_fixture_write (self, "keep.log", "no");
  watch_fixture_write (self, "sub/keep.log", "1");
  watch_fixture_write (self, "sub/deep/keep.log", "2");
  watch_fixture_write (self, "sub/other.log", "no");
  watch_fixture_write (self, "sub/here", "no");
  watch_fixture_write (self, "sub/deep/here", "3");
  watch_fixture_write (self, "sub/only-here", "4");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/keep.log", "1");
  watch_fixture_assert (self, "sub/deep/keep.log", "2");
  watch_fixture_assert (self, "sub/deep/here", "3");
  watch_fixture_assert (self, "sub/only-here", "4");
  g_assert_cmpuint (self->n_told, ==, 4);

  watch_fixture_remove (self, "sub/.artifactignore");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "sub/here", "no");
  watch_fixture_write (self, "sub/keep.log", "no");
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 5);
}

static void
test_slow_rules (WatchFixture  *self,
                 gconstpointer  data)
{
  int fd;

  g_test_summary ("Rules count when their file is closed");

  watch_fixture_mkdir (self, "dist");
  watch_fixture_write (self, "dist/file", "no");
  fd = open_file (self, ".artifactignore", O_WRONLY | O_CREAT);
  watch_fixture_start (self, NULL);
  watch_fixture_run (A_WHILE);
  put (fd, "dist\n*.log\n");
  close (fd);
  watch_fixture_write (self, "a.log", "no");
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 0);
}

static void
test_ignored_target (WatchFixture  *self,
                     gconstpointer  data)
{
  g_test_summary ("A link does not bring out what is ignored");

  watch_fixture_mkdir (self, "dist");
  watch_fixture_write (self, ".artifactignore", "dist\nsecret\n");
  watch_fixture_write (self, "dist/file", "no");
  watch_fixture_write (self, "secret", "no");
  watch_fixture_link (self, "dist/file", "one");
  watch_fixture_link (self, "secret", "other");
  watch_fixture_start (self, NULL);
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 0);
}

/* --- the folder itself --- */

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
stop_watch (gpointer fixture)
{
  WatchFixture *self = fixture;

  _runtime_use_folder_watch_stop (self->watch);
  g_clear_object (&self->watch);
}

static void
test_stop (WatchFixture  *self,
           gconstpointer  data)
{
  g_test_summary ("A watch may be stopped and let go of from what it calls");

  self->on_told = stop_watch;
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

  make_directories (self, 3000, 0);
  watch_fixture_start (self, NULL);
  g_assert_cmpuint (count_watches (&n_instances), >, 3000);
  stop_watch (self);
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
      stop_watch (self);
      g_assert_cmpuint (count_watches (&n_instances), ==, 0);
      g_assert_cmpuint (n_instances, ==, 1);
    }
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

/* --- what the machine lacks --- */

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
  fd = open_file (self, "held", O_WRONLY | O_CREAT);
  put (fd, "1");
  watch_fixture_until (self, "sub/one", "22");
  watch_fixture_mkdir (self, "new/deep");
  watch_fixture_write (self, "new/deep/other", "3");
  watch_fixture_settle (self);
  watch_fixture_assert (self, "new/deep/other", "3");
  g_assert_cmpuint (self->n_told, ==, 3);
  put (fd, "2");
  close (fd);
  watch_fixture_until (self, "held", "12");
  watch_fixture_remove (self, "new");
  watch_fixture_run (A_WHILE);
  g_assert_cmpuint (self->n_told, ==, 4);
  g_assert_cmpstr (warnings->str, ==, "");

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
  fd = open_file (self, "held", O_WRONLY | O_CREAT);
  put (fd, "1");
  watch_fixture_settle (self);
  /* Until it is looked at but once a second. */
  watch_fixture_run (1300);
  for (guint64 i = 0; i < limit; i++)
    {
      /* Neither merges with the one before it. */
      watch_fixture_append (self, i % 2 == 0 ? "sub/even" : "sub/odd", "x");
    }
  put (fd, "2");
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
  assert_warned_once ("fs.inotify.max_queued_events");
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
  make_directories (self, 50, 1);
  g_assert_true (limit_inotify (name, value));
  watch_fixture_start (self, NULL);
  watch_fixture_until_told (self, 50);
  watch_fixture_write (self, "0/2/49/0", "22");
  watch_fixture_write (self, "0/0/0/0", "33");
  watch_fixture_until (self, "0/2/49/0", "22");
  watch_fixture_until (self, "0/0/0/0", "33");
  assert_warned_once (name);
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
  assert_warned_once ("Too many open files");
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
  assert_warned_once ("too deep");

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
  assert_warned_once ("too many directories");
  assert_warned_once ("too many links");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *path = g_strdup_printf ("file%u", i);

      watch_fixture_write (self, path, "1");
    }
  watch_fixture_settle (self);
  g_assert_cmpuint (self->n_told, ==, 6);
  assert_warned_once ("too many files");
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

  make_directories (self, 5000, 10);
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

static void
add (const char    *name,
     gconstpointer  data,
     void        (* func) (WatchFixture  *self,
                           gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/folder-watch/", name, NULL);

  g_test_add (path, WatchFixture, data, set_up, func, tear_down);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  warnings = g_string_new (NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);

  add ("existing", NULL, test_existing);
  add ("changes", NULL, test_changes);
  add ("burst", NULL, test_burst);
  add ("deleted", NULL, test_deleted);
  add ("held", NULL, test_held);
  add ("two-writers", NULL, test_two_writers);
  add ("other-name", NULL, test_other_name);
  add ("special", NULL, test_special);
  add ("many-names", NULL, test_many_names);
  add ("names", NULL, test_names);
  add ("slash", NULL, test_slash);
  add ("unreadable", NULL, test_unreadable);
  add ("not-owner", NULL, test_not_owner);
  add ("race", NULL, test_race);
  add ("moved-directories", NULL, test_moved_directories);
  add ("swapped-directory", NULL, test_swapped_directory);
  add ("swapping-thread", NULL, test_swapping_thread);
  add ("many-directories", NULL, test_many_directories);
  add ("links", NULL, test_links);
  add ("hard-links", NULL, test_hard_links);
  add ("default-rules", NULL, test_default_rules);
  add ("pinned-rules", NULL, test_pinned_rules);
  add ("changed-rules", NULL, test_changed_rules);
  add ("nested-rules", NULL, test_nested_rules);
  add ("slow-rules", NULL, test_slow_rules);
  add ("ignored-target", NULL, test_ignored_target);
  add ("no-folder", NULL, test_no_folder);
  add ("recreated", NULL, test_recreated);
  add ("replaced-by-link", NULL, test_replaced_by_link);
  add ("moved-parent", NULL, test_moved_parent);
  add ("overlap", NULL, test_overlap);
  add ("cancel", NULL, test_cancel);
  add ("stop", NULL, test_stop);
  add ("end-of-many", NULL, test_end_of_many);
  add ("end-in-parts", NULL, test_end_in_parts);
  add ("one-instance", NULL, test_one_instance);
  add ("no-wait", NULL, test_no_wait);
  add ("scanning", NULL, test_scanning);
  add ("cost", NULL, test_cost);
  add ("overflow", NULL, test_overflow);
  add ("exhausted-watches", "watches", test_exhausted);
  add ("exhausted-instances", "instances", test_exhausted);
  add ("no-descriptors", NULL, test_no_descriptors);
  add ("limits", NULL, test_limits);
  if (g_test_perf ())
    {
      add ("latency", NULL, test_latency);
      add ("registration", NULL, test_registration);
      add ("small-files", NULL, test_small_files);
    }

  status = g_test_run ();
  g_string_free (warnings, TRUE);

  return status;
}
