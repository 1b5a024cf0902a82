/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The JSON schema that a request asks for, from its output format: a schema, or an object with the
 * "type" "json_schema" that holds one. Compact. */
char *_runtime_use_output_schema_dup (const char  *output_format,
                                      GError     **error);

G_END_DECLS
