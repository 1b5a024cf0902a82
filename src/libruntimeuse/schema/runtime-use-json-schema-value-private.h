/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What JSON Schema sees in values: numbers as such, however they are held. Values must not be
 * deeper than RUNTIME_USE_LIMIT_JSON_DEPTH, and their text must be valid. */

typedef enum
{
  RUNTIME_USE_JSON_KIND_NULL    = 1 << 0,
  RUNTIME_USE_JSON_KIND_BOOLEAN = 1 << 1,
  RUNTIME_USE_JSON_KIND_INTEGER = 1 << 2,   /* a whole number, also 1.0 */
  RUNTIME_USE_JSON_KIND_NUMBER  = 1 << 3,   /* any other one */
  RUNTIME_USE_JSON_KIND_STRING  = 1 << 4,
  RUNTIME_USE_JSON_KIND_ARRAY   = 1 << 5,
  RUNTIME_USE_JSON_KIND_OBJECT  = 1 << 6,
} RuntimeUseJsonKind;

#define RUNTIME_USE_JSON_KINDS_NUMERIC \
  (RUNTIME_USE_JSON_KIND_INTEGER | RUNTIME_USE_JSON_KIND_NUMBER)

RuntimeUseJsonKind _runtime_use_json_kind_of         (JsonNode *value);

int                _runtime_use_json_compare_numbers (JsonNode *a,
                                                      JsonNode *b);
gboolean           _runtime_use_json_is_multiple     (JsonNode *value,
                                                      JsonNode *divisor);

/* Both take what they cost, at least one for each value inside, off @budget. */
gboolean           _runtime_use_json_same            (JsonNode *a,
                                                      JsonNode *b,
                                                      gint64   *budget);
guint64            _runtime_use_json_hash            (JsonNode *value,
                                                      gint64   *budget);

/* For people, and models. */
void               _runtime_use_json_describe        (GString  *out,
                                                      JsonNode *value);
void               _runtime_use_json_quote           (GString  *out,
                                                      const char *text);

G_END_DECLS
