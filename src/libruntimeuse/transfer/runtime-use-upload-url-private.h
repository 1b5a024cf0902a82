/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where files are sent. Errors do not repeat a URL: its query may be a signature. */

GUri *_runtime_use_upload_url_parse    (const char  *url,
                                        GError     **error);
GUri *_runtime_use_upload_url_follow   (GUri        *from,
                                        const char  *location,
                                        GError     **error);
char *_runtime_use_upload_url_dup_host (GUri        *url);

G_END_DECLS
