/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Opens what lies beneath a directory without being led out of it: no part of a path may be a
 * symbolic link, whoever puts one there while we work. Errors are in errno. */

int   _runtime_use_beneath_open_folder (const char *absolute_path);
int   _runtime_use_beneath_open        (int         top,
                                        const char *path,
                                        int         flags);
char *_runtime_use_beneath_resolve     (int         top,
                                        const char *top_path,
                                        const char *path);

G_END_DECLS
