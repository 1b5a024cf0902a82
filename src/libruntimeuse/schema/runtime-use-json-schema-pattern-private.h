/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A regular expression of ECMA-262, as JSON Schema has them, whose matching has an end. */
typedef struct _RuntimeUseJsonSchemaPattern RuntimeUseJsonSchemaPattern;

RuntimeUseJsonSchemaPattern *
           _runtime_use_json_schema_pattern_new   (const char                         *text,
                                                   GError                            **error);
void       _runtime_use_json_schema_pattern_free  (RuntimeUseJsonSchemaPattern        *self);
const char *
           _runtime_use_json_schema_pattern_get_text
                                                  (const RuntimeUseJsonSchemaPattern  *self);

/* Takes what it costs off @budget, and fails if the match takes too long. */
gboolean   _runtime_use_json_schema_pattern_match (const RuntimeUseJsonSchemaPattern  *self,
                                                   const char                         *text,
                                                   gint64                             *budget,
                                                   gboolean                           *is_match,
                                                   GError                            **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseJsonSchemaPattern, _runtime_use_json_schema_pattern_free)

G_END_DECLS
