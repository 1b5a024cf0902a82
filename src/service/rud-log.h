/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean rud_log_install (const char  *level,
                          GError     **error);

G_END_DECLS
