/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the names and link targets that an archive holds mean beneath the folder it is unpacked to.
 * They are bytes; nothing is converted. */

/* Levels of folders, and bytes, of the path of a member. */
#define RUNTIME_USE_ARCHIVE_MAX_DEPTH 100
#define RUNTIME_USE_ARCHIVE_MAX_PATH 4000

char *_runtime_use_archive_path_clean (const char  *name,
                                       GError     **error);
char *_runtime_use_archive_link_clean (const char  *path,
                                       const char  *target,
                                       GError     **error);

G_END_DECLS
