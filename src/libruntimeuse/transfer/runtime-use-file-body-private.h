/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_FILE_BODY (_runtime_use_file_body_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseFileBody, _runtime_use_file_body, RUNTIME_USE, FILE_BODY,
                      GInputStream)

/* The first bytes of a file as a stream: exactly so many, or an error. */
GInputStream *_runtime_use_file_body_new  (int       fd,
                                           guint64   size);

GBytes       *_runtime_use_file_body_read (int       fd,
                                           gsize     size,
                                           GError  **error);

G_END_DECLS
