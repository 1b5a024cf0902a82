/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-codec-private.h"

G_BEGIN_DECLS

/* All of these return whether the value can be used. Errors say where they are from the inside out:
 * they begin with what comes behind a name, and each level puts its name in front. */

gboolean _runtime_use_field_fail          (GError                    **error,
                                           const char                 *format,
                                           ...) G_GNUC_PRINTF (2, 3);
gboolean _runtime_use_field_fail_items    (GError                    **error,
                                           gsize                       max_items);
gboolean _runtime_use_field_expect        (const RuntimeUseJsonValue  *value,
                                           RuntimeUseJsonToken         token,
                                           const char                 *what,
                                           GError                    **error);
gboolean _runtime_use_field_expect_string (const RuntimeUseJsonValue  *value,
                                           GError                    **error);
gboolean _runtime_use_field_read_env      (const RuntimeUseField      *field,
                                           const RuntimeUseJsonValue  *value,
                                           gpointer                   *location,
                                           GError                    **error);

G_END_DECLS
