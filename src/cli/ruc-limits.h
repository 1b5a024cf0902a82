/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"

G_BEGIN_DECLS

/* Numbers of the configuration that are properties of an object. */

void     ruc_limits_apply          (RudConfig  *config,
                                    GObject    *server);
gboolean ruc_limits_apply_to_agent (RudConfig  *config,
                                    GObject    *agent,
                                    const char *name,
                                    GError    **error);

G_END_DECLS
