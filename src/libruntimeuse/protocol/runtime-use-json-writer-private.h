/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All text is counted, may hold NUL, and must be valid UTF-8. Lengths called “encoded” are those
 * inside a JSON string, without its quotes. */

void  _runtime_use_json_append_string (GString    *json,
                                       const char *text,
                                       gsize       length);
gsize _runtime_use_json_string_length (const char *text,
                                       gsize       length);
gsize _runtime_use_json_fit_prefix    (const char *text,
                                       gsize       length,
                                       gsize       max_encoded);
gsize _runtime_use_json_fit_suffix    (const char *text,
                                       gsize       length,
                                       gsize       max_encoded);

G_END_DECLS
