/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"
#include "runtimeuse.h"

G_BEGIN_DECLS

gboolean ruc_serve_listen_set_up (RudConfig         *config,
                                  RuntimeUseServer  *server,
                                  GPtrArray         *inherited,
                                  GError           **error);
void     ruc_serve_listen_say    (RuntimeUseServer  *server);

G_END_DECLS
