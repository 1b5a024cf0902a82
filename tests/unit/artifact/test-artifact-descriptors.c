/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "artifact-fixture.h"

#include <errno.h>
#include <sys/resource.h>

/* Leaves @n_free descriptors. */
static GArray *
use_up_descriptors (struct rlimit *before,
                    guint          n_free)
{
  GArray *used = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, before));
  limit = *before;
  limit.rlim_cur = MIN (limit.rlim_cur, 200);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  while ((fd = open ("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    g_array_append_val (used, fd);
  g_assert_cmpint (errno, ==, EMFILE);
  for (; n_free > 0; n_free--)
    {
      close (g_array_index (used, int, used->len - 1));
      g_array_set_size (used, used->len - 1);
    }

  return used;
}

static void
give_back (GArray              *used,
           const struct rlimit *before)
{
  for (guint i = 0; i < used->len; i++)
    close (g_array_index (used, int, i));
  g_array_unref (used);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, before));
}

static void
test_descriptors (void)
{
  g_test_summary ("Without descriptors files wait, and are sent when there are some again");

  /* Those for the file are short, or those for sending it. */
  for (guint n_free = 0; n_free < 5; n_free++)
    {
      struct rlimit before;
      GArray *used;
      ArtifactFixture f;

      artifact_fixture_init (&f);
      g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
      watch_fixture_write (&f.files, "a", "one");
      watch_fixture_write (&f.files, "b", "two");
      wait_for (f.offered->len == 2);
      used = use_up_descriptors (&before, n_free);
      artifact_fixture_answer (&f, 0);
      artifact_fixture_answer (&f, 1);
      g_assert_cmpuint (f.n_failed, ==, 0);
      g_assert_cmpuint (runtime_use_artifact_manager_get_n_pending (f.manager), ==, 2);
      give_back (used, &before);
      wait_for (f.n_sent == 2);
      g_assert_cmpuint (f.n_failed, ==, 0);
      artifact_fixture_clear (&f);
    }
}

static void
test_descriptors_cancelled (void)
{
  struct rlimit before;
  GArray *used;
  ArtifactFixture f;

  g_test_summary ("A file that waits for a descriptor ends with a cancel");

  artifact_fixture_init (&f);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "one");
  artifact_fixture_get_offer (&f, 0);
  used = use_up_descriptors (&before, 0);
  artifact_fixture_answer (&f, 0);
  runtime_use_artifact_manager_cancel (f.manager);
  g_assert_cmpuint (f.n_failed, ==, 1);
  g_assert_nonnull (strstr (f.error, "EMFILE: "));
  give_back (used, &before);
  artifact_fixture_clear (&f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/artifact-descriptors/descriptors", test_descriptors);
  g_test_add_func ("/artifact-descriptors/descriptors-cancelled", test_descriptors_cancelled);

  return g_test_run ();
}
