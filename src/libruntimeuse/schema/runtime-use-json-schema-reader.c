/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-reader-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-schema-value-private.h"

/* Schemas in a document. */
#define MAX_NODES 10000

/* Numbers that count something. */
#define MAX_COUNT 9007199254740991.0

typedef RuntimeUseJsonSchemaReader Reader;
typedef RuntimeUseJsonSchemaNode Node;

/* An object that is being read. */
typedef struct
{
  Reader      *reader;
  Node        *node;
  JsonObject  *object;
  GError     **error;
} Words;

/* --- Faults --- */

gboolean
_runtime_use_json_schema_reader_fail (const char  *place,
                                      const char  *problem,
                                      GError     **error)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
               "The JSON schema is not valid at %s: %s",
               *place != '\0' ? place : "its root", problem);

  return FALSE;
}

static char *
dup_place (Words      *self,
           const char *word,
           const char *name)
{
  GString *place = g_string_new (self->node->place);

  _runtime_use_json_pointer_append (place, word);
  if (name != NULL)
    _runtime_use_json_pointer_append (place, name);

  return g_string_free (place, FALSE);
}

static gboolean
fail (Words      *self,
      const char *word,
      const char *problem)
{
  g_autofree char *place = dup_place (self, word, NULL);

  return _runtime_use_json_schema_reader_fail (place, problem, self->error);
}

static gboolean
fail_unsupported (Words      *self,
                  const char *word,
                  const char *what)
{
  g_autofree char *place = dup_place (self, word, NULL);

  g_set_error (self->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_UNSUPPORTED,
               "The JSON schema cannot be used: %s is not supported (at %s)", what, place);

  return FALSE;
}

/* --- What words are followed by --- */

/* A word that is not there leaves what is allowed by default, and is no fault. */

static JsonNode *
get (Words      *self,
     const char *word)
{
  return json_object_get_member (self->object, word);
}

static gboolean
read_number (Words       *self,
             const char  *word,
             JsonNode   **number)
{
  JsonNode *value = get (self, word);

  if (value == NULL)
    return TRUE;
  if ((_runtime_use_json_kind_of (value) & RUNTIME_USE_JSON_KINDS_NUMERIC) == 0)
    return fail (self, word, "it must be a number");

  *number = value;

  return TRUE;
}

static gboolean
read_count (Words      *self,
            const char *word,
            guint64    *count)
{
  JsonNode *value = get (self, word);

  if (value == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_INTEGER ||
      json_node_get_double (value) < 0)
    return fail (self, word, "it must be a whole number that is not negative");

  *count = (guint64) MIN (json_node_get_double (value), MAX_COUNT);

  return TRUE;
}

static gboolean
read_range (Words                     *self,
            const char                *min_word,
            const char                *max_word,
            RuntimeUseJsonSchemaRange *range)
{
  return read_count (self, min_word, &range->min) && read_count (self, max_word, &range->max);
}

static gboolean
read_string (Words       *self,
             const char  *word,
             const char **string)
{
  JsonNode *value = get (self, word);

  if (value == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_STRING)
    return fail (self, word, "it must be a string");

  *string = json_node_get_string (value);

  return TRUE;
}

static GPtrArray *
read_name_list (Words      *self,
                const char *word,
                JsonNode   *value)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  JsonArray *array;

  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_ARRAY)
    {
      fail (self, word, "it must be an array of strings");
      return NULL;
    }

  array = json_node_get_array (value);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *name = json_array_get_element (array, i);

      if (_runtime_use_json_kind_of (name) != RUNTIME_USE_JSON_KIND_STRING)
        {
          fail (self, word, "it must be an array of strings");
          return NULL;
        }
      g_ptr_array_add (names, (gpointer) json_node_get_string (name));
    }

  return g_steal_pointer (&names);
}

static JsonObject *
get_object (Words      *self,
            const char *word,
            gboolean   *is_fine)
{
  JsonNode *value = get (self, word);

  *is_fine = value == NULL || _runtime_use_json_kind_of (value) == RUNTIME_USE_JSON_KIND_OBJECT;
  if (!*is_fine)
    fail (self, word, "it must be an object");

  return value != NULL && *is_fine ? json_node_get_object (value) : NULL;
}

static Node *
read_inner (Words      *self,
            const char *word,
            const char *name,
            JsonNode   *json)
{
  g_autofree char *place = dup_place (self, word, name);

  return _runtime_use_json_schema_reader_read (self->reader, json, place, self->error);
}

static gboolean
read_schema (Words       *self,
             const char  *word,
             Node       **node)
{
  JsonNode *value = get (self, word);

  if (value == NULL)
    return TRUE;

  *node = read_inner (self, word, NULL, value);

  return *node != NULL;
}

