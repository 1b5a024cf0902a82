/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "artifact-fixture.h"

#include <glib/gstdio.h>

#define ANSWER_BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static void
test_nested (void)
{
  g_autofree char *inner = NULL;
  ArtifactFixture f;

  g_test_summary ("Of two folders that hold a file the first one decides, once");

  artifact_fixture_init (&f);
  inner = g_build_filename (f.files.folder, "in", NULL);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, "*.log\n"));
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, ""));
  g_assert_true (artifact_fixture_watch (&f, inner, ""));
  watch_fixture_write (&f.files, "in/a.log", "no");
  watch_fixture_write (&f.files, "in/b", "yes");
  artifact_fixture_settle (&f);
  wait_for (f.offered->len > 0);
  watch_fixture_run (200);
  g_assert_cmpuint (f.offered->len, ==, 1);
  g_assert_true (g_str_has_suffix (g_ptr_array_index (f.offered, 0), "/in/b"));
  runtime_use_artifact_manager_lay_aside (f.manager);
  artifact_fixture_wait_settled (&f);
  artifact_fixture_clear (&f);
}

static void
test_two_names (void)
{
  g_autofree char *link = NULL;
  g_autofree char *inner = NULL;
  ArtifactFixture f;

  g_test_summary ("A folder with two names offers its files once, by the first of them");

  artifact_fixture_init (&f);
  link = g_build_filename (f.files.root, "link", NULL);
  inner = g_build_filename (link, "in", NULL);
  watch_fixture_mkdir (&f.files, "in");
  watch_fixture_link (&f.files, "out", "../link");
  g_assert_true (artifact_fixture_watch (&f, link, ""));
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, ""));
  g_assert_true (artifact_fixture_watch (&f, inner, ""));
  watch_fixture_write (&f.files, "a", "1");
  watch_fixture_write (&f.files, "in/b", "2");
  artifact_fixture_settle (&f);
  wait_for (f.offered->len >= 2);
  runtime_use_artifact_manager_lay_aside (f.manager);
  artifact_fixture_wait_settled (&f);
  g_assert_cmpuint (f.offered->len, ==, 2);
  for (guint i = 0; i < f.offered->len; i++)
    g_assert_true (g_str_has_prefix (g_ptr_array_index (f.offered, i), link));
  artifact_fixture_clear (&f);
}

static void
test_deleted (void)
{
  ArtifactFixture f;

  g_test_summary ("A file that is deleted before its answer does not count, and its folder may be "
                  "named after one that failed");

  artifact_fixture_init (&f);
  g_assert_false (artifact_fixture_watch (&f, "/dev/null", NULL));
  g_assert_false (artifact_fixture_watch (&f, "/dev/null", NULL));
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a\n\x1b[1m", "x");
  wait_for (f.offered->len == 1);
  watch_fixture_remove (&f.files, "a\n\x1b[1m");
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "/a??[1m any more: ENOENT: "));
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_failed (f.manager), ==, 0);
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_pending (f.manager), ==, 0);
  artifact_fixture_clear (&f);
}

static void
test_back_again (void)
{
  g_autofree char *folder = NULL;
  ArtifactFixture f;

  g_test_summary ("A file that could not be found for a moment, which nobody noticed, is offered "
                  "again");

  artifact_fixture_init (&f);
  folder = watch_fixture_path (&f.files, "parent/in");
  watch_fixture_mkdir (&f.files, "parent");
  watch_fixture_mkdir (&f.files, "parent/in");
  g_assert_true (artifact_fixture_watch (&f, folder, NULL));
  watch_fixture_write (&f.files, "parent/in/a", "x");
  artifact_fixture_assert_offered (&f, 0, "parent/in/a");
  watch_fixture_rename (&f.files, "parent", "aside");
  artifact_fixture_answer (&f, 0);
  g_assert_cmpuint (f.n_failed, ==, 1);
  watch_fixture_rename (&f.files, "aside", "parent");
  artifact_fixture_assert_offered (&f, 1, "parent/in/a");
  artifact_fixture_answer (&f, 1);
  wait_for (f.n_sent == 1);
  artifact_fixture_clear (&f);
}

static void
test_secrets (void)
{
  const char * const secrets[] = { "secret-1", "secret-2", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  const char *first;
  g_autofree char *second = NULL;
  ArtifactFixture f;

  g_test_summary ("Paths that differ only in a secret are shown with a number");

  artifact_fixture_init (&f);
  runtime_use_artifact_manager_set_redactor (f.manager, redactor);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "secret-1", "1");
  watch_fixture_write (&f.files, "secret-2", "2");
  wait_for (f.offered->len == 2);
  first = g_ptr_array_index (f.offered, 0);
  second = g_strconcat (first, "~2", NULL);
  g_assert_null (strstr (first, "secret"));
  g_assert_cmpstr (g_ptr_array_index (f.offered, 1), ==, second);
  artifact_fixture_clear (&f);
}

