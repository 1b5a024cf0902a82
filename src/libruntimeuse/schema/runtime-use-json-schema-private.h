/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * JSON Schema, as structured outputs need it: draft 2020-12, and draft-07 where a "$schema" says
 * so; for schemas that say nothing, the words of both. References stay within the document.
 * "format" and words that are not known have no effect; words of the standard that are known, but
 * not supported, are an error.
 *
 * Checked once and never changed; it may be used by several threads.
 */
typedef struct _RuntimeUseJsonSchema RuntimeUseJsonSchema;

RuntimeUseJsonSchema *
         _runtime_use_json_schema_new       (JsonNode                    *schema,
                                             GError                     **error);
void     _runtime_use_json_schema_free      (RuntimeUseJsonSchema        *self);

gboolean _runtime_use_json_schema_validate  (const RuntimeUseJsonSchema  *self,
                                             JsonNode                    *value,
                                             GError                     **error);
gboolean _runtime_use_json_schema_is_strict (const RuntimeUseJsonSchema  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseJsonSchema, _runtime_use_json_schema_free)

G_END_DECLS
