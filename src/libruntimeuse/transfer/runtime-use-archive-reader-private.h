/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <archive.h>
#include <gio/gio.h>

G_BEGIN_DECLS

/* An archive that is read from a descriptor, whose offset is neither used nor changed. */
typedef struct _RuntimeUseArchiveReader RuntimeUseArchiveReader;

typedef enum
{
  RUNTIME_USE_ARCHIVE_ZIP,
  RUNTIME_USE_ARCHIVE_ANY,   /* that is commonly sent around */
} RuntimeUseArchiveKind;

RuntimeUseArchiveReader *
         _runtime_use_archive_reader_new       (int                        fd,
                                                RuntimeUseArchiveKind      kind,
                                                guint                      max_entries,
                                                GCancellable              *cancellable);
void     _runtime_use_archive_reader_free      (RuntimeUseArchiveReader   *self);

gboolean _runtime_use_archive_reader_open      (RuntimeUseArchiveReader   *self,
                                                gboolean                  *is_archive,
                                                GError                   **error);
gboolean _runtime_use_archive_reader_next      (RuntimeUseArchiveReader   *self,
                                                struct archive_entry     **entry,
                                                GError                   **error);
gboolean _runtime_use_archive_reader_read      (RuntimeUseArchiveReader   *self,
                                                const void               **data,
                                                gsize                     *length,
                                                guint64                   *offset,
                                                GError                   **error);

guint64  _runtime_use_archive_reader_get_size  (RuntimeUseArchiveReader   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseArchiveReader, _runtime_use_archive_reader_free)

G_END_DECLS
