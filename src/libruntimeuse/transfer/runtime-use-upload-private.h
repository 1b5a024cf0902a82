/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/stat.h>

#include "runtime-use-upload.h"

G_BEGIN_DECLS

/* Kept alive between small uploads that share it. It belongs to one thread. */
typedef struct _RuntimeUseUploadConnections RuntimeUseUploadConnections;

RuntimeUseUploadConnections *
     _runtime_use_upload_connections_new  (void);
void _runtime_use_upload_connections_free (RuntimeUseUploadConnections *self);

/* Milliseconds. */
typedef struct
{
  guint                        timeout;           /* without headway, over all tries and pauses */
  guint                        connect_timeout;   /* of one try */
  guint                        silence_timeout;   /* of one try without headway, the answer too */
  guint                        retry_delay;       /* before the second try; then doubled */
  guint                        max_attempts;
  RuntimeUseUploadConnections *connections;       /* (nullable): borrowed; NULL for own ones */
  const struct stat           *expected;          /* (nullable): what the file has to be as long as
                                                   * it is read; anything is good without */
} RuntimeUseUploadOptions;

/* As long as an upload may take without headway, in milliseconds. */
#define RUNTIME_USE_UPLOAD_TIMEOUT 30000

#define RUNTIME_USE_UPLOAD_OPTIONS_INIT     \
  {                                         \
    .timeout = RUNTIME_USE_UPLOAD_TIMEOUT,  \
    .connect_timeout = 10000,               \
    .silence_timeout = 30000,               \
    .retry_delay = 500,                     \
    .max_attempts = 4,                      \
  }

typedef struct
{
  guint   status;       /* of the last answer; 0 without one */
  guint64 n_sent;       /* in the last try */
  guint   n_attempts;   /* redirects do not count */
} RuntimeUseUploadResult;

int      _runtime_use_upload_open      (const char                     *path,
                                        GError                        **error);

void     _runtime_use_upload_fd_async  (int                             fd,
                                        const char                     *url,
                                        const char                     *content_type,
                                        const RuntimeUseUploadOptions  *options,
                                        GCancellable                   *cancellable,
                                        GAsyncReadyCallback             callback,
                                        gpointer                        user_data);
gboolean _runtime_use_upload_fd_finish (GAsyncResult                   *result,
                                        RuntimeUseUploadResult         *upload_result,
                                        GError                        **error);

G_END_DECLS
