/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-config.h"

G_BEGIN_DECLS

/* A server with all that a running service has around it. */
typedef struct _RucServer RucServer;

RucServer *ruc_server_new  (RudConfig  *config);
void       ruc_server_free (RucServer  *self);
gboolean   ruc_server_run  (RucServer  *self,
                            GPtrArray  *inherited,
                            int        *exit_status,
                            GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RucServer, ruc_server_free)

G_END_DECLS
