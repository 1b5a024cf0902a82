/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Threads for work that blocks: a bounded number of them, and a bounded queue. */

typedef void (*RuntimeUseTransferFunc) (gpointer data);

gboolean _runtime_use_transfer_pool_push     (RuntimeUseTransferFunc   func,
                                              gpointer                 data,
                                              GError                 **error);
gboolean _runtime_use_transfer_pool_withdraw (gpointer                 data);

G_END_DECLS
