/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean rud_inherited_sockets_take (GPtrArray **sockets,
                                     GError    **error);

G_END_DECLS
