/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A folder that takes files, shared by all who send some there. */
typedef struct
{
  int fd;
} RuntimeUseReceiptFolder;

RuntimeUseReceiptFolder *
                       _runtime_use_receipt_folder_open   (const char               *path);
RuntimeUseReceiptFolder *
                       _runtime_use_receipt_folder_ref    (RuntimeUseReceiptFolder  *self);
void                   _runtime_use_receipt_folder_unref  (RuntimeUseReceiptFolder  *self);

/* A file that is on its way into a folder. It has its name there once it is complete. */
typedef struct _RuntimeUseFileReceipt RuntimeUseFileReceipt;

RuntimeUseFileReceipt *_runtime_use_file_receipt_new      (RuntimeUseReceiptFolder  *folder,
                                                           const char               *path,
                                                           guint64                   max_size);
void                   _runtime_use_file_receipt_free     (RuntimeUseFileReceipt    *self);

/* An error stays, and is what the end comes to. */
void                   _runtime_use_file_receipt_write    (RuntimeUseFileReceipt    *self,
                                                           const void               *data,
                                                           gsize                     length);
gboolean               _runtime_use_file_receipt_complete (RuntimeUseFileReceipt    *self,
                                                           GError                  **error);
guint64                _runtime_use_file_receipt_get_size (RuntimeUseFileReceipt    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseReceiptFolder, _runtime_use_receipt_folder_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseFileReceipt, _runtime_use_file_receipt_free)

G_END_DECLS
