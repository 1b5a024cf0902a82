/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-status.h"

G_BEGIN_DECLS

char *rud_metrics_dup_text (RudStatus *status);

G_END_DECLS
