/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *_runtime_use_json_read_unicode (const char  *text,
                                            const char  *end,
                                            gunichar    *character,
                                            const char **problem);

G_END_DECLS
