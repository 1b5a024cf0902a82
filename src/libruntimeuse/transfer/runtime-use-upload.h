/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_upload_file_async  (const char           *path,
                                         const char           *url,
                                         const char           *content_type,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_upload_file_finish (GAsyncResult         *result,
                                         GError              **error);

G_END_DECLS
