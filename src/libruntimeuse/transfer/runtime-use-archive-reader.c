/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-archive-reader-private.h"

#include <errno.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-use-error.h"
#include "runtime-use-libarchive-private.h"
#include "runtime-use-transfer-file-private.h"

#define BLOCK (64 * 1024)

/* libarchive keeps a list of all members of some formats in memory, whatever their number. This is
 * what such a list may take in the archive for each member that there may be. */
#define LIST_BYTES_PER_ENTRY 128
#define LIST_BYTES (4 * 1024 * 1024)

struct _RuntimeUseArchiveReader
{
  struct archive *archive;
  GCancellable   *cancellable;
  int             fd;
  gint64          position;
  gint64          size;
  gint64          list_left;     /* bytes that may be read before the first member is known */
  gboolean        is_open;
  gboolean        has_first;
  gboolean        is_list_too_long;
  locale_t        locale;
  locale_t        old_locale;
  guint8          block[BLOCK];
};

static la_ssize_t
read_cb (struct archive  *archive,
         void            *user_data,
         const void     **data)
{
  RuntimeUseArchiveReader *self = user_data;
  ssize_t n;

  if (g_cancellable_is_cancelled (self->cancellable))
    {
      _runtime_use_libarchive.archive_set_error (archive, ECANCELED, "cancelled");
      return ARCHIVE_FATAL;
    }
  if (!self->has_first && self->list_left <= 0)
    {
      self->is_list_too_long = TRUE;
      _runtime_use_libarchive.archive_set_error (archive, ENOMEM,
                                                 "the list of members is too long");
      return ARCHIVE_FATAL;
    }

  do
    n = pread (self->fd, self->block, sizeof self->block, self->position);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    {
      _runtime_use_libarchive.archive_set_error (archive, errno, "cannot read it: %s",
                                                 g_strerror (errno));
      return ARCHIVE_FATAL;
    }

  *data = self->block;
  self->position += n;
  self->list_left -= n;

  return n;
}

static la_int64_t
seek_cb (struct archive *archive,
         void           *user_data,
         la_int64_t      offset,
         int             whence)
{
  RuntimeUseArchiveReader *self = user_data;
  gint64 base = 0;
  gint64 position;

  if (whence == SEEK_CUR)
    base = self->position;
  else if (whence == SEEK_END)
    base = self->size;

  if (__builtin_add_overflow (base, offset, &position) || position < 0)
    {
      _runtime_use_libarchive.archive_set_error (archive, EINVAL,
                                                 "it points to a place that is not in it");
      return ARCHIVE_FATAL;
    }
  self->position = position;

  return position;
}

static la_int64_t
skip_cb (struct archive *archive,
         void           *user_data,
         la_int64_t      request)
{
  RuntimeUseArchiveReader *self = user_data;
  gint64 n = CLAMP (self->size - self->position, 0, request);

  self->position += n;

  return n;
}

/*
 * Not all that libarchive knows: some formats name files of this machine as their content (mtree),
 * some filters start programs (lrzip, grzip, uu by its nature), some take every file for an archive
 * (raw, empty), and the rest is not worth the parser.
 */
static void
choose_formats (struct archive        *archive,
                RuntimeUseArchiveKind  kind)
{
  _runtime_use_libarchive.archive_read_support_format_zip_seekable (archive);
  if (kind == RUNTIME_USE_ARCHIVE_ZIP)
    return;

  _runtime_use_libarchive.archive_read_support_format_tar (archive);
  _runtime_use_libarchive.archive_read_support_format_7zip (archive);
  _runtime_use_libarchive.archive_read_support_filter_bzip2 (archive);
  _runtime_use_libarchive.archive_read_support_filter_compress (archive);
  _runtime_use_libarchive.archive_read_support_filter_gzip (archive);
  _runtime_use_libarchive.archive_read_support_filter_lz4 (archive);
  _runtime_use_libarchive.archive_read_support_filter_lzip (archive);
  _runtime_use_libarchive.archive_read_support_filter_lzma (archive);
  _runtime_use_libarchive.archive_read_support_filter_xz (archive);
  _runtime_use_libarchive.archive_read_support_filter_zstd (archive);
}

