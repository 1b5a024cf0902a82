/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-retry-policy-private.h"
#include "runtime-use-upload-private.h"

G_BEGIN_DECLS

/* What is to be sent, and within which time; all of it is the caller's, until the try is over.
 * Times are monotonic, in microseconds. */
typedef struct
{
  RuntimeUseUploadConnections *connections;
  int                          fd;
  guint64                      size;
  const struct stat           *expected;          /* (nullable) */
  GUri                        *url;
  const char                  *content_type;      /* (nullable) */
  gint64                       connect_timeout;
  gint64                       silence_timeout;
  gint64                       timeout;           /* since .headway */
  gint64                       headway;           /* when the body got further the last time */
} RuntimeUseUploadPlan;

typedef struct
{
  guint                status;     /* 0: there was no answer */
  char                *location;   /* (nullable) */
  RuntimeUseRetryHint  hint;
  guint64              n_sent;
  gint64               headway;
} RuntimeUseUploadAnswer;

void     _runtime_use_upload_attempt_async  (const RuntimeUseUploadPlan  *plan,
                                             GCancellable                *cancellable,
                                             GAsyncReadyCallback          callback,
                                             gpointer                     user_data);
gboolean _runtime_use_upload_attempt_finish (GAsyncResult                *result,
                                             RuntimeUseUploadAnswer      *answer,
                                             GError                     **error);

void     _runtime_use_upload_answer_clear   (RuntimeUseUploadAnswer      *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseUploadAnswer, _runtime_use_upload_answer_clear)

G_END_DECLS
