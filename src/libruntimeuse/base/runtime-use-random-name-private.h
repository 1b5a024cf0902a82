/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns 32 hexadecimal digits that nobody can guess. */
char *_runtime_use_random_name (void);

G_END_DECLS