static gboolean
read_schemas (Words       *self,
              const char  *word,
              GPtrArray  **nodes)
{
  JsonNode *value = get (self, word);
  JsonArray *array;

  if (value == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_ARRAY ||
      json_array_get_length (json_node_get_array (value)) == 0)
    return fail (self, word, "it must be an array of schemas that is not empty");

  array = json_node_get_array (value);
  *nodes = g_ptr_array_new ();
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *index = g_strdup_printf ("%u", i);
      Node *node = read_inner (self, word, index, json_array_get_element (array, i));

      if (node == NULL)
        return FALSE;
      g_ptr_array_add (*nodes, node);
    }

  return TRUE;
}

/* --- Words --- */

static gboolean
read_identity (Words *self)
{
  static const char * const anchors[] = { "$anchor", "$dynamicAnchor" };
  const char *id = NULL;

  if (!read_string (self, "$id", &id))
    return FALSE;
  if (id != NULL && id[0] == '#')
    g_hash_table_insert (self->reader->anchors, (gpointer) (id + 1), self->node);
  else if (id != NULL && self->reader->nodes->len > 1)
    return fail_unsupported (self, "$id", "a schema with an identity of its own inside another");

  for (gsize i = 0; i < G_N_ELEMENTS (anchors); i++)
    {
      const char *anchor = NULL;

      if (!read_string (self, anchors[i], &anchor))
        return FALSE;
      if (anchor != NULL)
        g_hash_table_insert (self->reader->anchors, (gpointer) anchor, self->node);
    }

  return TRUE;
}

static gboolean
read_reference (Words *self)
{
  RuntimeUseJsonSchemaReference reference = { self->node, NULL };

  if (!read_string (self, "$ref", &reference.target))
    return FALSE;

  if (reference.target != NULL)
    g_array_append_val (self->reader->references, reference);

  return TRUE;
}

/* Those that allow everything do no harm. */
static gboolean
check_unsupported (Words *self)
{
  static const char * const words[] = {
    "$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words) && !self->reader->is_draft_7; i++)
    {
      JsonNode *value = get (self, words[i]);

      if (value == NULL || (_runtime_use_json_kind_of (value) == RUNTIME_USE_JSON_KIND_BOOLEAN &&
                            json_node_get_boolean (value)))
        continue;
      return fail_unsupported (self, words[i], words[i]);
    }

  return TRUE;
}

static gboolean
add_kind (Words    *self,
          JsonNode *name)
{
  static const struct
  {
    const char *name;
    guint       kinds;
  } kinds[] = {
    { "null", RUNTIME_USE_JSON_KIND_NULL },
    { "boolean", RUNTIME_USE_JSON_KIND_BOOLEAN },
    { "integer", RUNTIME_USE_JSON_KIND_INTEGER },
    { "number", RUNTIME_USE_JSON_KINDS_NUMERIC },
    { "string", RUNTIME_USE_JSON_KIND_STRING },
    { "array", RUNTIME_USE_JSON_KIND_ARRAY },
    { "object", RUNTIME_USE_JSON_KIND_OBJECT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (_runtime_use_json_kind_of (name) != RUNTIME_USE_JSON_KIND_STRING ||
          strcmp (json_node_get_string (name), kinds[i].name) != 0)
        continue;
      self->node->kinds |= kinds[i].kinds;
      return TRUE;
    }

  return fail (self, "type", "it must be null, boolean, integer, number, string, array or object, "
                             "or an array of such names");
}

static gboolean
read_kinds (Words *self)
{
  JsonNode *value = get (self, "type");
  JsonArray *array;

  if (value == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_ARRAY)
    return add_kind (self, value);

  array = json_node_get_array (value);
  if (json_array_get_length (array) == 0)
    return fail (self, "type", "it must not be empty");
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (!add_kind (self, json_array_get_element (array, i)))
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_values (Words *self)
{
  JsonNode *values = get (self, "enum");

  self->node->constant = get (self, "const");
  if (values == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (values) != RUNTIME_USE_JSON_KIND_ARRAY)
    return fail (self, "enum", "it must be an array");

  self->node->values = json_node_get_array (values);

  return TRUE;
}

static gboolean
read_numeric (Words *self)
{
  Node *node = self->node;

  if (!read_number (self, "minimum", &node->minimum) ||
      !read_number (self, "maximum", &node->maximum) ||
      !read_number (self, "exclusiveMinimum", &node->exclusive_minimum) ||
      !read_number (self, "exclusiveMaximum", &node->exclusive_maximum) ||
      !read_number (self, "multipleOf", &node->divisor))
    return FALSE;

  if (node->divisor != NULL && !(json_node_get_double (node->divisor) > 0))
    return fail (self, "multipleOf", "it must be greater than 0");

  return TRUE;
}

static gboolean
make_pattern (Words                        *self,
              const char                   *word,
              const char                   *text,
              RuntimeUseJsonSchemaPattern **pattern)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) problem = NULL;

  *pattern = _runtime_use_json_schema_pattern_new (text, &error);
  if (*pattern != NULL)
    return TRUE;

  problem = g_string_new ("the regular expression ");
  _runtime_use_json_quote (problem, text);
  g_string_append_printf (problem, " cannot be used: %s", error->message);

  return fail (self, word, problem->str);
}

static gboolean
read_text (Words *self)
{
  const char *pattern = NULL;

  if (!read_range (self, "minLength", "maxLength", &self->node->length) ||
      !read_string (self, "pattern", &pattern))
    return FALSE;

  return pattern == NULL || make_pattern (self, "pattern", pattern, &self->node->pattern);
}

/* An array of schemas under "items" is what older drafts have for "prefixItems". */
static gboolean
read_items (Words *self)
{
  Node *node = self->node;
  JsonNode *items = get (self, "items");
  JsonNode *unique = get (self, "uniqueItems");
  gboolean is_tuple = items != NULL && JSON_NODE_HOLDS_ARRAY (items);

  if (unique != NULL && _runtime_use_json_kind_of (unique) != RUNTIME_USE_JSON_KIND_BOOLEAN)
    return fail (self, "uniqueItems", "it must be true or false");
  node->unique_items = unique != NULL && json_node_get_boolean (unique);
  if (is_tuple && get (self, "prefixItems") != NULL)
    return fail (self, "items", "it must not be an array beside prefixItems");

  if (!read_schemas (self, is_tuple ? "items" : "prefixItems", &node->prefix_items) ||
      !read_schema (self, is_tuple ? "additionalItems" : "items", &node->items))
    return FALSE;

  return read_schema (self, "contains", &node->contains) &&
         read_range (self, "minItems", "maxItems", &node->n_items) &&
         read_range (self, "minContains", "maxContains", &node->n_contained);
}

static gboolean
read_properties (Words *self)
{
  gboolean is_fine;
  JsonObject *object = get_object (self, "properties", &is_fine);
  JsonObjectIter iter;
  const char *name;
  JsonNode *json;

  if (object == NULL)
    return is_fine;

  self->node->properties = g_hash_table_new (g_str_hash, g_str_equal);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &json))
    {
      Node *node = read_inner (self, "properties", name, json);

      if (node == NULL)
        return FALSE;
      g_hash_table_insert (self->node->properties, (gpointer) name, node);
    }

  return TRUE;
}

