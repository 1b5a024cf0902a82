/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-status.h"

G_BEGIN_DECLS

typedef struct _RudExports RudExports;

RudExports *rud_exports_new  (RudStatus        *status,
                              GDBusConnection  *connection,
                              GError          **error);
void        rud_exports_free (RudExports       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RudExports, rud_exports_free)

G_END_DECLS
