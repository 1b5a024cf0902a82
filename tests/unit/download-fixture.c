/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include <string.h>

#include "runtime-use-error.h"
#include "tls-server.h"

/* (nullable): the folder with those that the program wanted */
static char *archives;

void
download_tests_init (int                  *argc,
                     char               ***argv,
                     const char * const   *names)
{
  g_autofree char *authority = tls_server_dup_certificate_path ("authority");

  g_setenv ("SSL_CERT_FILE", authority, TRUE);
  transfer_isolate ();
  g_test_init (argc, argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  if (names != NULL)
    archives = transfer_make_archives (names);
}

int
download_tests_run (void)
{
  int result = g_test_run ();

  if (archives != NULL)
    transfer_remove (archives);
  g_clear_pointer (&archives, g_free);

  return result;
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_error ("The test took longer than %d s", DOWNLOAD_DEADLINE);
  return G_SOURCE_REMOVE;
}

static void
set_up (DownloadFixture *self,
        gconstpointer    test_data)
{
  g_main_context_iteration (NULL, FALSE);
  transfer_fixture_set_up (&self->files, test_data);
  self->server = file_server_new ("127.0.0.1");
  self->server->folder = g_strdup (archives);
  self->cancellable = g_cancellable_new ();
  self->progress = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->deadline_id = g_timeout_add_seconds (DOWNLOAD_DEADLINE, deadline_cb, NULL);
}

static void
tear_down (DownloadFixture *self,
           gconstpointer    test_data)
{
  g_assert_finalize_object (self->cancellable);
  g_source_remove (self->deadline_id);
  g_array_unref (self->progress);
  g_clear_pointer (&self->server, file_server_free);
  transfer_fixture_tear_down (&self->files, test_data);
}

void
download_tests_add (const char  *name,
                    void      (* func) (DownloadFixture *self,
                                        gconstpointer    test_data))
{
  g_autofree char *path = g_strconcat ("/download-handler/", name, NULL);

  g_test_add (path, DownloadFixture, NULL, set_up, func, tear_down);
}

static void
progress_cb (RuntimeUseDownloadHandler *handler,
             guint64                    received,
             guint64                    total,
             gpointer                   user_data)
{
  DownloadFixture *self = user_data;

  g_array_append_val (self->progress, received);
  g_array_append_val (self->progress, total);
}

void
download_prepare (DownloadFixture   *self,
                  const char        *url,
                  const char        *folder,
                  RuntimeUseExtract  extract)
{
  g_autoptr(RuntimeUseDownloadable) downloadable =
    runtime_use_downloadable_new_full (url, folder != NULL ? folder : self->files.target, extract);

  g_assert_null (self->handler);
  self->handler = runtime_use_download_handler_new (downloadable);
  g_signal_connect (self->handler, "progress", G_CALLBACK (progress_cb), self);
}

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  DownloadFixture *self = user_data;

  self->result = g_object_ref (result);
}

void
download_start (DownloadFixture *self)
{
  runtime_use_download_handler_run_async (self->handler, self->cancellable, keep_result_cb, self);
}

char *
download_finish (DownloadFixture  *self,
                 GError          **error)
{
  char *path;

  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  path = runtime_use_download_handler_run_finish (self->handler, self->result, error);
  g_clear_object (&self->result);
  g_assert_finalize_object (g_steal_pointer (&self->handler));
  transfer_fixture_assert_clean (&self->files);

  return path;
}

void
assert_stores (DownloadFixture *self,
               const char      *url,
               const char      *name,
               const char      *content)
{
  g_autofree char *expected = g_build_filename (self->files.target, name, NULL);
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  if (self->handler == NULL)
    download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  path = download_finish (self, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, expected);
  transfer_assert_file (&self->files, name, content);
}

void
assert_path_stores (DownloadFixture *self,
                    const char      *url_path,
                    const char      *name,
                    const char      *content)
{
  g_autofree char *url = file_server_url (self->server, url_path);

  assert_stores (self, url, name, content);
}

void
assert_run_fails (DownloadFixture *self,
                  int              code,
                  const char      *text)
{
  g_autofree char *before = transfer_list (self->files.target);
  g_autofree char *after = NULL;
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  download_start (self);
  path = download_finish (self, &error);
  g_test_message ("%s", error != NULL ? error->message : "no error");
  g_assert_null (path);
  g_assert_error (error, RUNTIME_USE_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strstr (error->message, "secret"));
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, error->message);
  after = transfer_list (self->files.target);
  g_assert_cmpstr (after, ==, before);
}

void
assert_url_fails (DownloadFixture *self,
                  const char      *url,
                  int              code,
                  const char      *text)
{
  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, code, text);
}

void
assert_path_fails (DownloadFixture *self,
                   const char      *path,
                   const char      *text)
{
  g_autofree char *url = file_server_url (self->server, path);

  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, text);
}

void
assert_cancels (DownloadFixture *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *left = NULL;
  gint64 cancelled_at = g_get_monotonic_time ();

  g_cancellable_cancel (self->cancellable);
  path = download_finish (self, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_test_message ("%d ms", (int) ((g_get_monotonic_time () - cancelled_at) / 1000));
  g_assert_cmpint (g_get_monotonic_time () - cancelled_at, <, 10 * G_TIME_SPAN_SECOND);
  left = transfer_list (self->files.target);
  g_assert_cmpstr (left, ==, "");
  g_assert_finalize_object (g_steal_pointer (&self->cancellable));
  self->cancellable = g_cancellable_new ();
}
