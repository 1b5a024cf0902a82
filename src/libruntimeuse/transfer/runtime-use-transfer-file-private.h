/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Begins the names of what is in a folder only until it is complete. */
#define RUNTIME_USE_SCRATCH_PREFIX ".runtimeuse-"

#define RUNTIME_USE_SCRATCH_NAME_SIZE (sizeof RUNTIME_USE_SCRATCH_PREFIX + 12)

void     _runtime_use_scratch_name (char         buffer[RUNTIME_USE_SCRATCH_NAME_SIZE]);

/* Writes all of @data at @offset, or returns FALSE and sets errno. */
gboolean _runtime_use_write_at     (int          fd,
                                    const void  *data,
                                    gsize        length,
                                    guint64      offset);

/* What can be shown of a path: valid, without control characters, which would begin a line of a log
 * or tell a terminal to do something. */
char    *_runtime_use_show_path    (const char  *path);

/* The same, not too long. */
char    *_runtime_use_show_name    (const char  *name);

/* Sets @error to a text with what errno says; when the disk is full also to how much of it is free
 * where @folder is, and to how much is needed, unless that is 0. */
void     _runtime_use_set_system_error (GError     **error,
                                        int          saved_errno,
                                        int          folder,
                                        guint64      needed,
                                        const char  *format,
                                        ...) G_GNUC_PRINTF (5, 6);

guint64  _runtime_use_get_free_space   (int          folder);

G_END_DECLS
