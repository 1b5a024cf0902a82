/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the metadata of errors has as error_name. */
const char *_runtime_use_error_get_name (const GError *error);

G_END_DECLS
