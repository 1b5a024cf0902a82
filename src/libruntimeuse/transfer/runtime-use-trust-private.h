/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

gboolean _runtime_use_trust_is_ready     (void);

/* Reads a file when there is one to read: not for the main context. */
gboolean _runtime_use_trust_check        (GError              **error);

void     _runtime_use_trust_check_async  (GAsyncReadyCallback   callback,
                                          gpointer              user_data);
gboolean _runtime_use_trust_check_finish (GAsyncResult         *result,
                                          GError              **error);

void     _runtime_use_trust_apply        (SoupSession          *session);

char    *_runtime_use_trust_explain      (SoupMessage          *message,
                                          const GError         *error);

G_END_DECLS
