/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-check.h"

#include <gio/gio.h>

G_BEGIN_DECLS

void       rud_doctor_examine_async  (GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data);
GPtrArray *rud_doctor_examine_finish (GAsyncResult         *result,
                                      GError              **error);
gboolean   rud_doctor_can_serve      (GPtrArray            *checks);

G_END_DECLS
