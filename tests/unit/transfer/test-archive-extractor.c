/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-extractor-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "runtime-use-beneath-private.h"
#include "runtime-use-error.h"
#include "runtime-use-transfer-file-private.h"

#include "transfer-fixture.h"

static char *archives;

static const RuntimeUseExtractLimits no_limits = { G_MAXUINT64, 1000000, 1000000 };

static RuntimeUseExtracted
extract_with (TransferFixture                *self,
              const char                     *name,
              const RuntimeUseExtractLimits  *limits,
              GCancellable                   *cancellable,
              GError                        **error)
{
  g_autofree char *path = g_build_filename (archives, name, NULL);
  gboolean is_zip = g_str_has_suffix (name, ".zip");
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  int folder = open (self->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
  RuntimeUseExtracted extracted;

  g_assert_cmpint (MIN (fd, folder), >=, 0);
  extracted = _runtime_use_archive_extract (fd, folder,
                                            is_zip ? RUNTIME_USE_ARCHIVE_ZIP
                                                   : RUNTIME_USE_ARCHIVE_ANY,
                                            limits, cancellable, error);
  close (fd);
  close (folder);

  return extracted;
}

static void
assert_extracts (TransferFixture *self,
                 const char      *name)
{
  g_autoptr(GError) error = NULL;
  RuntimeUseExtracted extracted = extract_with (self, name, &no_limits, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (extracted, ==, RUNTIME_USE_EXTRACTED_ALL);
  transfer_fixture_assert_clean (self);
}

/* Nothing has changed then. */
static void
assert_refuses_with (TransferFixture               *self,
                     const char                    *name,
                     const RuntimeUseExtractLimits *limits,
                     int                            code,
                     const char                    *text)
{
  g_autofree char *before = transfer_list (self->target);
  g_autofree char *after = NULL;
  g_autoptr(GError) error = NULL;
  RuntimeUseExtracted extracted = extract_with (self, name, limits, NULL, &error);

  g_test_message ("%s: %s", name, error != NULL ? error->message : "no error");
  g_assert_cmpint (extracted, ==, RUNTIME_USE_EXTRACTED_FAILED);
  g_assert_error (error, RUNTIME_USE_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (strstr (error->message, text) == NULL)
    g_error ("%s: “%s” is not in “%s”", name, text, error->message);

  after = transfer_list (self->target);
  g_assert_cmpstr (after, ==, before);
  transfer_fixture_assert_clean (self);
}

static void
assert_refuses (TransferFixture *self,
                const char      *name,
                const char      *text)
{
  assert_refuses_with (self, name, &no_limits, RUNTIME_USE_ERROR_FAILED, text);
}

static void
assert_link (TransferFixture *self,
             const char      *name,
             const char      *target)
{
  g_autofree char *path = g_build_filename (self->target, name, NULL);
  g_autofree char *found = g_file_read_link (path, NULL);

  g_assert_cmpstr (found, ==, target);
}

static guint
get_mode (TransferFixture *self,
          const char      *name)
{
  g_autofree char *path = g_build_filename (self->target, name, NULL);
  struct stat status;

  g_assert_no_errno (lstat (path, &status));

  return status.st_mode & 07777;
}

static void
clear (TransferFixture *self)
{
  transfer_remove (self->target);
  g_assert_no_errno (g_mkdir (self->target, 0755));
}

static void
test_archive_extractor_good (TransferFixture *self,
                             gconstpointer    test_data)
{
  static const char * const names[] = {
    "good.zip", "good.7z", "good.tar", "gnu.tar", "good.tar.gz", "good.tar.bz2", "good.tar.xz",
  };

  g_test_summary ("Archives of the usual formats are unpacked, twice into the same folder too");

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (names); i++)
    {
      assert_extracts (self, names[i / 2]);
      transfer_assert_file (self, "a.txt", "alpha");
      transfer_assert_file (self, "dir/b.txt", "beta");
      transfer_assert_file (self, "größe.txt", "x");
      assert_link (self, "dir/link", "deep/c.txt");
      assert_link (self, "dir/deep/up", "../..");
      transfer_assert_file (self, "dir/deep/up/bin/run", "#!/bin/sh\n");
      g_assert_cmpint (get_mode (self, "bin/run"), ==, 0755);
      g_assert_true (transfer_exists (self, "empty") || strcmp (names[i / 2], "good.7z") == 0);
      if (i % 2 == 1)
        clear (self);
    }
}

static void
test_archive_extractor_names (TransferFixture *self,
                              gconstpointer    test_data)
{
  static const char * const latin[] = { "latin.zip", "latin.tar", "latin-pax.tar" };

  g_test_summary ("Names are bytes, end at NUL, and of equal ones the last member counts");

  for (gsize i = 0; i < G_N_ELEMENTS (latin); i++)
    {
      assert_extracts (self, latin[i]);
      transfer_assert_file (self, "gr\xf6\xdf" "e.txt", "x");
      clear (self);
    }
  assert_extracts (self, "two-names.zip");
  transfer_assert_file (self, "größe.txt", "evil");
  assert_extracts (self, "nul.zip");
  transfer_assert_file (self, "name", "x");
  assert_extracts (self, "twice.zip");
  transfer_assert_file (self, "a.txt", "last");
  assert_extracts (self, "twice.tar");
  transfer_assert_file (self, "a", "last");
  transfer_assert_file (self, "b", "kept");
  assert_link (self, "c", "b");
}

static void
test_archive_extractor_modes (TransferFixture *self,
                              gconstpointer    test_data)
{
  g_test_summary ("Set-id bits are dropped, hard links become copies, holes stay holes");

  assert_extracts (self, "modes.tar");
  g_assert_cmpint (get_mode (self, "set"), ==, 0755);
  g_assert_cmpint (get_mode (self, "dir"), ==, 0700);
  g_assert_cmpint (get_mode (self, "dir/none"), ==, 0644);
  g_assert_cmpint (get_mode (self, "ro"), ==, 0444);
  g_assert_cmpint (get_mode (self, "dir2"), ==, 0755);

  assert_extracts (self, "hard.tar");
  transfer_assert_file (self, "a", "one");
  transfer_assert_file (self, "b", "one");
  g_assert_cmpint (get_mode (self, "b"), ==, 0640);
  transfer_write (self, "b", "two");
  transfer_assert_file (self, "a", "one");
}

static void
test_archive_extractor_holes (TransferFixture *self,
                              gconstpointer    test_data)
{
  const RuntimeUseExtractLimits limits = { 1 << 20, 100, 1000000 };
  g_autofree char *path = g_build_filename (self->target, "hole.img", NULL);
  struct stat status;

  g_test_summary ("What a hole takes counts, although it takes nothing");

  assert_extracts (self, "small-hole.tar");
  g_assert_no_errno (lstat (path, &status));
  g_assert_cmpint (status.st_size, ==, 100000);
  assert_refuses_with (self, "hole.tar", &limits, RUNTIME_USE_ERROR_TOO_LARGE,
                       "max-extracted-size");
}

static const struct
{
  const char *name;
  const char *text;
} bad[] = {
  { "up.zip", "member “../evil”: its name leads out" },
  { "up-inside.zip", "member “a/../../evil”: its name leads out" },
  { "up.7z", "member “../evil”: its name leads out" },
  { "up-two-names.zip", "member “../evil”: its name leads out" },
  { "up-local.zip", "member “../evil”: its name leads out" },
  { "up-only.tar", "member “../”: its name leads out" },
  { "up-end.tar", "member “a/..”: its name leads out" },
  { "absolute.zip", "member “/evil”: its name is absolute" },
  { "absolute.7z", "member “/evil”: its name is absolute" },
  { "absolute.tar", "member “/evil”: its name is absolute" },
  { "backslash-up.tar", "member “..\\evil”: its name leads out" },
  { "backslash-inside.tar", "its name leads out" },
  { "backslash-absolute.tar", "its name is absolute" },
  { "drive.tar", "its name is absolute" },
  { "drive-slash.tar", "its name is absolute" },
  { "long-name.tar", "ENAMETOOLONG" },
  { "long-path.tar", "its name is longer than 4000 bytes" },
  { "deep.tar", "it is more than 100 folders deep" },
  { "link-absolute.tar", "member “evil”: it links to an absolute path" },
  { "link-absolute.zip", "member “evil”: it links to an absolute path" },
  { "link-up.tar", "member “evil”: it links out of the folder" },
  { "link-up.zip", "member “evil”: it links out of the folder" },
  { "link-up.7z", "member “evil”: it links out of the folder" },
  { "link-proc.tar", "member “evil”: it links to an absolute path" },
  { "link-deep.tar", "member “a/b/evil”: it links out of the folder" },
  { "link-middle.tar", "“..” in the middle" },
  { "link-chain.tar", "“..” in the middle" },
  { "through.tar", "member “evil/x”: a part of its path is a link or a file" },
  { "through.zip", "member “evil/x”: a part of its path is a link or a file" },
  { "through.7z", "member “evil/x”: a part of its path is a link or a file" },
  { "through-new.tar", "member “evil/x/y”: a part of its path is a link or a file" },
  { "folder-over-link.tar", "member “evil" },
  { "file-over-folder.tar", "member “evil”: it cannot be written: EISDIR" },
  { "folder-over-file.tar", "member “evil/x”: a part of its path is a link or a file" },
  { "hard-absolute.tar", "member “evil”: it is a hard link" },
  { "hard-up.tar", "member “evil”: it is a hard link" },
  { "hard-missing.tar", "member “evil”: it is a hard link" },
  { "hard-link.tar", "member “evil”: it is a hard link" },
  { "hard-through.tar", "member “evil”: it is a hard link" },
  { "hard-folder.tar", "member “evil”: it is a hard link" },
  { "fifo.tar", "member “evil”: it is neither a file, a folder nor a link" },
  { "char.tar", "member “evil”: it is neither" },
  { "block.tar", "member “evil”: it is neither" },
  { "encrypted.zip", "member “locked.txt”: it is encrypted" },
  { "aes.zip", "member “locked.txt”: it is encrypted" },
  { "latin-utf8.zip", "member number 1: its name cannot be read" },
  { "surrogate.7z", "member number 1: its name cannot be read" },
  { "crc.zip", "member “broken.txt”: the archive is damaged" },
  { "cut.zip", "it is damaged, empty, or not an archive" },
  { "cut-data.zip", "damaged" },
  { "cut.7z", "damaged" },
  { "cut.tar", "damaged" },
  { "cut.tar.gz", "damaged" },
  { "garbage.zip", "it is damaged, empty, or not an archive" },
  { "empty.zip", "it is damaged, empty, or not an archive" },
  { "nothing.zip", "it is damaged, empty, or not an archive" },
  { "is-tar.zip", "it is damaged, empty, or not an archive" },
};

static void
test_archive_extractor_bad (TransferFixture *self,
                            gconstpointer    test_data)
{
  g_test_summary ("A bad archive changes nothing, and the error names the member");

  transfer_write (self, "ok.txt", "mine");
  transfer_write (self, "a/x", "mine");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refuses (self, bad[i].name, bad[i].text);
}

static void
test_archive_extractor_no_archive (TransferFixture *self,
                                   gconstpointer    test_data)
{
  static const char * const names[] = { "text", "zeros", "packed.gz", "nothing" };
  g_autofree char *path = g_build_filename (archives, "nothing", NULL);

  g_test_summary ("What is no archive is told apart from a bad one");

  g_file_set_contents (path, "", 0, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;
      RuntimeUseExtracted extracted = extract_with (self, names[i], &no_limits, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (extracted, ==, RUNTIME_USE_EXTRACTED_NOTHING);
    }
}

/* What must neither be opened nor written through. To make a device takes a right. */
static void
plant (TransferFixture *self,
       const char      *name)
{
  g_autofree char *folder = g_build_filename (self->target, name, NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autofree char *hard = g_build_filename (folder, "hard", NULL);
  g_autofree char *device = g_build_filename (folder, "device", NULL);
  g_autofree char *victim = g_build_filename (self->outside, "victim", NULL);

  g_assert_no_errno (g_mkdir (folder, 0755));
  g_assert_no_errno (mkfifo (fifo, 0644));
  g_assert_no_errno (link (victim, hard));
  if (mknod (device, S_IFCHR | 0644, makedev (1, 3)) != 0)
    g_assert_cmpint (errno, ==, EPERM);
}

static void
test_archive_extractor_replace (TransferFixture *self,
                                gconstpointer    test_data)
{
  g_autofree char *linked = g_build_filename (self->target, "linked", NULL);
  g_autofree char *leaf = g_build_filename (self->target, "leaf", NULL);

  g_test_summary ("Files and links are replaced and never followed, folders are kept");

  transfer_write (self, "file", "old and longer");
  plant (self, "planted");
  transfer_write (self, "kept/old", "old");
  g_assert_no_errno (symlink (self->outside, linked));
  g_assert_no_errno (symlink ("../outside/victim", leaf));

  assert_extracts (self, "replace.tar");
  transfer_assert_file (self, "file", "new");
  transfer_assert_file (self, "kept/old", "old");
  transfer_assert_file (self, "kept/new", "new");
  transfer_assert_file (self, "linked/x", "new");
  transfer_assert_file (self, "leaf", "new");
  transfer_assert_file (self, "planted/fifo", "new");
  transfer_assert_file (self, "planted/hard", "new");
  transfer_assert_file (self, "planted/device", "new");
  g_assert_false (g_file_test (linked, G_FILE_TEST_IS_SYMLINK));

  clear (self);
  transfer_write (self, "leaf/inside", "mine");
  transfer_write (self, "file", "mine");
  assert_refuses (self, "replace.tar", "member “leaf”: it cannot be moved into place: EISDIR");
}

static void
test_archive_extractor_planted (TransferFixture *self,
                                gconstpointer    test_data)
{
  g_autofree char *planted = g_build_filename (self->target, "planted", NULL);
  g_autofree char *hop = g_build_filename (self->target, "hop", NULL);

  g_test_summary ("A link that leads out through one that was there before is refused");

  g_assert_no_errno (symlink (self->outside, planted));
  assert_refuses (self, "link-planted.tar", "member “evil”: it links out");
  g_unlink (planted);
  g_assert_no_errno (symlink ("./hop", planted));
  g_assert_no_errno (symlink ("x/../../outside", hop));
  assert_refuses (self, "link-planted.tar", "member “evil”: it links out");
  g_unlink (planted);
  assert_extracts (self, "link-planted.tar");

  for (guint i = 0; i < 2; i++)
    {
      assert_extracts (self, "link-own.tar");
      transfer_assert_file (self, "alias", "x");
    }
  assert_extracts (self, "loop.tar");
}

static void
test_archive_extractor_limits (TransferFixture *self,
                               gconstpointer    test_data)
{
  const RuntimeUseExtractLimits entries = { G_MAXUINT64, 5, 1000000 };
  const RuntimeUseExtractLimits size = { 5015, 100, 1000000 };
  const RuntimeUseExtractLimits ratio = { G_MAXUINT64, 100, 200 };

  g_test_summary ("Members, bytes and the ratio have limits, which the error names");

  assert_refuses_with (self, "good.zip", &entries, RUNTIME_USE_ERROR_TOO_LARGE,
                       "more than 5 members (max-entries)");
  assert_refuses_with (self, "good.zip", &size, RUNTIME_USE_ERROR_TOO_LARGE,
                       "more than 5015 bytes (max-extracted-size)");
  assert_refuses_with (self, "bomb.zip", &ratio, RUNTIME_USE_ERROR_TOO_LARGE,
                       "member “zeros”: what is unpacked has more than 200 times");
  assert_refuses_with (self, "bomb.tar.gz", &ratio, RUNTIME_USE_ERROR_TOO_LARGE, "more than 200");
  assert_refuses_with (self, "bomb-lies.zip", &ratio, RUNTIME_USE_ERROR_TOO_LARGE,
                       "more than 200");
  assert_refuses_with (self, "many.tar.gz", &entries, RUNTIME_USE_ERROR_TOO_LARGE, "max-entries");
  assert_refuses_with (self, "many.zip", &entries, RUNTIME_USE_ERROR_TOO_LARGE, "max-entries");
  assert_extracts (self, "bomb.zip");
}

static void
test_archive_extractor_many (TransferFixture *self,
                             gconstpointer    test_data)
{
  g_test_summary ("A hundred thousand members are unpacked, or refused by their number");

  assert_extracts (self, "many.zip");
  g_assert_true (transfer_exists (self, "d99/99999"));
  g_assert_true (transfer_exists (self, "d00/00000"));
}

/* Unlike the clock, what other tests do at the same time does not count. */
static double
get_cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);

  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static void
test_archive_extractor_speed (TransferFixture *self,
                              gconstpointer    test_data)
{
  double start = get_cpu_ms ();
  double elapsed;

  g_test_summary ("Two thousand small files take no more than moments");

  assert_extracts (self, "small.zip");
  elapsed = get_cpu_ms () - start;
  g_test_minimized_result (elapsed, "2,000 files: %.1f ms of this thread", elapsed);
  g_assert_true (transfer_exists (self, "tree/39/file1999.txt"));
}

static void
test_archive_extractor_disk_full (TransferFixture *self,
                                  gconstpointer    test_data)
{
  g_test_summary ("When the disk is full the error says so, and nothing is left");

  if (!transfer_fixture_mount (self, "1m"))
    return;

  transfer_write (self, "zeros", "mine");
  assert_refuses (self, "bomb.zip", "member “zeros”: it cannot be written: ENOSPC");
  assert_refuses (self, "bomb.zip", " bytes are needed, ");
  transfer_assert_file (self, "zeros", "mine");
  transfer_fixture_unmount (self);
}

typedef struct
{
  TransferFixture *fixture;
  GCancellable    *cancellable;
  gboolean         stop;        /* atomic */
  guint            n_swaps;     /* atomic */
  gint64           cancelled_at;
} Other;

/* The folder that is being filled, once there is one. */
static char *
find_scratch (Other *self)
{
  g_autoptr(GDir) dir = g_dir_open (self->fixture->target, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, RUNTIME_USE_SCRATCH_PREFIX))
      return g_build_filename (self->fixture->target, name, NULL);

  return NULL;
}

static gpointer
cancel_thread (gpointer data)
{
  Other *self = data;
  g_autofree char *scratch = NULL;

  while (scratch == NULL && !g_atomic_int_get (&self->stop))
    scratch = find_scratch (self);
  self->cancelled_at = g_get_monotonic_time ();
  g_cancellable_cancel (self->cancellable);

  return NULL;
}

static void
test_archive_extractor_cancel (TransferFixture *self,
                               gconstpointer    test_data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *after = NULL;
  g_autoptr(GError) error = NULL;
  Other other = { .fixture = self, .cancellable = cancellable };
  GThread *thread = g_thread_new ("cancel", cancel_thread, &other);
  RuntimeUseExtracted extracted;
  gint64 returned_at;

  g_test_summary ("Unpacking can be cancelled, and then changes nothing");

  extracted = extract_with (self, test_data, &no_limits, cancellable, &error);
  returned_at = g_get_monotonic_time ();
  g_atomic_int_set (&other.stop, TRUE);
  g_thread_join (thread);

  g_assert_cmpint (extracted, ==, RUNTIME_USE_EXTRACTED_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_test_message ("%d ms", (int) ((returned_at - other.cancelled_at) / 1000));
  g_assert_cmpint (returned_at - other.cancelled_at, <, 2 * G_TIME_SPAN_SECOND);
  after = transfer_list (self->target);
  g_assert_cmpstr (after, ==, "");
}

/* Puts a link to the outside where a folder is, and the folder back. */
static void
swap (Other      *self,
      const char *folder)
{
  g_autofree char *moved = g_strconcat (folder, ".moved", NULL);

  if (rename (folder, moved) != 0)
    return;

  if (symlink (self->fixture->outside, folder) == 0)
    {
      g_atomic_int_inc (&self->n_swaps);
      g_unlink (folder);
    }
  rename (moved, folder);
}

static gpointer
swap_thread (gpointer data)
{
  Other *self = data;
  g_autofree char *placed = g_build_filename (self->fixture->target, "d", NULL);
  g_autofree char *placed_inner = g_build_filename (placed, "e", NULL);

  while (!g_atomic_int_get (&self->stop))
    {
      g_autofree char *scratch = find_scratch (self);

      swap (self, placed);
      swap (self, placed_inner);
      for (guint i = 0; scratch != NULL && i < 20; i++)
        {
          g_autofree char *folder = g_build_filename (scratch, "d", i % 2 == 0 ? "e" : NULL, NULL);

          swap (self, folder);
        }
    }

  return NULL;
}

/* Of those that are there: whoever swaps what is moved into place may keep the rest from it. */
static void
assert_copies (TransferFixture *self)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *name = g_strdup_printf ("copy%u", i);

      if (transfer_exists (self, name))
        transfer_assert_file (self, name, "evil");
    }
}

static void
test_archive_extractor_race (TransferFixture *self,
                             gconstpointer    test_data)
{
  Other other = { .fixture = self };
  GThread *thread = g_thread_new ("swap", swap_thread, &other);
  guint n_extracted = 0;

  g_test_summary ("Folders that somebody swaps for links lead nowhere, to write or to read");

  for (guint i = 0; i < 30; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *outside = NULL;

      n_extracted += extract_with (self, "race.tar", &no_limits, NULL, &error) ==
                     RUNTIME_USE_EXTRACTED_ALL;
      outside = transfer_list (self->outside);
      g_assert_cmpstr (outside, ==, self->outside_before);
      assert_copies (self);
    }
  g_atomic_int_set (&other.stop, TRUE);
  g_thread_join (thread);

  g_test_message ("%u of 30 unpacked, %u swaps", n_extracted, other.n_swaps);
  g_assert_cmpuint (other.n_swaps, >, 0);
  /* Whoever moves things about in there may keep us from removing them. */
  clear (self);
}

static void
add (const char    *name,
     gconstpointer  data,
     void         (*test) (TransferFixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/archive-extractor/", name, NULL);

  g_test_add (path, TransferFixture, data, transfer_fixture_set_up, test,
              transfer_fixture_tear_down);
}

static void
walk_set_up (TransferFixture *self,
             gconstpointer    test_data)
{
  _runtime_use_beneath_set_walk (TRUE);
  transfer_fixture_set_up (self, test_data);
}

static void
walk_tear_down (TransferFixture *self,
                gconstpointer    test_data)
{
  transfer_fixture_tear_down (self, test_data);
  _runtime_use_beneath_set_walk (FALSE);
}

/* Also as on a kernel without openat2(). */
static void
add_both (const char  *name,
          void       (*test) (TransferFixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/archive-extractor/walk/", name, NULL);

  add (name, NULL, test);
  g_test_add (path, TransferFixture, NULL, walk_set_up, test, walk_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  int result;

  transfer_isolate ();
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  umask (022);
  archives = transfer_make_archives (NULL);

  add_both ("good", test_archive_extractor_good);
  add_both ("names", test_archive_extractor_names);
  add_both ("modes", test_archive_extractor_modes);
  add_both ("bad", test_archive_extractor_bad);
  add_both ("replace", test_archive_extractor_replace);
  add_both ("planted", test_archive_extractor_planted);
  add_both ("race", test_archive_extractor_race);
  add_both ("speed", test_archive_extractor_speed);
  add ("holes", NULL, test_archive_extractor_holes);
  add ("no-archive", NULL, test_archive_extractor_no_archive);
  add ("limits", NULL, test_archive_extractor_limits);
  add ("many", NULL, test_archive_extractor_many);
  add ("disk-full", NULL, test_archive_extractor_disk_full);
  add ("cancel/many", "many.zip", test_archive_extractor_cancel);
  add ("cancel/large", "bomb.zip", test_archive_extractor_cancel);

  result = g_test_run ();
  transfer_remove (archives);
  g_free (archives);

  return result;
}
