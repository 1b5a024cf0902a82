/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-folder-archive-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-archive-extractor-private.h"
#include "runtime-use-error.h"

#include "transfer-fixture.h"

static const RuntimeUseExtractLimits limits = { G_MAXUINT64, 1000000, 1000000 };

/* A folder beside the target, to be packed. */
static char *
make_source (TransferFixture *f)
{
  char *source = g_build_filename (f->root, "source", NULL);

  g_assert_cmpint (g_mkdir (source, 0755), ==, 0);

  return source;
}

static void
write_file (const char *folder,
            const char *name,
            const char *content,
            int         mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
make_link (const char *folder,
           const char *name,
           const char *target)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static int
make_archive (TransferFixture *f)
{
  int fd = open (f->root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

/* Packs @source and unpacks it in the target. */
static void
carry_over (TransferFixture   *f,
            const char        *source,
            RuntimeUseLeftOut *left_out)
{
  g_autoptr(GError) error = NULL;
  int fd = make_archive (f);
  int folder = open (f->target, O_PATH | O_DIRECTORY | O_CLOEXEC);

  _runtime_use_folder_archive_write (source, fd, left_out, NULL, &error);
  g_assert_no_error (error);
  _runtime_use_archive_extract (fd, folder, RUNTIME_USE_ARCHIVE_ZIP, &limits, NULL, &error);
  g_assert_no_error (error);
  close (fd);
  close (folder);
}

static void
test_same (TransferFixture *f,
           gconstpointer    test_data)
{
  g_autofree char *source = make_source (f);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  RuntimeUseLeftOut left_out;
  g_autofree char *large = g_strnfill (3000000, 'x');

  g_test_summary ("What is unpacked is what was packed");

  write_file (source, "a", "one", 0644);
  write_file (source, "empty", "", 0600);
  write_file (source, "bin/run", "#!/bin/sh\n", 0755);
  write_file (source, ".hidden/größe", "two", 0644);
  write_file (source, "new\nline", "three", 0644);
  write_file (source, "deep/er/still/large", large, 0444);
  make_link (source, "bin/link", "../a");
  make_link (source, "dangling", "bin/nothing");

  before = transfer_list (source);
  _runtime_use_left_out_init (&left_out);
  carry_over (f, source, &left_out);
  after = transfer_list (f->target);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (left_out.count, ==, 0);
  _runtime_use_left_out_clear (&left_out);
  transfer_remove (source);
}

static void
test_left_out (TransferFixture *f,
               gconstpointer    test_data)
{
  g_autofree char *source = make_source (f);
  g_autofree char *pipe = g_build_filename (source, "pipe", NULL);
  g_autofree char *lines = NULL;
  RuntimeUseLeftOut left_out;

  g_test_summary ("What cannot be carried over is left out, and said");

  write_file (source, "kept", "one", 0644);
  make_link (source, "absolute", "/etc/passwd");
  make_link (source, "out", "../secret");
  make_link (source, "around", "kept/../../secret");
  write_file (source, "latin\xe9", "x", 0644);
  write_file (source, "back\\slash", "x", 0644);
  write_file (source, "C:", "x", 0644);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);

  _runtime_use_left_out_init (&left_out);
  carry_over (f, source, &left_out);
  g_assert_cmpuint (left_out.count, ==, 7);
  g_ptr_array_add (left_out.lines, NULL);
  lines = g_strjoinv ("\n", (char **) left_out.lines->pdata);
  g_assert_cmpstr (lines, ==,
                   "C:: its name begins like that of a drive\n"
                   "absolute: it is a link that leads out of the folder\n"
                   "around: it is a link with “..” behind a name\n"
                   "back\\slash: its name has a backslash\n"
                   "latin\357\277\275: its name is not UTF-8\n"
                   "out: it is a link that leads out of the folder\n"
                   "pipe: it is neither a file nor a folder nor a link");
  transfer_assert_file (f, "kept", "one");
  g_assert_false (transfer_exists (f, "out"));
  _runtime_use_left_out_clear (&left_out);
  transfer_remove (source);
}

static void
test_empty (TransferFixture *f,
            gconstpointer    test_data)
{
  g_autofree char *source = make_source (f);
  g_autofree char *listed = NULL;
  RuntimeUseLeftOut left_out;

  g_test_summary ("An empty folder is carried over as well");

  _runtime_use_left_out_init (&left_out);
  carry_over (f, source, &left_out);
  listed = transfer_list (f->target);
  g_assert_cmpstr (listed, ==, "");
  _runtime_use_left_out_clear (&left_out);
  transfer_remove (source);
}

static void
assert_fails (TransferFixture *f,
              const char      *source,
              GCancellable    *cancellable,
              GQuark           domain,
              int              code,
              const char      *words)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseLeftOut left_out;
  int fd = make_archive (f);

  _runtime_use_left_out_init (&left_out);
  g_assert_false (_runtime_use_folder_archive_write (source, fd, &left_out, cancellable, &error));
  g_assert_error (error, domain, code);
  if (words != NULL)
    g_assert_nonnull (strstr (error->message, words));
  _runtime_use_left_out_clear (&left_out);
  close (fd);
}

static void
test_failures (TransferFixture *f,
               gconstpointer    test_data)
{
  g_autofree char *source = make_source (f);
  g_autofree char *missing = g_build_filename (f->root, "missing", NULL);
  g_autofree char *file = g_build_filename (source, "a", NULL);
  g_autoptr(GCancellable) cancelled = g_cancellable_new ();

  g_test_summary ("A folder that cannot be packed is named");

  write_file (source, "a", "one", 0644);
  assert_fails (f, missing, NULL, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "missing");
  assert_fails (f, file, NULL, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "/a");
  g_cancellable_cancel (cancelled);
  assert_fails (f, source, cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  transfer_remove (source);
}

static void
test_too_deep (TransferFixture *f,
               gconstpointer    test_data)
{
  g_autofree char *source = make_source (f);
  g_autoptr(GString) path = g_string_new (source);

  g_test_summary ("A folder with too many levels is refused, not followed without end");

  for (guint i = 0; i < 201; i++)
    g_string_append (path, "/d");
  g_assert_cmpint (g_mkdir_with_parents (path->str, 0755), ==, 0);
  assert_fails (f, source, NULL, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE, "200 levels");
  transfer_remove (source);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(path, function) \
  g_test_add (path, TransferFixture, NULL, transfer_fixture_set_up, function, \
              transfer_fixture_tear_down)
  ADD ("/folder-archive/same", test_same);
  ADD ("/folder-archive/left-out", test_left_out);
  ADD ("/folder-archive/empty", test_empty);
  ADD ("/folder-archive/failures", test_failures);
  ADD ("/folder-archive/too-deep", test_too_deep);

  return g_test_run ();
}
