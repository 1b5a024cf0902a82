/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-json-schema-node-private.h"

G_BEGIN_DECLS

/* Where a node refers to, to be looked up when all are there. */
typedef struct
{
  RuntimeUseJsonSchemaNode *node;
  const char               *target;
} RuntimeUseJsonSchemaReference;

/* Makes nodes of a document. */
typedef struct
{
  JsonNode   *document;
  GPtrArray  *nodes;        /* owns them */
  GHashTable *by_json;      /* JsonNode to its node */
  GHashTable *anchors;      /* names to nodes */
  GArray     *references;   /* RuntimeUseJsonSchemaReference */
  const char *id;           /* (nullable): of the document */
  gboolean    is_draft_7;   /* or older: what is beside a reference does not count */
} RuntimeUseJsonSchemaReader;

RuntimeUseJsonSchemaNode *
         _runtime_use_json_schema_reader_read (RuntimeUseJsonSchemaReader  *self,
                                               JsonNode                    *json,
                                               const char                  *place,
                                               GError                     **error);

gboolean _runtime_use_json_schema_reader_fail (const char                  *place,
                                               const char                  *problem,
                                               GError                     **error);

G_END_DECLS
