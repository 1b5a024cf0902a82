/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

#include "runtime-use-json-schema-pattern-private.h"

G_BEGIN_DECLS

typedef struct _RuntimeUseJsonSchemaNode RuntimeUseJsonSchemaNode;

typedef struct
{
  guint64 min;
  guint64 max;
} RuntimeUseJsonSchemaRange;

/* Of patternProperties. */
typedef struct
{
  RuntimeUseJsonSchemaPattern *pattern;
  RuntimeUseJsonSchemaNode    *node;
} RuntimeUseJsonSchemaPatternRule;

/* Of dependentRequired, dependentSchemas and dependencies. */
typedef struct
{
  const char               *name;
  GPtrArray                *required;   /* (nullable): const char * */
  RuntimeUseJsonSchemaNode *node;       /* (nullable) */
} RuntimeUseJsonSchemaDependency;

/* One schema among those in a document, which owns all of them; texts and values are borrowed from
 * the document. What a schema does not say is NULL, or allows everything. */
struct _RuntimeUseJsonSchemaNode
{
  char                      *place;           /* its JSON pointer */
  gboolean                   is_never;        /* it is false */
  gboolean                   is_plain;        /* see _runtime_use_json_schema_is_strict() */

  guint                      kinds;           /* RuntimeUseJsonKind; 0: any */
  JsonNode                  *constant;
  JsonArray                 *values;

  JsonNode                  *minimum;
  JsonNode                  *maximum;
  JsonNode                  *exclusive_minimum;
  JsonNode                  *exclusive_maximum;
  JsonNode                  *divisor;

  RuntimeUseJsonSchemaRange  length;
  RuntimeUseJsonSchemaPattern *pattern;

  RuntimeUseJsonSchemaRange  n_items;
  GPtrArray                 *prefix_items;
  RuntimeUseJsonSchemaNode  *items;           /* of those behind the prefix */
  RuntimeUseJsonSchemaNode  *contains;
  RuntimeUseJsonSchemaRange  n_contained;
  gboolean                   unique_items;

  RuntimeUseJsonSchemaRange  n_properties;
  GHashTable                *properties;      /* names to nodes */
  GArray                    *patterns;        /* RuntimeUseJsonSchemaPatternRule */
  RuntimeUseJsonSchemaNode  *additional;
  RuntimeUseJsonSchemaNode  *names;
  GPtrArray                 *required;        /* const char * */
  GArray                    *dependencies;    /* RuntimeUseJsonSchemaDependency */

  RuntimeUseJsonSchemaNode  *reference;
  GPtrArray                 *all_of;
  GPtrArray                 *any_of;
  GPtrArray                 *one_of;
  RuntimeUseJsonSchemaNode  *none_of;         /* "not" */
  RuntimeUseJsonSchemaNode  *condition;       /* "if" */
  RuntimeUseJsonSchemaNode  *consequence;     /* "then" */
  RuntimeUseJsonSchemaNode  *alternative;     /* "else" */
};

RuntimeUseJsonSchemaNode *_runtime_use_json_schema_node_new  (const char               *place);
void                      _runtime_use_json_schema_node_free (RuntimeUseJsonSchemaNode *self);

/* Appends to a JSON pointer. */
void                      _runtime_use_json_pointer_append   (GString                  *pointer,
                                                              const char               *name);

G_END_DECLS
