/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-json-schema-node-private.h"

G_BEGIN_DECLS

/* Whether a value is as a schema wants it. The value must not be too deep, nor its text broken. */
gboolean _runtime_use_json_schema_check (const RuntimeUseJsonSchemaNode  *node,
                                         JsonNode                        *value,
                                         GError                         **error);

G_END_DECLS
