/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

G_BEGIN_DECLS

char *rud_bus_error_make_name      (const char *nick);
void  rud_bus_error_register_names (void);

G_END_DECLS