static void
pattern_rule_clear (gpointer data)
{
  RuntimeUseJsonSchemaPatternRule *rule = data;

  g_clear_pointer (&rule->pattern, _runtime_use_json_schema_pattern_free);
}

static gboolean
read_pattern_properties (Words *self)
{
  gboolean is_fine;
  JsonObject *object = get_object (self, "patternProperties", &is_fine);
  JsonObjectIter iter;
  const char *text;
  JsonNode *json;

  if (object == NULL)
    return is_fine;

  self->node->patterns = g_array_new (FALSE, FALSE, sizeof (RuntimeUseJsonSchemaPatternRule));
  g_array_set_clear_func (self->node->patterns, pattern_rule_clear);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &text, &json))
    {
      RuntimeUseJsonSchemaPatternRule rule;

      rule.node = read_inner (self, "patternProperties", text, json);
      if (rule.node == NULL || !make_pattern (self, "patternProperties", text, &rule.pattern))
        return FALSE;
      g_array_append_val (self->node->patterns, rule);
    }

  return TRUE;
}

static void
dependency_clear (gpointer data)
{
  RuntimeUseJsonSchemaDependency *dependency = data;

  g_clear_pointer (&dependency->required, g_ptr_array_unref);
}

/* "dependencies" has both, names of properties and schemas. */
static gboolean
read_dependencies (Words      *self,
                   const char *word,
                   gboolean    may_be_names,
                   gboolean    may_be_schema)
{
  gboolean is_fine;
  JsonObject *object = get_object (self, word, &is_fine);
  JsonObjectIter iter;
  const char *name;
  JsonNode *json;

  if (object == NULL)
    return is_fine;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &json))
    {
      RuntimeUseJsonSchemaDependency dependency = { name, NULL, NULL };

      if (may_be_names && (!may_be_schema || JSON_NODE_HOLDS_ARRAY (json)))
        dependency.required = read_name_list (self, word, json);
      else
        dependency.node = read_inner (self, word, name, json);
      if (dependency.required == NULL && dependency.node == NULL)
        return FALSE;
      g_array_append_val (self->node->dependencies, dependency);
    }

  return TRUE;
}

