/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-downloadable.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_DOWNLOAD_HANDLER (runtime_use_download_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseDownloadHandler, runtime_use_download_handler,
                      RUNTIME_USE, DOWNLOAD_HANDLER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseDownloadHandler *runtime_use_download_handler_new (RuntimeUseDownloadable *downloadable);

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseDownloadable *
runtime_use_download_handler_get_downloadable (RuntimeUseDownloadHandler *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void  runtime_use_download_handler_run_async  (RuntimeUseDownloadHandler  *self,
                                               GCancellable               *cancellable,
                                               GAsyncReadyCallback         callback,
                                               gpointer                    user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
char *runtime_use_download_handler_run_finish (RuntimeUseDownloadHandler  *self,
                                               GAsyncResult               *result,
                                               GError                    **error);

G_END_DECLS
