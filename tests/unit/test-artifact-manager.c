/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtimeuse.h"

#include <string.h>

#include "watch-fixture.h"

#define PATIENCE (20 * G_USEC_PER_SEC)

typedef struct
{
  WatchFixture               files;
  RuntimeUseArtifactManager *manager;
  GPtrArray                 *offered;    /* char *: paths */
  guint                      n_failed;   /* results that said so */
  GAsyncResult              *result;     /* (nullable) */
} Fixture;

static void
request_cb (RuntimeUseArtifactManager              *manager,
            RuntimeUseArtifactUploadRequestMessage *message,
            Fixture                                *f)
{
  g_ptr_array_add (f->offered,
                   g_strdup (runtime_use_artifact_upload_request_message_get_filepath (message)));
}

static void
result_cb (RuntimeUseArtifactManager             *manager,
           RuntimeUseArtifactUploadResultMessage *message,
           Fixture                               *f)
{
  f->n_failed += !runtime_use_artifact_upload_result_message_get_ok (message);
}

static void
fixture_init (Fixture *f)
{
  g_autoptr(RuntimeUseUploadTracker) tracker = runtime_use_upload_tracker_new ();

  memset (f, 0, sizeof *f);
  watch_fixture_init (&f->files);
  f->offered = g_ptr_array_new_with_free_func (g_free);
  f->manager = runtime_use_artifact_manager_new (tracker);
  g_signal_connect (f->manager, "upload-request", G_CALLBACK (request_cb), f);
  g_signal_connect (f->manager, "upload-result", G_CALLBACK (result_cb), f);
}

static void
fixture_clear (Fixture *f)
{
  runtime_use_artifact_manager_cancel (f->manager);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (f->manager);
  g_ptr_array_unref (f->offered);
  watch_fixture_clear (&f->files);
}

static gboolean
nothing_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

#define wait_for(condition)                                      \
  G_STMT_START                                                   \
    {                                                            \
      gint64 deadline = g_get_monotonic_time () + PATIENCE;      \
      guint tick = g_timeout_add (1, nothing_cb, NULL);          \
                                                                 \
      while (!(condition) && g_get_monotonic_time () < deadline) \
        g_main_context_iteration (NULL, TRUE);                   \
      g_source_remove (tick);                                    \
      g_assert_true (condition);                                 \
    }                                                            \
  G_STMT_END

static void
keep_result (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Fixture *f = user_data;

  f->result = g_object_ref (result);
}

static gboolean
watch (Fixture     *f,
       const char  *folder,
       const char  *rules)
{
  g_autoptr(GError) error = NULL;
  gboolean is_watched;

  runtime_use_artifact_manager_watch_async (f->manager, folder, rules, NULL, keep_result, f);
  wait_for (f->result != NULL);
  is_watched = runtime_use_artifact_manager_watch_finish (f->manager, f->result, &error);
  g_assert_true (is_watched == (error == NULL));
  g_clear_object (&f->result);

  return is_watched;
}

static void
answer (Fixture    *f,
        const char *path)
{
  g_autoptr(RuntimeUseMessage) message = NULL;

  message = runtime_use_artifact_upload_response_message_new ("a", path, "http://127.0.0.1:9/x",
                                                              "a/b");
  g_assert_true (runtime_use_artifact_manager_answer (
    f->manager, RUNTIME_USE_ARTIFACT_UPLOAD_RESPONSE_MESSAGE (message)));
}

static void
test_nested (void)
{
  g_autofree char *inner = NULL;
  Fixture f;

  g_test_summary ("Of two folders that hold a file the first one decides, once");

  fixture_init (&f);
  inner = g_build_filename (f.files.folder, "in", NULL);
  g_assert_true (watch (&f, f.files.folder, "*.log\n"));
  g_assert_true (watch (&f, f.files.folder, ""));
  g_assert_true (watch (&f, inner, ""));
  watch_fixture_write (&f.files, "in/a.log", "no");
  watch_fixture_write (&f.files, "in/b", "yes");
  runtime_use_artifact_manager_settle_async (f.manager, NULL, keep_result, &f);
  wait_for (f.offered->len > 0);
  watch_fixture_run (200);
  g_assert_cmpuint (f.offered->len, ==, 1);
  g_assert_true (g_str_has_suffix (g_ptr_array_index (f.offered, 0), "/in/b"));
  runtime_use_artifact_manager_lay_aside (f.manager);
  wait_for (f.result != NULL);
  g_clear_object (&f.result);
  fixture_clear (&f);
}

static void
test_deleted (void)
{
  Fixture f;

  g_test_summary ("A file that is deleted before its answer fails, and its folder may be named "
                  "after one that failed");

  fixture_init (&f);
  g_assert_false (watch (&f, "/dev/null", NULL));
  g_assert_false (watch (&f, "/dev/null", NULL));
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "a", "x");
  wait_for (f.offered->len == 1);
  watch_fixture_remove (&f.files, "a");
  answer (&f, g_ptr_array_index (f.offered, 0));
  wait_for (f.n_failed == 1);
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_failed (f.manager), ==, 1);
  g_assert_cmpuint (runtime_use_artifact_manager_get_n_pending (f.manager), ==, 0);
  fixture_clear (&f);
}

static void
test_secrets (void)
{
  const char * const secrets[] = { "secret-1", "secret-2", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  const char *first;
  g_autofree char *second = NULL;
  Fixture f;

  g_test_summary ("Paths that differ only in a secret are shown with a number");

  fixture_init (&f);
  runtime_use_artifact_manager_set_redactor (f.manager, redactor);
  g_assert_true (watch (&f, f.files.folder, NULL));
  watch_fixture_write (&f.files, "secret-1", "1");
  watch_fixture_write (&f.files, "secret-2", "2");
  wait_for (f.offered->len == 2);
  first = g_ptr_array_index (f.offered, 0);
  second = g_strconcat (first, "~2", NULL);
  g_assert_null (strstr (first, "secret"));
  g_assert_cmpstr (g_ptr_array_index (f.offered, 1), ==, second);
  fixture_clear (&f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/artifact-manager/nested", test_nested);
  g_test_add_func ("/artifact-manager/deleted", test_deleted);
  g_test_add_func ("/artifact-manager/secrets", test_secrets);

  return g_test_run ();
}