static gboolean
read_all_dependencies (Words *self)
{
  self->node->dependencies = g_array_new (FALSE, FALSE, sizeof (RuntimeUseJsonSchemaDependency));
  g_array_set_clear_func (self->node->dependencies, dependency_clear);
  if (!read_dependencies (self, "dependentRequired", TRUE, FALSE) ||
      !read_dependencies (self, "dependentSchemas", FALSE, TRUE) ||
      !read_dependencies (self, "dependencies", TRUE, TRUE))
    return FALSE;

  if (self->node->dependencies->len == 0)
    g_clear_pointer (&self->node->dependencies, g_array_unref);

  return TRUE;
}

static gboolean
read_object (Words *self)
{
  Node *node = self->node;
  JsonNode *required = get (self, "required");

  if (required != NULL)
    node->required = read_name_list (self, "required", required);
  if (required != NULL && node->required == NULL)
    return FALSE;

  return read_properties (self) &&
         read_pattern_properties (self) &&
         read_schema (self, "additionalProperties", &node->additional) &&
         read_schema (self, "propertyNames", &node->names) &&
         read_range (self, "minProperties", "maxProperties", &node->n_properties) &&
         read_all_dependencies (self);
}

static gboolean
read_logic (Words *self)
{
  Node *node = self->node;

  return read_schemas (self, "allOf", &node->all_of) &&
         read_schemas (self, "anyOf", &node->any_of) &&
         read_schemas (self, "oneOf", &node->one_of) &&
         read_schema (self, "not", &node->none_of) &&
         read_schema (self, "if", &node->condition) &&
         read_schema (self, "then", &node->consequence) &&
         read_schema (self, "else", &node->alternative);
}

/* Schemas that are there to be referred to; what is wrong with one is better told than met. */
static gboolean
read_definitions (Words *self)
{
  static const char * const words[] = { "$defs", "definitions" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gboolean is_fine;
      JsonObject *object = get_object (self, words[i], &is_fine);
      JsonObjectIter iter;
      const char *name;
      JsonNode *json;

      if (!is_fine)
        return FALSE;
      if (object == NULL)
        continue;

      json_object_iter_init_ordered (&iter, object);
      while (json_object_iter_next_ordered (&iter, &name, &json))
        {
          if (read_inner (self, words[i], name, json) == NULL)
            return FALSE;
        }
    }

  return TRUE;
}

/* --- */

/* Whether the schema does without what those refuse who want it to be strict. */
static gboolean
is_plain (Words *self)
{
  static const char * const refused[] = {
    "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
    "dependencies", "patternProperties", "propertyNames", "prefixItems", "additionalItems",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      if (get (self, refused[i]) != NULL)
        return FALSE;
    }

  return self->node->prefix_items == NULL;
}

static gboolean
read_words (Words *self)
{
  static gboolean (* const readers[]) (Words *self) = {
    read_identity, read_reference, check_unsupported, read_kinds, read_values, read_numeric,
    read_text, read_items, read_object, read_logic, read_definitions,
  };

  if (self->reader->is_draft_7 && get (self, "$ref") != NULL)
    return read_reference (self);

  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      if (!readers[i] (self))
        return FALSE;
    }

  return TRUE;
}

/* Reads a schema, unless that was done. The reader has its node. */
RuntimeUseJsonSchemaNode *
_runtime_use_json_schema_reader_read (RuntimeUseJsonSchemaReader  *self,
                                      JsonNode                    *json,
                                      const char                  *place,
                                      GError                     **error)
{
  RuntimeUseJsonKind kind = _runtime_use_json_kind_of (json);
  Node *node = g_hash_table_lookup (self->by_json, json);
  Words words = { self, NULL, NULL, error };

  if (node != NULL)
    return node;
  if (self->nodes->len == MAX_NODES)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "The JSON schema has more than %u schemas in it", MAX_NODES);
      return NULL;
    }
  if (kind != RUNTIME_USE_JSON_KIND_OBJECT && kind != RUNTIME_USE_JSON_KIND_BOOLEAN)
    {
      _runtime_use_json_schema_reader_fail (place, "a schema must be an object, true or false",
                                            error);
      return NULL;
    }

  words.node = node = _runtime_use_json_schema_node_new (place);
  g_ptr_array_add (self->nodes, node);
  g_hash_table_insert (self->by_json, json, node);

  if (kind == RUNTIME_USE_JSON_KIND_BOOLEAN)
    {
      node->is_never = !json_node_get_boolean (json);
      node->is_plain = TRUE;
      return node;
    }

  words.object = json_node_get_object (json);
  if (!read_words (&words))
    return NULL;
  node->is_plain = is_plain (&words);

  return node;
}
