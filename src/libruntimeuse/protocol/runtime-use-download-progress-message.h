/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_DOWNLOAD_PROGRESS_MESSAGE \
  (runtime_use_download_progress_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseDownloadProgressMessage,
                      runtime_use_download_progress_message,
                      RUNTIME_USE, DOWNLOAD_PROGRESS_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *
runtime_use_download_progress_message_new (guint   index,
                                           guint64 received,
                                           guint64 total);
RUNTIME_USE_AVAILABLE_IN_0_1
guint
runtime_use_download_progress_message_get_index (RuntimeUseDownloadProgressMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_download_progress_message_get_received (RuntimeUseDownloadProgressMessage *self);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64
runtime_use_download_progress_message_get_total (RuntimeUseDownloadProgressMessage *self);

G_END_DECLS
