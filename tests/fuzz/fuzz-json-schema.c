/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-schema-private.h"

#include <string.h>

/* More would be of no use to anybody. */
#define MAX_MESSAGE 20000

typedef enum
{
  VALID,
  INVALID,
  UNKNOWN,   /* it would take too long */
} Verdict;

static Verdict
validate (const RuntimeUseJsonSchema *schema,
          JsonNode                   *value)
{
  g_autoptr(GError) error = NULL;

  if (_runtime_use_json_schema_validate (schema, value, &error))
    {
      g_assert_no_error (error);
      return VALID;
    }

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, MAX_MESSAGE);
  if (g_error_matches (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE))
    return UNKNOWN;

  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD);

  return INVALID;
}

/* The schema as part of another one, which is @before, itself, and @after. */
static void
check_wrapped (JsonNode   *schema_node,
               const char *before,
               const char *after,
               JsonNode   *value,
               Verdict     expected)
{
  g_autofree char *inner = _runtime_use_json_from_node (schema_node, NULL);
  g_autofree char *json = g_strconcat (before, inner, after, NULL);
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (json, NULL);
  g_autoptr(RuntimeUseJsonSchema) schema = NULL;
  Verdict verdict;

  /* It may be too deep now. */
  if (node != NULL)
    schema = _runtime_use_json_schema_new (node, NULL);
  if (schema == NULL)
    return;

  verdict = validate (schema, value);
  g_assert_true (verdict == expected || verdict == UNKNOWN);
}

/* One way after the other would take long. */
static void
check_logic (JsonNode *schema,
             JsonNode *value,
             Verdict   verdict,
             guint     choice)
{
  static const struct
  {
    const char *before;
    const char *after;
    gboolean    is_opposite;
  } ways[] = {
    { "{\"not\":", "}", TRUE },
    { "{\"allOf\":[true,", "]}", FALSE },
    { "{\"anyOf\":[false,", "]}", FALSE },
    { "{\"oneOf\":[false,", "]}", FALSE },
    { "{\"oneOf\":[true,", "]}", TRUE },
    { "{\"if\":", ",\"else\":false}", FALSE },
    { "{\"$ref\":\"#/x\",\"x\":", "}", FALSE },
  };
  gsize i = choice % G_N_ELEMENTS (ways);
  Verdict opposite = verdict == VALID ? INVALID : VALID;

  check_wrapped (schema, ways[i].before, ways[i].after, value,
                 ways[i].is_opposite ? opposite : verdict);
}

static void
check (const char *text,
       JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "schema");
  JsonNode *value = json_object_get_member (object, "value");
  g_autoptr(GError) error = NULL;
  g_autoptr(RuntimeUseJsonSchema) schema = NULL;
  Verdict verdict;

  if (node == NULL || value == NULL)
    return;

  schema = _runtime_use_json_schema_new (node, &error);
  if (schema == NULL)
    {
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }

  _runtime_use_json_schema_is_strict (schema);
  verdict = validate (schema, value);
  g_assert_cmpint (validate (schema, value), ==, verdict);

  /* What refers to the root, or says what it is, is another schema inside of one. */
  if (verdict != UNKNOWN && strstr (text, "$ref") == NULL && strstr (text, "$id") == NULL &&
      strstr (text, "$schema") == NULL && strchr (text, '\\') == NULL)
    check_logic (node, value, verdict, g_str_hash (text));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size);
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (text, NULL);

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    check (text, json_node_get_object (node));

  return 0;
}
