/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-beneath-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The working directory of the test: top/directory/file, and outside/file beside top. */
typedef struct
{
  char     *root;
  int       top;
  gboolean  is_known; /* FALSE where the way to be tested does not exist */
} Fixture;

static void
make_tree (Fixture *self)
{
  self->root = g_dir_make_tmp ("beneath-XXXXXX", NULL);
  g_assert_nonnull (self->root);
  g_assert_no_errno (g_chdir (self->root));
  g_assert_no_errno (g_mkdir_with_parents ("top/directory", 0755));
  g_assert_no_errno (g_mkdir ("outside", 0755));
  g_assert_true (g_file_set_contents ("top/directory/file", "in", -1, NULL));
  g_assert_true (g_file_set_contents ("outside/file", "out", -1, NULL));
  g_assert_no_errno (symlink ("directory", "top/inner"));
  g_assert_no_errno (symlink ("../outside", "top/outer"));
  g_assert_no_errno (symlink ("file", "top/directory/link"));
  g_assert_no_errno (symlink ("loop", "top/loop"));
  g_assert_no_errno (symlink ("nothing", "top/dangling"));
  self->top = open ("top", O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (self->top, >=, 0);
}

static void
set_up (Fixture       *self,
        gconstpointer  walk)
{
  self->is_known = _runtime_use_beneath_set_walk (GPOINTER_TO_INT (walk)) || walk != NULL;
  if (!self->is_known)
    g_test_skip ("this kernel has no openat2()");
  make_tree (self);
}

static void
tear_down (Fixture       *self,
           gconstpointer  walk)
{
  close (self->top);
  g_assert_no_errno (g_chdir ("/"));
  g_assert_true (_runtime_use_beneath_remove (AT_FDCWD, self->root));
  g_assert_false (g_file_test (self->root, G_FILE_TEST_EXISTS));
  g_free (self->root);
  _runtime_use_beneath_set_walk (FALSE);
}

/* Returns 0 or an errno. */
static int
try_open (int         folder,
          const char *path,
          int         flags)
{
  int fd = _runtime_use_beneath_open (folder, path, flags, 0644);
  int saved_errno = errno;

  if (fd < 0)
    return saved_errno;

  g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC);
  close (fd);

  return 0;
}

static void
assert_opens (Fixture    *self,
              const char *path,
              int         flags,
              int         expected)
{
  int error = try_open (self->top, path, flags);

  if (error != expected)
    g_error ("'%.100s' (%x): %s", path, (guint) flags, g_strerror (error));
}

