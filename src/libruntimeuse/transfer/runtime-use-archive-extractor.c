/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-extractor-private.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-archive-path-private.h"
#include "runtime-use-archive-staging-private.h"
#include "runtime-use-error.h"
#include "runtime-use-libarchive-private.h"
#include "runtime-use-transfer-file-private.h"

/* Below this many bytes no ratio is suspicious. */
#define RATIO_FROM (16 * 1024 * 1024)

#define COPY_BLOCK (64 * 1024)

/* What an archive says that knows no modes. */
#define DEFAULT_FILE_MODE 0666
#define DEFAULT_FOLDER_MODE 0777

typedef struct
{
  RuntimeUseArchiveReader       *reader;
  RuntimeUseArchiveStaging      *staging;
  const RuntimeUseExtractLimits *limits;
  GCancellable                  *cancellable;
  int                            folder;
  guint64                        size;       /* bytes of all members so far */
  guint                          n_entries;
} Extraction;

static gboolean
refuse (GError     **error,
        const char  *text)
{
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, text);

  return FALSE;
}

/* Counts bytes before they are written. Holes count too. */
static gboolean
count_bytes (Extraction  *self,
             guint64      n,
             GError     **error)
{
  if (n > self->limits->max_size - self->size)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "what is unpacked has more than %" G_GUINT64_FORMAT
                   " bytes (max-extracted-size)", self->limits->max_size);
      return FALSE;
    }
  self->size += n;

  if (self->size > RATIO_FROM &&
      self->size / self->limits->max_ratio > _runtime_use_archive_reader_get_size (self->reader))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "what is unpacked has more than %u times as many bytes as the archive "
                   "(max-ratio)", self->limits->max_ratio);
      return FALSE;
    }

  return TRUE;
}

static gboolean
fail_write (Extraction  *self,
            GError     **error)
{
  _runtime_use_set_system_error (error, errno, self->folder, self->size, "it cannot be written");

  return FALSE;
}

/* --- files --- */

/* A size that is known is counted before the first byte of it is unpacked. */
static guint64
get_size (struct archive_entry *entry)
{
  if (!_runtime_use_libarchive.archive_entry_size_is_set (entry))
    return 0;

  return (guint64) MAX (_runtime_use_libarchive.archive_entry_size (entry), 0);
}

static gboolean
write_content (Extraction            *self,
               struct archive_entry  *entry,
               int                    fd,
               GError               **error)
{
  guint64 counted = get_size (entry);
  guint64 written = 0;
  const void *data;
  guint64 offset;
  gsize length;

  if (!count_bytes (self, counted, error))
    return FALSE;

  while (_runtime_use_archive_reader_read (self->reader, &data, &length, &offset, error))
    {
      guint64 end = offset + length;

      if (length == 0)
        return counted <= written || ftruncate (fd, (off_t) counted) == 0 ||
               fail_write (self, error);

      if (end < offset)
        return refuse (error, "the archive is damaged: it has a place that cannot be");
      if (end > counted && !count_bytes (self, end - counted, error))
        return FALSE;
      if (!_runtime_use_write_at (fd, data, length, offset))
        return fail_write (self, error);

      counted = MAX (counted, end);
      written = MAX (written, end);
    }

  return FALSE;
}

static void
set_time (struct archive_entry *entry,
          int                   fd)
{
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

  if (!_runtime_use_libarchive.archive_entry_mtime_is_set (entry))
    return;

  times[1].tv_sec = _runtime_use_libarchive.archive_entry_mtime (entry);
  times[1].tv_nsec = _runtime_use_libarchive.archive_entry_mtime_nsec (entry);
  /* Not every file system can do every time. */
  if (futimens (fd, times) != 0)
    g_debug ("Cannot set the time of a file: %s", g_strerror (errno));
}

static guint
get_mode (struct archive_entry *entry,
          guint                 otherwise)
{
  guint mode = _runtime_use_libarchive.archive_entry_perm (entry) & 0777;

  return mode != 0 ? mode : otherwise;
}

static gboolean
extract_file (Extraction            *self,
              struct archive_entry  *entry,
              const char            *path,
              GError               **error)
{
  int fd = _runtime_use_archive_staging_create (self->staging, path,
                                                get_mode (entry, DEFAULT_FILE_MODE), error);
  gboolean written;

  if (fd < 0)
    return FALSE;

  written = write_content (self, entry, fd, error);
  if (written)
    set_time (entry, fd);
  /* Some file systems write only now. */
  if (close (fd) != 0 && written)
    return fail_write (self, error);

  return written;
}

/* --- hard links --- */

static gboolean
copy_content (Extraction  *self,
              int          from,
              int          to,
              GError     **error)
{
  g_autofree guint8 *buffer = g_malloc (COPY_BLOCK);
  guint64 offset = 0;
  ssize_t n;

  while ((n = pread (from, buffer, COPY_BLOCK, (off_t) offset)) > 0)
    {
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error) ||
          !count_bytes (self, (guint64) n, error))
        return FALSE;
      if (!_runtime_use_write_at (to, buffer, (gsize) n, offset))
        return fail_write (self, error);
      offset += (guint64) n;
    }

  return n == 0 || fail_write (self, error);
}

