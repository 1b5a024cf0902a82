/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-extractor-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"

#include "fuzz.h"

/* Unpacks into a folder; nothing beside it may change, and no link in it may lead out. */

#define MAX_SIZE (1 << 20)

static char *root;
static char *target;
static struct stat victim_before;

static void
look_at_victim (struct stat *status)
{
  g_autofree char *path = g_build_filename (root, "outside", "victim", NULL);

  g_assert_no_errno (lstat (path, status));
}

static void
remove_root (void)
{
  _runtime_use_beneath_remove (AT_FDCWD, root);
}

static void
make_root (void)
{
  g_autofree char *made = g_strdup ("/dev/shm/fuzz-archive-XXXXXX");
  g_autofree char *outside = NULL;
  g_autofree char *victim = NULL;

  /* In memory if possible. */
  if (g_mkdtemp (made) == NULL)
    {
      g_free (made);
      made = g_dir_make_tmp ("fuzz-archive-XXXXXX", NULL);
    }
  root = realpath (made, NULL);
  target = g_build_filename (root, "target", NULL);
  outside = g_build_filename (root, "outside", NULL);
  victim = g_build_filename (outside, "victim", NULL);
  g_assert_no_errno (g_mkdir (outside, 0755));
  g_assert_no_errno (g_mkdir (target, 0755));
  g_file_set_contents (victim, "untouched", -1, NULL);
  look_at_victim (&victim_before);
  atexit (remove_root);
}

static guint
count_entries (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
assert_outside (void)
{
  g_autofree char *outside = g_build_filename (root, "outside", NULL);
  struct stat victim;

  look_at_victim (&victim);
  g_assert_cmpint (victim.st_size, ==, victim_before.st_size);
  g_assert_cmpint (victim.st_ino, ==, victim_before.st_ino);
  g_assert_cmpint (victim.st_mode, ==, victim_before.st_mode);
  g_assert_cmpint (victim.st_nlink, ==, 1);
  g_assert_cmpint (victim.st_ctim.tv_nsec, ==, victim_before.st_ctim.tv_nsec);
  g_assert_cmpuint (count_entries (outside), ==, 1);
  g_assert_cmpuint (count_entries (root), ==, 2);
}

static void
assert_inside (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);
      char resolved[PATH_MAX];
      struct stat status;

      g_assert_false (g_str_has_prefix (name, ".runtimeuse-"));
      g_assert_no_errno (lstat (inner, &status));
      g_assert_cmpint (status.st_mode & 07000, ==, 0);
      g_assert_true (S_ISREG (status.st_mode) || S_ISDIR (status.st_mode) ||
                     S_ISLNK (status.st_mode));
      if (S_ISLNK (status.st_mode) && realpath (inner, resolved) != NULL)
        g_assert_true (g_str_has_prefix (resolved, target));
      if (S_ISREG (status.st_mode))
        g_assert_cmpint (status.st_nlink, ==, 1);
      if (S_ISDIR (status.st_mode))
        assert_inside (inner);
    }
}

static void
extract (int                   fd,
         RuntimeUseArchiveKind kind)
{
  const RuntimeUseExtractLimits limits = { MAX_SIZE, 100, 1000 };
  g_autoptr(GError) error = NULL;
  RuntimeUseExtracted extracted;
  int folder = open (target, O_PATH | O_DIRECTORY | O_CLOEXEC);

  extracted = _runtime_use_archive_extract (fd, folder, kind, &limits, NULL, &error);
  close (folder);

  assert_outside ();
  g_assert_cmpint (extracted == RUNTIME_USE_EXTRACTED_FAILED, ==, error != NULL);
  if (error != NULL)
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (extracted == RUNTIME_USE_EXTRACTED_ALL)
    {
      assert_inside (target);
      g_assert_true (_runtime_use_beneath_remove (AT_FDCWD, target));
      g_assert_no_errno (g_mkdir (target, 0755));
    }
  else
    {
      g_assert_cmpuint (count_entries (target), ==, 0);
    }
}

/* So that what was changed in the headers of a tar archive is looked at. */
static void
mend_sums (guint8 *data,
           gsize   size)
{
  gsize at = 0;

  while (size - at >= 512 && memcmp (data + at + 257, "ustar", 5) == 0)
    {
      guint8 *header = data + at;
      char length[13] = { 0 };
      guint64 blocks;
      guint sum = 0;

      memcpy (length, header + 124, 12);
      memset (header + 148, ' ', 8);
      for (guint i = 0; i < 512; i++)
        sum += header[i];
      g_snprintf ((char *) header + 148, 8, "%06o", sum);
      blocks = g_ascii_strtoull (length, NULL, 8) / 512 + 2;
      if (blocks > (size - at) / 512)
        return;
      at += blocks * 512;
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  int fd = memfd_create ("archive", MFD_CLOEXEC);

  if (root == NULL)
    make_root ();

  mend_sums (copy, size);
  g_assert_cmpint (write (fd, copy, size), ==, (gssize) size);
  /* What is looked for follows from the input, so that a failure comes again. */
  _runtime_use_beneath_set_walk (size % 2 == 0);
  extract (fd, size > 1 && data[0] == 'P' && size % 3 != 0 ? RUNTIME_USE_ARCHIVE_ZIP
                                                           : RUNTIME_USE_ARCHIVE_ANY);
  close (fd);

  return 0;
}
