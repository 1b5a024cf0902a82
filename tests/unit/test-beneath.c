/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-beneath-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* The working directory of the test: top/directory/file, and outside/file beside top. */

static void
set_up (void)
{
  g_autofree char *root = g_dir_make_tmp ("beneath-XXXXXX", NULL);

  g_assert_nonnull (root);
  g_assert_cmpint (g_chdir (root), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents ("top/directory", 0755), ==, 0);
  g_assert_cmpint (g_mkdir ("outside", 0755), ==, 0);
  g_assert_true (g_file_set_contents ("top/directory/file", "in", -1, NULL));
  g_assert_true (g_file_set_contents ("outside/file", "out", -1, NULL));
  g_assert_cmpint (symlink ("directory", "top/inner"), ==, 0);
  g_assert_cmpint (symlink ("../outside", "top/outer"), ==, 0);
  g_assert_cmpint (symlink ("file", "top/directory/link"), ==, 0);
  g_assert_cmpint (symlink ("loop", "top/loop"), ==, 0);
}

static void
tear_down (void)
{
  static const char *paths[] = {
    "top/inner", "top/outer", "top/loop", "top/absolute", "top/directory/link",
    "top/directory/file", "top/directory", "top", "outside/file", "outside",
  };
  g_autofree char *root = g_get_current_dir ();

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_remove (paths[i]);
  g_assert_cmpint (g_chdir ("/"), ==, 0);
  g_assert_cmpint (g_rmdir (root), ==, 0);
}

static int
open_top (void)
{
  int top = open ("top", O_PATH | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (top, >=, 0);

  return top;
}

static void
test_open (void)
{
  static const struct
  {
    const char *path;
    int         error; /* 0 if it opens */
  } cases[] = {
    { "", 0 },
    { "directory", 0 },
    { "directory/file", 0 },
    { "directory/link", ELOOP },
    { "inner", ELOOP },
    { "inner/file", ENOTDIR },
    { "outer/file", ENOTDIR },
    { "directory/file/below", ENOTDIR },
    { "nowhere", ENOENT },
    { "directory//file", ENOENT },
  };
  int top;

  g_test_summary ("No part of a path may be a link");

  set_up ();
  top = open_top ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = _runtime_use_beneath_open (top, cases[i].path, O_RDONLY);
      int error = fd < 0 ? errno : 0;

      if (error != cases[i].error)
        g_error ("'%s': %s", cases[i].path, g_strerror (error));
      if (fd >= 0)
        close (fd);
    }
  close (top);
  tear_down ();
}

static void
test_open_folder (void)
{
  g_autofree char *root = NULL;
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;
  int fd;

  g_test_summary ("A folder is not opened through links either");

  set_up ();
  root = g_get_current_dir ();
  good = g_build_filename (root, "top", "directory", NULL);
  bad = g_build_filename (root, "top", "inner", NULL);
  fd = _runtime_use_beneath_open_folder (good);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  fd = _runtime_use_beneath_open_folder ("/");
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_cmpint (_runtime_use_beneath_open_folder (bad), ==, -1);
  tear_down ();
}

static void
test_resolve (void)
{
  static const struct
  {
    const char *path;
    const char *resolved;
  } cases[] = {
    { "directory/link", "directory/file" },
    { "inner/link", "directory/file" },
    { "inner/../directory/./link", "directory/file" },
    { "inner/new", "directory/new" },
    { "absolute/link", "directory/file" },
    { "outer/file", NULL },
    { "..", NULL },
    { "directory/../../outside/file", NULL },
    { "loop", NULL },
  };
  g_autofree char *root = NULL;
  g_autofree char *top_path = NULL;
  g_autofree char *sibling = NULL;
  g_autofree char *target = NULL;
  int top;

  g_test_summary ("Links are followed within the folder, and never out of it");

  set_up ();
  root = g_get_current_dir ();
  top_path = g_build_filename (root, "top", NULL);
  target = g_build_filename (top_path, "directory", NULL);
  g_assert_cmpint (symlink (target, "top/absolute"), ==, 0);
  top = open_top ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *resolved = _runtime_use_beneath_resolve (top, top_path, cases[i].path);

      g_assert_cmpstr (resolved, ==, cases[i].resolved);
    }

  /* A folder whose name begins with that of the top. */
  sibling = g_strconcat (top_path, ".secret", NULL);
  g_assert_cmpint (g_remove ("top/absolute") | symlink (sibling, "top/absolute"), ==, 0);
  g_assert_null (_runtime_use_beneath_resolve (top, top_path, "absolute"));
  close (top);
  tear_down ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/beneath/open", test_open);
  g_test_add_func ("/beneath/open-folder", test_open_folder);
  g_test_add_func ("/beneath/resolve", test_resolve);

  return g_test_run ();
}
