/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "watch-tests.h"

/* Rules about which files are wanted, those of clients and those on disk. */

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
  fd = watch_fixture_open (self, ".artifactignore", O_WRONLY | O_CREAT);
  watch_fixture_start (self, NULL);
  watch_fixture_run (A_WHILE);
  watch_put (fd, "dist\n*.log\n");
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

int
main (int    argc,
      char **argv)
{
  watch_tests_init (&argc, &argv);

  watch_tests_add ("default-rules", NULL, test_default_rules);
  watch_tests_add ("pinned-rules", NULL, test_pinned_rules);
  watch_tests_add ("changed-rules", NULL, test_changed_rules);
  watch_tests_add ("nested-rules", NULL, test_nested_rules);
  watch_tests_add ("slow-rules", NULL, test_slow_rules);
  watch_tests_add ("ignored-target", NULL, test_ignored_target);

  return watch_tests_run ();
}
