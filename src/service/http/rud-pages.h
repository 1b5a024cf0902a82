/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-status.h"

G_BEGIN_DECLS

void rud_pages_add (RudStatus *status,
                    gboolean   with_metrics);

G_END_DECLS
