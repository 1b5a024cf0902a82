/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

G_BEGIN_DECLS

gboolean rud_host_commands_set_up (RuntimeUseServer  *server,
                                   const char        *flatpak_info,
                                   GError           **error);

G_END_DECLS
