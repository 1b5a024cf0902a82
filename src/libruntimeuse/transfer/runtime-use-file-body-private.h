/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_FILE_BODY (_runtime_use_file_body_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseFileBody, _runtime_use_file_body, RUNTIME_USE, FILE_BODY,
                      GInputStream)

/* The first bytes of a file as a stream: exactly so many, or an error. With @expected (nullable) it
 * is an error too when the file is no longer that one, and then the last of them is not given. */
GInputStream *_runtime_use_file_body_new   (int                 fd,
                                            guint64             size,
                                            const struct stat  *expected);

GBytes       *_runtime_use_file_body_read  (int                 fd,
                                            gsize               size,
                                            const struct stat  *expected,
                                            GError            **error);

gboolean      _runtime_use_file_body_check (int                 fd,
                                            const struct stat  *expected,
                                            GError            **error);

G_END_DECLS
