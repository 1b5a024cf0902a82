/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* What is unpacked once it is there. */

static void
assert_unpacks (DownloadFixture   *self,
                const char        *path,
                RuntimeUseExtract  extract,
                gboolean           unpacked)
{
  g_autofree char *url = file_server_url (self->server, path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *stored = NULL;
  g_autoptr(GError) error = NULL;

  transfer_remove (self->files.target);
  download_prepare (self, url, NULL, extract);
  download_start (self);
  stored = download_finish (self, &error);
  g_assert_no_error (error);

  g_assert_cmpint (stored == NULL, ==, unpacked);
  g_assert_cmpint (transfer_exists (&self->files, name), ==, !unpacked);
  g_assert_cmpint (transfer_exists (&self->files, "dir/b.txt"), ==, unpacked);
}

static void
test_download_handler_extract (DownloadFixture *self,
                               gconstpointer    test_data)
{
  g_test_summary ("What is unpacked depends on the name, or is found out, or nothing is");

  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_ZIP, TRUE);
  assert_unpacks (self, "/files/good.tar.gz", RUNTIME_USE_EXTRACT_ZIP, FALSE);
  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/good.tar.gz", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/good.tar", RUNTIME_USE_EXTRACT_AUTO, TRUE);
  assert_unpacks (self, "/files/text", RUNTIME_USE_EXTRACT_AUTO, FALSE);
  assert_unpacks (self, "/files/good.zip", RUNTIME_USE_EXTRACT_NEVER, FALSE);
}

static void
test_download_handler_bad_archive (DownloadFixture *self,
                                   gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/link-up.tar");
  g_autofree char *bomb = file_server_url (self->server, "/files/bomb.zip");

  g_test_summary ("A bad archive is an error with the text that clients know, and changes nothing");

  transfer_write (&self->files, "ok.txt", "mine");
  transfer_write (&self->files, "up.zip", "mine");
  assert_path_fails (self, "/files/up.zip",
                     "Command failed: unzip -o up.zip: member “../evil”: its name leads out");
  assert_path_fails (self, "/files/encrypted.zip",
                     "Command failed: unzip -o encrypted.zip: member");
  assert_path_fails (self, "/files/garbage.zip", "Command failed: unzip -o garbage.zip: it is");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_AUTO);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "Cannot unpack link-up.tar: member “evil”: ");
  download_prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE,
                    "Command failed: unzip -o bomb.zip: member “zeros”: what is unpacked has more "
                    "than 200 times");
  download_prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-extracted-size", (guint64) 1000, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE, "(max-extracted-size)");
  download_prepare (self, bomb, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-entries", 0, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_TOO_LARGE, "(max-entries)");
}

/* While it is unpacked. */
static void
test_download_handler_cancel_extraction (DownloadFixture *self,
                                         gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/many.zip");
  g_autofree char *listing = NULL;

  g_test_summary ("Unpacking can be cancelled too");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  while (listing == NULL || listing[0] == '\0')
    {
      g_autoptr(GDir) dir = g_dir_open (self->files.target, 0, NULL);

      g_assert_null (self->result);
      g_main_context_iteration (NULL, FALSE);
      g_free (listing);
      listing = g_strdup (g_dir_read_name (dir));
    }
  assert_cancels (self);
}

static void
run_without_libarchive (DownloadFixture *self)
{
  g_autofree char *zip = file_server_url (self->server, "/files/good.zip");
  g_autofree char *tar = file_server_url (self->server, "/files/good.tar");

  assert_url_fails (self, zip, RUNTIME_USE_ERROR_UNSUPPORTED,
                    "Command failed: unzip -o good.zip: ");
  assert_url_fails (self, zip, RUNTIME_USE_ERROR_UNSUPPORTED, "archives need libarchive 3.6, on");
  download_prepare (self, tar, NULL, RUNTIME_USE_EXTRACT_AUTO);
  assert_run_fails (self, RUNTIME_USE_ERROR_UNSUPPORTED, "Cannot unpack good.tar: ");
  assert_path_stores (self, "/hello/f", "f", "hello");
}

/* Another process finds something else by that name. */
static void
test_download_handler_no_libarchive (DownloadFixture *self,
                                     gconstpointer    test_data)
{
  g_autofree char *folder = NULL;
  g_autofree char *library = NULL;
  Dl_info other;

  g_test_summary ("Without libarchive archives are an error that says what to install");

  if (g_test_subprocess ())
    {
      run_without_libarchive (self);
      return;
    }

  folder = g_dir_make_tmp ("libraries-XXXXXX", NULL);
  library = g_build_filename (folder, "libarchive.so.13", NULL);
  g_setenv ("LD_LIBRARY_PATH", folder, TRUE);
  g_assert_true (g_file_set_contents (library, "no library", -1, NULL));
  g_test_trap_subprocess (NULL, DOWNLOAD_DEADLINE * G_USEC_PER_SEC,
                          G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();

  /* One that has none of the functions. */
  g_unlink (library);
  g_assert_true (dladdr ((gpointer) g_object_new, &other) != 0);
  g_assert_no_errno (symlink (other.dli_fname, library));
  g_test_trap_subprocess (NULL, DOWNLOAD_DEADLINE * G_USEC_PER_SEC,
                          G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();

  g_unsetenv ("LD_LIBRARY_PATH");
  transfer_remove (folder);
}

int
main (int    argc,
      char **argv)
{
  static const char * const names[] = {
    "good.zip", "good.tar", "good.tar.gz", "text", "up.zip", "encrypted.zip", "garbage.zip",
    "link-up.tar", "bomb.zip", "many.zip", NULL,
  };

  download_tests_init (&argc, &argv, names);

  download_tests_add ("extract", test_download_handler_extract);
  download_tests_add ("bad-archive", test_download_handler_bad_archive);
  download_tests_add ("cancel-extraction", test_download_handler_cancel_extraction);
  download_tests_add ("no-libarchive", test_download_handler_no_libarchive);

  return download_tests_run ();
}
