/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Where a value is within the whole. */
typedef struct _RuntimeUseJsonPlace RuntimeUseJsonPlace;

struct _RuntimeUseJsonPlace
{
  const RuntimeUseJsonPlace *parent;   /* (nullable): it is the whole */
  const char                *name;     /* (nullable): it is an item */
  guint                      index;
};

/* What is wrong with a value, in words. */
typedef struct
{
  GString *text;
  guint    n_faults;
  guint    max_faults;
  gboolean is_inner;     /* part of a sentence: the place of the whole is not told */
} RuntimeUseJsonSchemaReport;

/* How many names are told. */
#define RUNTIME_USE_JSON_SCHEMA_MAX_NAMES 10

/* All of them return FALSE, and do nothing else if nobody wants to know. */

gboolean _runtime_use_json_schema_report_add          (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       const char                 *format,
                                                       ...) G_GNUC_PRINTF (3, 4);

/* What was expected is the words of @expected and those of @more. */
gboolean _runtime_use_json_schema_report_add_found    (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       const char                 *expected,
                                                       const char                 *more,
                                                       JsonNode                   *value);
gboolean _runtime_use_json_schema_report_add_compared (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       const char                 *relation,
                                                       JsonNode                   *other,
                                                       JsonNode                   *value);
gboolean _runtime_use_json_schema_report_add_kinds    (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       guint                       kinds,
                                                       JsonNode                   *value);
gboolean _runtime_use_json_schema_report_add_values   (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       JsonArray                  *values,
                                                       JsonNode                   *value);
gboolean _runtime_use_json_schema_report_add_unknown  (RuntimeUseJsonSchemaReport *self,
                                                       const RuntimeUseJsonPlace  *place,
                                                       const char                 *name,
                                                       GHashTable                 *known);

G_END_DECLS