static const struct
{
  const char *path;
  int         flags;
  int         error; /* 0 if it opens */
} opens[] = {
  { "", O_RDONLY, 0 },
  { ".", O_RDONLY, 0 },
  { "./", O_PATH, 0 },
  { "directory", O_RDONLY, 0 },
  { "directory/", O_RDONLY, 0 },
  { "directory/.", O_RDONLY | O_DIRECTORY, 0 },
  { "directory", O_WRONLY, EISDIR },
  { "directory/", O_WRONLY, EISDIR },
  { "directory/file", O_RDONLY, 0 },
  { "directory/file", O_RDWR, 0 },
  { "directory//file", O_RDONLY, 0 },
  { "./directory/.//./file", O_RDONLY, 0 },
  { "directory/file", O_PATH | O_DIRECTORY, ENOTDIR },
  { "directory/file/", O_RDONLY, ENOTDIR },
  { "directory/file/.", O_RDONLY, ENOTDIR },
  { "directory/file/below", O_RDONLY, ENOTDIR },
  { "directory/file/below/it", O_RDONLY, ENOTDIR },

  { "directory/link", O_RDONLY, ELOOP },
  { "directory/link", O_PATH, 0 },
  { "directory/link/", O_PATH, ENOTDIR },
  { "directory/link/below", O_PATH, ELOOP },
  { "inner", O_RDONLY, ELOOP },
  { "inner", O_PATH, 0 },
  { "inner", O_PATH | O_DIRECTORY, ENOTDIR },
  { "inner/", O_PATH, ENOTDIR },
  { "inner/.", O_PATH, ENOTDIR },
  { "inner/file", O_RDONLY, ELOOP },
  { "outer/file", O_RDONLY, ELOOP },
  { "outer/file", O_PATH, ELOOP },
  { "outer/nowhere", O_RDONLY, ELOOP },
  { "loop/file", O_RDONLY, ELOOP },
  { "dangling", O_RDONLY, ELOOP },
  { "dangling", O_WRONLY | O_CREAT, ELOOP },
  { "dangling", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
  { "dangling/file", O_RDONLY, ELOOP },

  { "nowhere", O_RDONLY, ENOENT },
  { "nowhere/", O_RDONLY, ENOENT },
  { "nowhere/file", O_RDONLY, ENOENT },
  { "nowhere/file", O_WRONLY | O_CREAT, ENOENT },

  { "directory/new", O_WRONLY | O_CREAT | O_EXCL, 0 },
  { "directory/new", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
  { "directory", O_WRONLY | O_CREAT, EISDIR },
  { "directory/", O_WRONLY | O_CREAT, EISDIR },
  { "newer/", O_WRONLY | O_CREAT, EISDIR },
  { "newer/.", O_WRONLY | O_CREAT, EISDIR },
  { "", O_WRONLY | O_CREAT, EISDIR },
  { "outer/new", O_WRONLY | O_CREAT, ELOOP },

  { "/", O_PATH, EXDEV },
  { "/etc/passwd", O_RDONLY, EXDEV },
  { "//etc/passwd", O_RDONLY, EXDEV },
  { "..", O_PATH, EXDEV },
  { "../outside/file", O_RDONLY, EXDEV },
  { "directory/..", O_PATH, EXDEV },
  { "directory/../../outside/file", O_RDONLY, EXDEV },
  { "directory/../directory/file", O_RDONLY, EXDEV },
  { "nowhere/../directory", O_RDONLY, EXDEV },
  { "...", O_PATH, ENOENT },
  { "..directory", O_PATH, ENOENT },
};

static void
test_open (Fixture       *self,
           gconstpointer  walk)
{
  g_test_summary ("No part of a path may be a link, and none leads out");

  for (gsize i = 0; self->is_known && i < G_N_ELEMENTS (opens); i++)
    assert_opens (self, opens[i].path, opens[i].flags, opens[i].error);
  g_assert_cmpint (g_access ("outside/new", F_OK), ==, -1);
  g_assert_cmpint (g_access ("top/newer", F_OK), ==, -1);
}

static void
test_content (Fixture       *self,
              gconstpointer  walk)
{
  char text[8] = "";
  struct stat status;
  int fd;

  g_test_summary ("What is opened is the file or the link itself, and a new file gets its mode");

  if (!self->is_known)
    return;

  fd = _runtime_use_beneath_open (self->top, "directory/file", O_RDONLY, 0);
  g_assert_cmpint (read (fd, text, sizeof text), ==, 2);
  g_assert_cmpstr (text, ==, "in");
  close (fd);

  fd = _runtime_use_beneath_open (self->top, "directory/link", O_PATH, 0);
  g_assert_no_errno (fstat (fd, &status));
  g_assert_true (S_ISLNK (status.st_mode));
  close (fd);

  fd = _runtime_use_beneath_open (self->top, "directory/new", O_WRONLY | O_CREAT | O_EXCL, 0700);
  g_assert_no_errno (fstat (fd, &status));
  g_assert_cmpint (status.st_mode & 07777, ==, 0700);
  close (fd);
}

static void
test_long (Fixture       *self,
           gconstpointer  walk)
{
  g_autofree char *longest = g_strnfill (NAME_MAX, 'n');
  g_autofree char *too_long = g_strnfill (NAME_MAX + 1, 'n');
  g_autofree char *below = g_strconcat (too_long, "/file", NULL);
  g_autofree char *nowhere = g_strconcat ("nowhere/", too_long, NULL);
  g_autofree char *in_file = g_strconcat ("directory/file/", too_long, NULL);
  g_autofree char *slashes = g_strnfill (2 * PATH_MAX, '/');
  g_autofree char *many_slashes = g_strconcat ("directory", slashes, "file", NULL);
  g_autoptr(GString) path = g_string_new ("directory");

  g_test_summary ("A name can be too long, but not a path");

  if (!self->is_known)
    return;

  assert_opens (self, longest, O_RDONLY, ENOENT);
  assert_opens (self, too_long, O_RDONLY, ENAMETOOLONG);
  assert_opens (self, too_long, O_WRONLY | O_CREAT, ENAMETOOLONG);
  assert_opens (self, below, O_RDONLY, ENAMETOOLONG);
  assert_opens (self, nowhere, O_RDONLY, ENOENT);
  assert_opens (self, in_file, O_RDONLY, ENOTDIR);
  assert_opens (self, many_slashes, O_RDONLY, 0);
  g_assert_cmpint (_runtime_use_beneath_make_folder (self->top, too_long), ==, -1);
  g_assert_cmpint (errno, ==, ENAMETOOLONG);

  while (path->len < 2 * PATH_MAX)
    g_string_append_printf (path, "/%s", longest);
  assert_opens (self, path->str, O_RDONLY, ENOENT);
  g_assert_no_errno (_runtime_use_beneath_make_folder (self->top, path->str));
  assert_opens (self, path->str, O_RDONLY | O_DIRECTORY, 0);
  g_string_append (path, "/file");
  assert_opens (self, path->str, O_WRONLY | O_CREAT | O_EXCL, 0);
}

static void
test_open_parent (Fixture       *self,
                  gconstpointer  walk)
{
  static const struct
  {
    const char *path;
    const char *leaf;
    int         error;
  } cases[] = {
    { "directory/file", "file", 0 },
    { "directory//file", "file", 0 },
    { "directory/new", "new", 0 },
    { "inner/file", NULL, ENOTDIR },
    { "inner/directory/file", NULL, ELOOP },
    { "directory/file/below", NULL, ENOTDIR },
    { "nowhere/file", NULL, ENOENT },
    { "/file", NULL, EXDEV },
    { "..", NULL, EXDEV },
    { "directory/..", NULL, EXDEV },
    { "../file", NULL, EXDEV },
    { "", NULL, EISDIR },
    { ".", NULL, EISDIR },
    { "directory/", NULL, EISDIR },
    { "directory/.", NULL, EISDIR },
  };
  const char *leaf;
  struct stat status;
  struct stat top;
  int fd;

  g_test_summary ("The folder of a path is opened as anything is, and the last name is a name");

  for (gsize i = 0; self->is_known && i < G_N_ELEMENTS (cases); i++)
    {
      fd = _runtime_use_beneath_open_parent (self->top, cases[i].path, &leaf);
      if ((fd < 0 ? errno : 0) != cases[i].error)
        g_error ("'%s': %s", cases[i].path, g_strerror (errno));
      if (fd >= 0)
        {
          g_assert_cmpstr (leaf, ==, cases[i].leaf);
          close (fd);
        }
    }

  fd = _runtime_use_beneath_open_parent (self->top, "name", &leaf);
  g_assert_cmpstr (leaf, ==, "name");
  g_assert_no_errno (fstat (fd, &status));
  g_assert_no_errno (fstat (self->top, &top));
  g_assert_cmpuint (status.st_ino, ==, top.st_ino);
  close (fd);
}

static void
test_make_folder (Fixture       *self,
                  gconstpointer  walk)
{
  static const struct
  {
    const char *path;
    int         error;
  } cases[] = {
    { "", 0 },
    { ".", 0 },
    { "directory", 0 },
    { "directory/a/b/c", 0 },
    { "directory/a//./b/d/", 0 },
    { "directory/file", ENOTDIR },
    { "directory/file/below", ENOTDIR },
    { "inner", ELOOP },
    { "inner/new", ELOOP },
    { "outer/new", ELOOP },
    { "dangling", ELOOP },
    { "/tmp", EXDEV },
    { "..", EXDEV },
    { "new/../../outside/new", EXDEV },
  };

  g_test_summary ("Folders are made where there are none, and not through links");

  if (!self->is_known)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int result = _runtime_use_beneath_make_folder (self->top, cases[i].path);

      if ((result < 0 ? errno : 0) != cases[i].error)
        g_error ("'%s': %s", cases[i].path, g_strerror (errno));
    }
  g_assert_true (g_file_test ("top/directory/a/b/c", G_FILE_TEST_IS_DIR));
  g_assert_true (g_file_test ("top/directory/a/b/d", G_FILE_TEST_IS_DIR));
  g_assert_false (g_file_test ("top/new", G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test ("top/directory/new", G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test ("outside/new", G_FILE_TEST_EXISTS));
}

static void
test_remove (Fixture       *self,
             gconstpointer  walk)
{
  g_test_summary ("A folder is removed with what is in it, but not what links lead to");

  g_assert_no_errno (symlink ("../../outside", "top/directory/outer"));
  g_assert_no_errno (g_mkdir ("top/directory/empty", 0755));
  g_assert_true (_runtime_use_beneath_remove (self->top, "directory"));
  g_assert_false (g_file_test ("top/directory", G_FILE_TEST_EXISTS));
  g_assert_true (_runtime_use_beneath_remove (self->top, "outer"));
  g_assert_true (g_file_test ("outside/file", G_FILE_TEST_EXISTS));
  g_assert_true (_runtime_use_beneath_remove (self->top, "nowhere"));
}

static void
test_resolve (Fixture       *self,
              gconstpointer  walk)
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
    { "dangling", "nothing" },
    { "outer/file", NULL },
    { "..", NULL },
    { "directory/../../outside/file", NULL },
    { "loop", NULL },
  };
  g_autofree char *top_path = g_build_filename (self->root, "top", NULL);
  g_autofree char *target = g_build_filename (top_path, "directory", NULL);
  g_autofree char *sibling = g_strconcat (top_path, ".secret", NULL);

  g_test_summary ("Links are followed within the folder, and never out of it");

  if (!self->is_known)
    return;

  g_assert_no_errno (symlink (target, "top/absolute"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *resolved = _runtime_use_beneath_resolve (self->top, top_path,
                                                                cases[i].path);

      g_assert_true (resolved != NULL ||
                     errno == (strcmp (cases[i].path, "loop") == 0 ? ELOOP : EXDEV));
      g_assert_cmpstr (resolved, ==, cases[i].resolved);
    }

  /* A folder whose name begins with that of the top. */
  g_assert_no_errno (g_remove ("top/absolute"));
  g_assert_no_errno (symlink (sibling, "top/absolute"));
  g_assert_null (_runtime_use_beneath_resolve (self->top, top_path, "absolute"));
  g_assert_cmpint (errno, ==, EXDEV);
}

/* --- somebody else at work --- */

/* Of each outcome, so that both states have been met many times. */
#define N_OUTCOMES 200

/* Puts a link to the outside where the folder is, and the folder back, each in one step. */
static gpointer
swap_thread (gpointer data)
{
  int *stop = data;

  while (!g_atomic_int_get (stop))
    {
      g_assert_no_errno (renameat2 (AT_FDCWD, "top/directory", AT_FDCWD, "top/outer",
                                    RENAME_EXCHANGE));
      g_thread_yield ();
    }

  return NULL;
}

/* Returns whether the file was there. */
static gboolean
read_in (Fixture *self)
{
  int fd = _runtime_use_beneath_open (self->top, "directory/file", O_RDONLY, 0);
  char text[8] = "";

  if (fd < 0)
    {
      /* To tell the two apart takes a second look, when it may be a folder again. */
      if (errno != ENOTDIR)
        g_assert_cmpint (errno, ==, ELOOP);
      return FALSE;
    }

  g_assert_cmpint (read (fd, text, sizeof text), ==, 2);
  g_assert_cmpstr (text, ==, "in");
  close (fd);

  return TRUE;
}

static void
test_race (Fixture       *self,
           gconstpointer  walk)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  g_autoptr(GDir) outside = NULL;
  guint n[2] = { 0, 0 };
  GThread *thread;
  int stop = FALSE;

  g_test_summary ("A folder that somebody swaps for a link to the outside leads nowhere");

  if (!self->is_known)
    return;

  thread = g_thread_new ("swap", swap_thread, &stop);
  while (MIN (n[0], n[1]) < N_OUTCOMES && g_get_monotonic_time () < deadline)
    {
      for (guint i = 0; i < 20; i++)
        n[read_in (self)]++;
      try_open (self->top, "directory/new", O_WRONLY | O_CREAT);
      _runtime_use_beneath_make_folder (self->top, "directory/made/deep");
      _runtime_use_beneath_remove (self->top, "directory/made");
    }
  g_atomic_int_set (&stop, TRUE);
  g_thread_join (thread);

  g_test_message ("%u times a link, %u times the folder", n[0], n[1]);
  g_assert_cmpuint (MIN (n[0], n[1]), >=, N_OUTCOMES);
  outside = g_dir_open ("outside", 0, NULL);
  g_assert_cmpstr (g_dir_read_name (outside), ==, "file");
  g_assert_null (g_dir_read_name (outside));
}

/* So many that some meet the folder on its way. */
#define N_OPENS 100000

static gpointer
move_thread (gpointer data)
{
  int *stop = data;

  while (!g_atomic_int_get (stop))
    {
      g_assert_no_errno (g_rename ("top/directory", "outside/directory"));
      g_assert_no_errno (g_rename ("outside/directory", "top/directory"));
    }

  return NULL;
}

static void
test_moved_out (Fixture       *self,
                gconstpointer  walk)
{
  GThread *thread;
  int stop = FALSE;

  g_test_summary ("A folder that is moved out while it is looked up is not there");

  if (!self->is_known)
    return;

  thread = g_thread_new ("move", move_thread, &stop);
  for (guint i = 0; i < N_OPENS; i++)
    {
      int error = try_open (self->top, "directory/file", O_RDONLY);

      if (error != 0)
        g_assert_cmpint (error, ==, ENOENT);
    }
  g_atomic_int_set (&stop, TRUE);
  g_thread_join (thread);
}

/* --- sandboxes --- */

static void
forbid_openat2 (int error)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (guint32) error),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  g_assert_no_errno (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  g_assert_no_errno (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static gpointer
open_thread (gpointer data)
{
  Fixture *self = data;

  assert_opens (self, "directory/file", O_RDONLY, 0);
  assert_opens (self, "inner/file", O_RDONLY, ELOOP);

  return NULL;
}

static void
test_forbidden (gconstpointer data)
{
  Fixture fixture = { 0 };
  GThread *threads[4];

  g_test_summary ("Where a sandbox does not let us use openat2(), all goes on without it");

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  /* The first of the threads finds out. */
  forbid_openat2 (GPOINTER_TO_INT (data));
  make_tree (&fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("open", open_thread, &fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (_runtime_use_beneath_set_walk (FALSE));
  tear_down (&fixture, NULL);
}

static void
add (const char  *name,
     void       (*test) (Fixture *, gconstpointer))
{
  static const char * const ways[] = { "openat2", "walk" };

  for (int walk = 0; walk < 2; walk++)
    {
      g_autofree char *path = g_strdup_printf ("/beneath/%s/%s", ways[walk], name);

      g_test_add (path, Fixture, GINT_TO_POINTER (walk), set_up, test, tear_down);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("open", test_open);
  add ("content", test_content);
  add ("long", test_long);
  add ("open-parent", test_open_parent);
  add ("make-folder", test_make_folder);
  add ("remove", test_remove);
  add ("resolve", test_resolve);
  add ("race", test_race);
  add ("moved-out", test_moved_out);
  g_test_add_data_func ("/beneath/forbidden/enosys", GINT_TO_POINTER (ENOSYS), test_forbidden);
  g_test_add_data_func ("/beneath/forbidden/eperm", GINT_TO_POINTER (EPERM), test_forbidden);

  return g_test_run ();
}
