/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "download-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime-use-error.h"

/* Where a file is stored, and what is in the way of that. */

#define NOBODY 65534

static void
test_download_handler_folders (DownloadFixture *self,
                               gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *deep = g_build_filename (self->files.target, "a/b/c", NULL);
  g_autofree char *file = g_build_filename (self->files.target, "file", NULL);
  g_autofree char *below = g_build_filename (file, "x", NULL);
  g_autofree char *linked = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Folders are made; one that cannot be is an error that names it");

  download_prepare (self, url, deep, RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  path = download_finish (self, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (path, "/a/b/c/f"));
  transfer_assert_file (&self->files, "a/b/c/f", "hello");

  transfer_write (&self->files, "file", "mine");
  download_prepare (self, url, file, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/target/file: ");
  download_prepare (self, url, below, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/target/file/x: ENOTDIR");
  download_prepare (self, url, "/proc/none", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/proc/none: ENOENT");
  download_prepare (self, url, "/proc", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/proc: cannot make a file to download to: E");
  download_prepare (self, url, "", RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_INVALID_ARGUMENT, "must not be empty");

  /* What has the name is replaced, but not followed. */
  g_assert_no_errno (symlink ("../outside/victim", linked));
  assert_stores (self, url, "f", "hello");
  g_assert_false (g_file_test (linked, G_FILE_TEST_IS_SYMLINK));
  g_unlink (linked);
  g_assert_no_errno (g_mkdir (linked, 0755));
  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED, "Cannot store “f”: EISDIR");
}

static void
test_download_handler_relative (DownloadFixture *self,
                                gconstpointer    test_data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A relative folder is beneath the current one");

  g_assert_no_errno (g_chdir (self->files.target));
  download_prepare (self, url, "sub/dir", RUNTIME_USE_EXTRACT_ZIP);
  download_start (self);
  path = download_finish (self, &error);
  g_assert_no_errno (g_chdir (before));
  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, "sub/dir/f");
  transfer_assert_file (&self->files, "sub/dir/f", "hello");
}

static void
test_download_handler_named_file (DownloadFixture *self,
                                  gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *cut = file_server_url (self->server, "/too-little/f");

  g_test_summary ("Where a file without a name cannot be, a temporary one is removed in the end");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  _runtime_use_download_handler_set_named_file (self->handler);
  assert_stores (self, url, "f", "hello");

  download_prepare (self, cut, NULL, RUNTIME_USE_EXTRACT_ZIP);
  _runtime_use_download_handler_set_named_file (self->handler);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "fetch failed");
}

static void
test_download_handler_disk_full (DownloadFixture *self,
                                 gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/files/bomb.zip");

  g_test_summary ("A full disk is an error with the bytes that are needed, and nothing is left");

  if (!transfer_fixture_mount (&self->files, "1m"))
    return;

  transfer_write (&self->files, "f", "mine");
  assert_path_fails (self, "/zeros/2000000", "Cannot store “2000000”: ENOSPC");
  assert_path_fails (self, "/zeros/2000000", "(2000000 bytes are needed, 1");
  assert_path_fails (self, "/zeros/0", "Cannot store “0”: ENOSPC");

  download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
  g_object_set (self->handler, "max-ratio", 10000, NULL);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED,
                    "Command failed: unzip -o bomb.zip: member “zeros”: it cannot be written: "
                    "ENOSPC");
  transfer_assert_file (&self->files, "f", "mine");
  transfer_fixture_unmount (&self->files);
}

static void
test_download_handler_read_only (DownloadFixture *self,
                                 gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *zip = file_server_url (self->server, "/files/good.zip");
  g_autofree char *inner = g_build_filename (self->files.target, "inner", NULL);

  g_test_summary ("A folder that cannot be written to is an error that says so");

  if (!transfer_fixture_mount (&self->files, "1m"))
    return;

  transfer_write (&self->files, "f", "mine");
  transfer_fixture_lock (&self->files);
  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED,
                    "cannot make a file to download to: EROFS");
  assert_url_fails (self, zip, RUNTIME_USE_ERROR_FAILED, "EROFS");
  download_prepare (self, url, inner, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/inner: EROFS");
  transfer_fixture_unmount (&self->files);
}

/* Whoever may do anything becomes somebody else for that. */
static void
test_download_handler_forbidden (DownloadFixture *self,
                                 gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *inner = g_build_filename (self->files.target, "inner", NULL);
  uid_t uid = geteuid ();

  g_test_summary ("So is one that belongs to others");

  transfer_write (&self->files, "f", "mine");
  g_assert_no_errno (chmod (self->files.target, 0555));
  if (uid == 0 && seteuid (NOBODY) != 0)
    {
      /* There is nobody else in a name space of one user. */
      g_assert_cmpint (errno, ==, EINVAL);
      return;
    }

  assert_url_fails (self, url, RUNTIME_USE_ERROR_FAILED,
                    "cannot make a file to download to: EACCES");
  download_prepare (self, url, inner, RUNTIME_USE_EXTRACT_ZIP);
  assert_run_fails (self, RUNTIME_USE_ERROR_FAILED, "/inner: EACCES");
  g_assert_true (uid != 0 || seteuid (0) == 0);
}

static void
test_download_handler_in_the_way (DownloadFixture *self,
                                  gconstpointer    test_data)
{
  g_autofree char *path = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *victim = g_build_filename (self->files.outside, "victim", NULL);

  g_test_summary ("What has the name, be it a link, a pipe or a device, is replaced");

  g_assert_no_errno (link (victim, path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (mkfifo (path, 0644));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (symlink ("f", path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (symlink ("/proc/self/root/dev/null", path));
  assert_path_stores (self, "/hello/f", "f", "hello");
  g_assert_no_errno (g_unlink (path));
  /* That takes a right. */
  if (mknod (path, S_IFCHR | 0644, makedev (1, 3)) == 0)
    assert_path_stores (self, "/hello/f", "f", "hello");
  else
    g_assert_cmpint (errno, ==, EPERM);
}

typedef struct
{
  const char *path;
  const char *victim;
  int         stop;      /* atomic */
  int         n_swaps;   /* atomic */
} Swapper;

/* Whatever is there may be replaced at any moment, so each of this may fail. */
static gpointer
swap_func (gpointer user_data)
{
  Swapper *self = user_data;

  while (!g_atomic_int_get (&self->stop))
    {
      g_unlink (self->path);
      if (symlink (self->victim, self->path) == 0)
        g_atomic_int_inc (&self->n_swaps);
      g_unlink (self->path);
      if (link (self->victim, self->path) == 0)
        g_atomic_int_inc (&self->n_swaps);
    }

  return NULL;
}

static void
test_download_handler_race (DownloadFixture *self,
                            gconstpointer    test_data)
{
  g_autofree char *url = file_server_url (self->server, "/hello/f");
  g_autofree char *path = g_build_filename (self->files.target, "f", NULL);
  g_autofree char *victim = g_build_filename (self->files.outside, "victim", NULL);
  g_autofree char *content = NULL;
  Swapper swapper = { .path = path, .victim = victim };
  GThread *thread = g_thread_new ("swap", swap_func, &swapper);

  g_test_summary ("Links that somebody puts in the place of the file are never written through");

  for (guint i = 0; i < 100 || g_atomic_int_get (&swapper.n_swaps) < 1000; i++)
    {
      g_autoptr(RuntimeUseDownloadHandler) handler = NULL;
      g_autofree char *stored = NULL;
      g_autoptr(GError) error = NULL;

      download_prepare (self, url, NULL, RUNTIME_USE_EXTRACT_ZIP);
      download_start (self);
      while (self->result == NULL)
        g_main_context_iteration (NULL, TRUE);
      handler = g_steal_pointer (&self->handler);
      stored = runtime_use_download_handler_run_finish (handler, self->result, &error);
      g_clear_object (&self->result);
      g_assert_no_error (error);
    }
  g_atomic_int_set (&swapper.stop, TRUE);
  g_thread_join (thread);
  g_test_message ("%d swaps", swapper.n_swaps);
  g_unlink (path);
  g_assert_true (g_file_get_contents (victim, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "untouched");
}

int
main (int    argc,
      char **argv)
{
  static const char * const names[] = {
    "bomb.zip", "good.zip", NULL,
  };

  download_tests_init (&argc, &argv, names);

  download_tests_add ("folders", test_download_handler_folders);
  download_tests_add ("relative", test_download_handler_relative);
  download_tests_add ("named-file", test_download_handler_named_file);
  download_tests_add ("disk-full", test_download_handler_disk_full);
  download_tests_add ("read-only", test_download_handler_read_only);
  download_tests_add ("forbidden", test_download_handler_forbidden);
  download_tests_add ("in-the-way", test_download_handler_in_the_way);
  download_tests_add ("race", test_download_handler_race);

  return download_tests_run ();
}
