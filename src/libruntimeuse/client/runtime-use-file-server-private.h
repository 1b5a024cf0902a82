/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-file-receipt-private.h"

G_BEGIN_DECLS

/*
 * What a client shows to its runtime for a while: an HTTP server on loopback, at addresses that
 * nobody can guess. It lives in a thread, so that disks are waited for there.
 */
typedef struct _RuntimeUseFileServer RuntimeUseFileServer;

typedef enum
{
  RUNTIME_USE_FILE_PROGRESS,
  RUNTIME_USE_FILE_RECEIVED,
  RUNTIME_USE_FILE_FAILED,
} RuntimeUseFileEvent;

/* Called in the thread of the server. */
typedef void (* RuntimeUseFileFunc) (gpointer             user_data,
                                     guint                index,
                                     RuntimeUseFileEvent  event,
                                     guint64              received,
                                     guint64              total,
                                     const char          *error);

RuntimeUseFileServer *_runtime_use_file_server_new    (guint64                max_size,
                                                       RuntimeUseFileFunc     func,
                                                       gpointer               user_data,
                                                       GDestroyNotify         destroy,
                                                       GError               **error);

/* Returns the address where @content is to be had. */
char                 *_runtime_use_file_server_offer  (RuntimeUseFileServer  *self,
                                                       GBytes                *content,
                                                       const char            *name);

/* Returns an address that takes a file, which is stored as @path beneath @folder, once. */
char                 *_runtime_use_file_server_expect (RuntimeUseFileServer  *self,
                                                       RuntimeUseReceiptFolder
                                                                             *folder,
                                                       const char            *path,
                                                       guint                  index);

/* Returns an address that takes nothing. */
char                 *_runtime_use_file_server_refuse (RuntimeUseFileServer  *self);

/* Nothing is served from now on, and what was not received whole is gone. */
void                  _runtime_use_file_server_free   (RuntimeUseFileServer  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseFileServer, _runtime_use_file_server_free)

G_END_DECLS
