/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tasks that wait for their turn. Those of one owner keep their order, and the owners take turns,
 * so that one with many files does not hold up the others. */
typedef struct _RuntimeUseUploadQueue RuntimeUseUploadQueue;

RuntimeUseUploadQueue *_runtime_use_upload_queue_new            (void);
void                   _runtime_use_upload_queue_free           (RuntimeUseUploadQueue *self);

guint                  _runtime_use_upload_queue_get_length     (RuntimeUseUploadQueue *self);
void                   _runtime_use_upload_queue_push           (RuntimeUseUploadQueue *self,
                                                                 gpointer               owner,
                                                                 GTask                 *task);
GTask                 *_runtime_use_upload_queue_pop            (RuntimeUseUploadQueue *self);
GList                 *_runtime_use_upload_queue_take_cancelled (RuntimeUseUploadQueue *self);

G_END_DECLS
