/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Finds a file that belongs to the library and is no part of it. @folder is where it lies in a
 * build tree, beside the folder of the library. What is not found is named, with all places. */
char *_runtime_use_helper_find (const char  *folder,
                                const char  *name,
                                GError     **error);

G_END_DECLS