/* Says what went wrong last. */
static void
set_error (RuntimeUseArchiveReader  *self,
           GError                  **error)
{
  const char *text = _runtime_use_libarchive.archive_error_string (self->archive);
  g_autofree char *shown = _runtime_use_show_name (text != NULL ? text : "no reason is known");

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return;

  if (self->is_list_too_long)
    g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                         "it has more members than max-entries allows");
  else if (!self->is_open)
    g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                         "it is damaged, empty, or not an archive");
  else
    g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED, "the archive is damaged: %s",
                 shown);
}

RuntimeUseArchiveReader *
_runtime_use_archive_reader_new (int                     fd,
                                 RuntimeUseArchiveKind   kind,
                                 guint                   max_entries,
                                 GCancellable           *cancellable)
{
  RuntimeUseArchiveReader *self = g_new0 (RuntimeUseArchiveReader, 1);
  struct stat status;

  self->archive = _runtime_use_libarchive.archive_read_new ();
  self->cancellable = cancellable;
  self->fd = fd;
  self->size = fstat (fd, &status) == 0 ? status.st_size : 0;
  self->list_left = LIST_BYTES + (gint64) max_entries * LIST_BYTES_PER_ENTRY;

  /* Names that are known to be UTF-8 are converted to the character set of the locale, of which
   * nothing is left in most of them. Only this thread, and only for now. */
  self->locale = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
  if (self->locale != (locale_t) 0)
    self->old_locale = uselocale (self->locale);

  choose_formats (self->archive, kind);
  _runtime_use_libarchive.archive_read_set_read_callback (self->archive, read_cb);
  _runtime_use_libarchive.archive_read_set_seek_callback (self->archive, seek_cb);
  _runtime_use_libarchive.archive_read_set_skip_callback (self->archive, skip_cb);
  _runtime_use_libarchive.archive_read_set_callback_data (self->archive, self);

  return self;
}

void
_runtime_use_archive_reader_free (RuntimeUseArchiveReader *self)
{
  _runtime_use_libarchive.archive_read_free (self->archive);
  if (self->locale != (locale_t) 0)
    {
      uselocale (self->old_locale);
      freelocale (self->locale);
    }
  g_free (self);
}

/* Finds out what it is. When that fails, @is_archive says whether something else is to blame than
 * that it is no archive. */
gboolean
_runtime_use_archive_reader_open (RuntimeUseArchiveReader  *self,
                                  gboolean                 *is_archive,
                                  GError                  **error)
{
  self->is_open = _runtime_use_libarchive.archive_read_open1 (self->archive) == ARCHIVE_OK;
  *is_archive = self->is_open || self->is_list_too_long ||
                g_cancellable_is_cancelled (self->cancellable);
  if (!self->is_open)
    set_error (self, error);

  return self->is_open;
}

/* Gets the next member; NULL at the end. */
gboolean
_runtime_use_archive_reader_next (RuntimeUseArchiveReader  *self,
                                  struct archive_entry    **entry,
                                  GError                  **error)
{
  int result = _runtime_use_libarchive.archive_read_next_header (self->archive, entry);

  self->has_first = TRUE;
  if (result == ARCHIVE_EOF)
    {
      *entry = NULL;
      return TRUE;
    }

  /* A warning is about what we do not use: attributes, owners. */
  if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
    return TRUE;

  set_error (self, error);

  return FALSE;
}

/* Gets the next piece of the member; of length 0 at the end. */
gboolean
_runtime_use_archive_reader_read (RuntimeUseArchiveReader  *self,
                                  const void              **data,
                                  gsize                    *length,
                                  guint64                  *offset,
                                  GError                  **error)
{
  int result;

  do
    {
      la_int64_t place = 0;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;

      result = _runtime_use_libarchive.archive_read_data_block (self->archive, data, length,
                                                                &place);
      *offset = (guint64) place;
    }
  while (result == ARCHIVE_OK && *length == 0);

  if (result == ARCHIVE_EOF)
    *length = 0;
  else if (result != ARCHIVE_OK)
    set_error (self, error);

  return result == ARCHIVE_EOF || result == ARCHIVE_OK;
}

/* The bytes of the archive itself. */
guint64
_runtime_use_archive_reader_get_size (RuntimeUseArchiveReader *self)
{
  return (guint64) self->size;
}
