/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_HOSTED_HANDLER (runtime_use_hosted_handler_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseHostedHandler, runtime_use_hosted_handler,
                      RUNTIME_USE, HOSTED_HANDLER, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseHostedHandler *runtime_use_hosted_handler_new      (const char *path);

RUNTIME_USE_AVAILABLE_IN_0_1
const char              *runtime_use_hosted_handler_get_path (RuntimeUseHostedHandler *self);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_hosted_handler_prepare_async  (RuntimeUseHostedHandler  *self,
                                           GCancellable             *cancellable,
                                           GAsyncReadyCallback       callback,
                                           gpointer                  user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_hosted_handler_prepare_finish (RuntimeUseHostedHandler  *self,
                                           GAsyncResult             *result,
                                           GError                  **error);

RUNTIME_USE_AVAILABLE_IN_0_1
void
runtime_use_hosted_handler_stop_async     (RuntimeUseHostedHandler  *self,
                                           GCancellable             *cancellable,
                                           GAsyncReadyCallback       callback,
                                           gpointer                  user_data);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean
runtime_use_hosted_handler_stop_finish    (RuntimeUseHostedHandler  *self,
                                           GAsyncResult             *result,
                                           GError                  **error);

G_END_DECLS