/* A link would make two names of one file, which whoever changes one of them does not expect. */
static gboolean
extract_copy (Extraction            *self,
              struct archive_entry  *entry,
              const char            *path,
              GError               **error)
{
  const char *target = _runtime_use_libarchive.archive_entry_hardlink (entry);
  g_autofree char *source = _runtime_use_archive_path_clean (target, error);
  gboolean copied;
  guint mode;
  int from;
  int to;

  if (source == NULL)
    {
      g_prefix_error (error, "it is a hard link to a file of which: ");
      return FALSE;
    }
  if (g_strcmp0 (source, path) == 0)
    return TRUE;

  from = _runtime_use_archive_staging_open (self->staging, source, &mode, error);
  if (from < 0)
    return FALSE;

  to = _runtime_use_archive_staging_create (self->staging, path, mode, error);
  copied = to >= 0 && copy_content (self, from, to, error);
  close (from);
  if (to >= 0)
    close (to);

  return copied;
}

/* --- all kinds --- */

static gboolean
extract_by_type (Extraction            *self,
                 struct archive_entry  *entry,
                 const char            *path,
                 GError               **error)
{
  const char *target;

  switch (_runtime_use_libarchive.archive_entry_filetype (entry))
    {
    case AE_IFREG:
      return extract_file (self, entry, path, error);

    case AE_IFDIR:
      return _runtime_use_archive_staging_add_folder (self->staging, path,
                                                      get_mode (entry, DEFAULT_FOLDER_MODE),
                                                      error);

    case AE_IFLNK:
      target = _runtime_use_libarchive.archive_entry_symlink (entry);
      if (target == NULL)
        return refuse (error, "it links to a name that cannot be read");
      return _runtime_use_archive_staging_add_link (self->staging, path, target, error);

    default:
      return refuse (error, "it is neither a file, a folder nor a link");
    }
}

static gboolean
extract_entry (Extraction            *self,
               struct archive_entry  *entry,
               const char            *name,
               GError               **error)
{
  g_autofree char *path = _runtime_use_archive_path_clean (name, error);

  if (path == NULL)
    return FALSE;
  if (_runtime_use_libarchive.archive_entry_is_encrypted (entry))
    return refuse (error, "it is encrypted, and there is no password");

  /* The folder itself, which is there. */
  if (path[0] == '\0')
    return _runtime_use_libarchive.archive_entry_filetype (entry) == AE_IFDIR ||
           refuse (error, "it has no name");

  if (_runtime_use_libarchive.archive_entry_hardlink (entry) != NULL)
    return extract_copy (self, entry, path, error);

  return extract_by_type (self, entry, path, error);
}

static gboolean
extract_named (Extraction            *self,
               struct archive_entry  *entry,
               GError               **error)
{
  const char *name = _runtime_use_libarchive.archive_entry_pathname (entry);
  g_autofree char *shown = NULL;

  if (name == NULL)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                   "member number %u: its name cannot be read", self->n_entries);
      return FALSE;
    }

  if (extract_entry (self, entry, name, error))
    return TRUE;

  shown = _runtime_use_show_name (name);
  g_prefix_error (error, "member “%s”: ", shown);

  return FALSE;
}

static gboolean
extract_all (Extraction  *self,
             GError     **error)
{
  struct archive_entry *entry;

  while (_runtime_use_archive_reader_next (self->reader, &entry, error))
    {
      if (entry == NULL)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      if (self->n_entries++ >= self->limits->max_entries)
        {
          g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                       "it has more than %u members (max-entries)", self->limits->max_entries);
          return FALSE;
        }
      if (!extract_named (self, entry, error))
        return FALSE;
    }

  return FALSE;
}

static RuntimeUseExtracted
extract (Extraction             *self,
         RuntimeUseArchiveKind   kind,
         GError                **error)
{
  g_autoptr(RuntimeUseArchiveStaging) staging = _runtime_use_archive_staging_new (self->folder,
                                                                                  error);

  self->staging = staging;
  if (staging == NULL || !extract_all (self, error))
    return RUNTIME_USE_EXTRACTED_FAILED;

  /* A file of zeros looks like an archive with nothing in it. */
  if (kind == RUNTIME_USE_ARCHIVE_ANY && self->n_entries == 0)
    return RUNTIME_USE_EXTRACTED_NOTHING;

  if (!_runtime_use_archive_staging_place (staging, self->cancellable, error))
    return RUNTIME_USE_EXTRACTED_FAILED;

  return RUNTIME_USE_EXTRACTED_ALL;
}

/*
 * Unpacks the archive @fd into @folder. All of it is unpacked, or nothing is changed.
 *
 * What is there already is replaced, but for folders, which are kept. Names are bytes, except that
 * formats which store them in UTF-16 have them converted to UTF-8. Nothing is written through a
 * link.
 */
RuntimeUseExtracted
_runtime_use_archive_extract (int                             fd,
                              int                             folder,
                              RuntimeUseArchiveKind           kind,
                              const RuntimeUseExtractLimits  *limits,
                              GCancellable                   *cancellable,
                              GError                        **error)
{
  g_autoptr(RuntimeUseArchiveReader) reader = NULL;
  g_autoptr(GError) local_error = NULL;
  Extraction self = { .limits = limits, .cancellable = cancellable, .folder = folder };
  gboolean is_archive;

  if (!_runtime_use_libarchive_load (error))
    return RUNTIME_USE_EXTRACTED_FAILED;

  reader = _runtime_use_archive_reader_new (fd, kind, limits->max_entries, cancellable);
  self.reader = reader;
  if (_runtime_use_archive_reader_open (reader, &is_archive, &local_error))
    return extract (&self, kind, error);

  if (kind == RUNTIME_USE_ARCHIVE_ANY && !is_archive)
    return RUNTIME_USE_EXTRACTED_NOTHING;

  g_propagate_error (error, g_steal_pointer (&local_error));

  return RUNTIME_USE_EXTRACTED_FAILED;
}