static void
test_any_order (void)
{
  ArtifactFixture f;

  g_test_summary ("Answers may come in any order, and twice or for nothing without harm");

  artifact_fixture_init (&f);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_mkdir (&f.files, "1");
  watch_fixture_mkdir (&f.files, "2");
  watch_fixture_write (&f.files, "1/same", "one");
  artifact_fixture_assert_offered (&f, 0, "1/same");
  watch_fixture_write (&f.files, "2/same", "two");
  watch_fixture_write (&f.files, "3", "three");
  wait_for (f.offered->len == 3);
  http_sink_hold (f.sink, TRUE);
  for (guint i = 3; i > 0; i--)
    {
      artifact_fixture_answer (&f, i - 1);
      wait_for (http_sink_get_n_requests (f.sink) == 4 - i);
    }
  http_sink_hold (f.sink, FALSE);
  wait_for (f.n_sent == 3);
  artifact_fixture_assert_sent (&f, 2, "same", "one");
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_uploaded (f.manager), ==, 3);
  artifact_fixture_clear (&f);
}

static void
test_relative (void)
{
  g_autofree char *before = g_get_current_dir ();
  ArtifactFixture f;

  g_test_summary ("A relative folder makes relative paths, and stays where it was");

  artifact_fixture_init (&f);
  g_assert_no_errno (g_chdir (f.files.root));
  g_assert_true (artifact_fixture_watch (&f, "./out", NULL));
  g_assert_no_errno (g_chdir (before));
  watch_fixture_mkdir (&f.files, "a");
  watch_fixture_write (&f.files, "a/b", "x");
  g_assert_cmpstr (artifact_fixture_get_offer (&f, 0), ==, "./out/a/b");
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_sent == 1);
  artifact_fixture_assert_sent (&f, 0, "b", "x");
  artifact_fixture_clear (&f);
}

static void
test_at_once (void)
{
  ArtifactFixture f;

  g_test_summary ("No more files are sent at a time than the tracker allows, whatever is answered");

  artifact_fixture_init (&f);
  runtime_use_upload_tracker_set_max_concurrent (f.tracker, 3);
  http_sink_hold (f.sink, TRUE);
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      watch_fixture_write (&f.files, name, "x");
    }
  wait_for (f.offered->len == 50);
  for (guint i = 0; i < 50; i++)
    artifact_fixture_answer (&f, i);
  wait_for (http_sink_get_n_held (f.sink) == 3);
  g_assert_cmpuint (runtime_use_upload_tracker_get_n_running (f.tracker), ==, 3);
  http_sink_hold (f.sink, FALSE);
  wait_for (f.n_sent == 50);
  g_assert_cmpuint (http_sink_get_max_at_once (f.sink), ==, 3);
  artifact_fixture_clear (&f);
}

static void
test_trouble (void)
{
  static const HttpStep steps[] = {
    { ANSWER_BUSY, -1, HTTP_THEN_NEXT }, { NULL, 1, HTTP_THEN_CLOSE },
    { ANSWER_OK, -1, HTTP_THEN_NEXT },
    { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", -1, HTTP_THEN_NEXT },
  };
  ArtifactFixture f;

  g_test_summary ("An address that is busy or hangs up is tried again; one that says no is not");

  artifact_fixture_init_with (&f, steps, G_N_ELEMENTS (steps));
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "content");
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_sent == 1);
  artifact_fixture_assert_sent (&f, 2, "a", "content");

  watch_fixture_write (&f.files, "b", "content");
  artifact_fixture_answer (&f, 1);
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (f.error, "404"));
  g_assert_cmpuint (http_sink_get_n_requests (f.sink), ==, 4);

  /* Only another content is offered again. */
  watch_fixture_run (200);
  g_assert_cmpuint (f.offered->len, ==, 2);
  watch_fixture_write (&f.files, "b", "other");
  artifact_fixture_assert_offered (&f, 2, "b");
  artifact_fixture_clear (&f);
}

static void
test_huge (void)
{
  static const HttpStep refuses[] = {
    { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 1024, HTTP_THEN_CLOSE },
  };
  ArtifactFixture f;
  int fd;

  g_test_summary ("A file with holes may have more than 4 GiB");

  artifact_fixture_init_with (&f, refuses, G_N_ELEMENTS (refuses));
  g_assert_true (artifact_fixture_watch (&f, f.files.folder, NULL));
  fd = artifact_fixture_open (&f, "huge", O_WRONLY | O_CREAT);
  g_assert_no_errno (ftruncate (fd, (off_t) 5 << 30));
  close (fd);
  artifact_fixture_answer (&f, 0);
  wait_for (f.n_failed == 1);
  g_assert_nonnull (strstr (http_sink_get_request (f.sink, 0)->head,
                            "\r\nContent-Length: 5368709120\r\n"));
  artifact_fixture_clear (&f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/artifact-manager/nested", test_nested);
  g_test_add_func ("/artifact-manager/two-names", test_two_names);
  g_test_add_func ("/artifact-manager/deleted", test_deleted);
  g_test_add_func ("/artifact-manager/back-again", test_back_again);
  g_test_add_func ("/artifact-manager/secrets", test_secrets);
  g_test_add_func ("/artifact-manager/any-order", test_any_order);
  g_test_add_func ("/artifact-manager/relative", test_relative);
  g_test_add_func ("/artifact-manager/at-once", test_at_once);
  g_test_add_func ("/artifact-manager/trouble", test_trouble);
  g_test_add_func ("/artifact-manager/huge", test_huge);

  return g_test_run ();
}
