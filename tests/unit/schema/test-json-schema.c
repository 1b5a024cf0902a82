/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <json-glib/json-glib.h>
#include <math.h>

#include "add-examples.h"
#include "assert-contains.h"
#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-schema-private.h"

/* What each word means is tested with the suite of the standard; here is what it does not have. */

#define START "The value is not as the JSON schema wants it: "

static JsonNode *
parse (const char *json)
{
  g_autoptr(GError) error = NULL;
  JsonNode *node = _runtime_use_json_to_node (json, &error);

  g_assert_no_error (error);

  return node;
}

static RuntimeUseJsonSchema *
schema_new (const char *json)
{
  g_autoptr(JsonNode) node = parse (json);
  g_autoptr(GError) error = NULL;
  RuntimeUseJsonSchema *schema = _runtime_use_json_schema_new (node, &error);

  g_assert_no_error (error);

  return schema;
}

/* Returns what is wrong, or NULL. */
static char *
validate (const char *schema_json,
          const char *value_json,
          int         code)
{
  g_autoptr(RuntimeUseJsonSchema) schema = schema_new (schema_json);
  g_autoptr(JsonNode) value = parse (value_json);
  g_autoptr(GError) error = NULL;

  if (_runtime_use_json_schema_validate (schema, value, &error))
    return NULL;

  g_assert_error (error, RUNTIME_USE_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));

  return g_strdup (error->message);
}

/* --- What is said --- */

typedef struct
{
  const char *path;
  const char *schema;
  const char *value;
  const char *message;   /* without its start */
} Fault;

static const Fault faults[] = {
  { "type", "{\"type\":\"string\"}", "5", "at the root: expected a string, found 5" },
  { "types", "{\"type\":[\"string\",\"null\",\"integer\"]}", "1.5",
    "at the root: expected null or a whole number or a string, found 1.5" },
  { "number", "{\"type\":[\"number\",\"integer\"]}", "\"a\"",
    "at the root: expected a number, found \"a\"" },
  { "place", "{\"properties\":{\"a/b\":{\"items\":{\"properties\":{\"~\":{\"type\":\"null\"}}}}}}",
    "{\"a/b\":[{},{\"~\":true}]}", "at \"/a~1b/1/~0\": expected null, found true" },
  { "found-array", "{\"type\":\"string\"}", "[1]",
    "at the root: expected a string, found an array of 1 item" },
  { "found-object", "{\"type\":\"string\"}", "{\"a\":1,\"b\":2}",
    "at the root: expected a string, found an object of 2 properties" },
  { "long-text", "{\"type\":\"null\"}",
    "\"áéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóú\"",
    "at the root: expected null, found "
    "\"áéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóúáéíóú…\"" },
  { "quoted", "{\"type\":\"null\"}", "\"a\\\"b\\n\"",
    "at the root: expected null, found \"a\\\"b\\n\"" },
  { "enum", "{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}", "\"c\"",
    "at the root: expected one of \"a\", \"b\", found \"c\"" },
  { "long-enum", "{\"enum\":[1,2,3,4,5,6,7,8,9,10,11,12]}", "0",
    "at the root: expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …, found 0" },
  { "const", "{\"const\":{\"a\":[1]}}", "{\"a\":[2]}",
    "at the root: expected {\"a\":[1]}, found an object of 1 property" },
  { "false", "{\"properties\":{\"a\":false}}", "{\"a\":1}",
    "at \"/a\": expected nothing, found 1" },
  { "range", "{\"minimum\":1,\"maximum\":2.5}", "3",
    "at the root: expected a number of at most 2.5, found 3" },
  { "exclusive", "{\"exclusiveMinimum\":1}", "1",
    "at the root: expected a number greater than 1, found 1" },
  { "multiple", "{\"multipleOf\":0.1}", "0.25",
    "at the root: expected a multiple of 0.1, found 0.25" },
  { "length", "{\"minLength\":3}", "\"日本\"",
    "at the root: expected at least 3 characters, found 2" },
  { "pattern", "{\"pattern\":\"^[a-z]+$\"}", "\"A\"",
    "at the root: expected a string that matches the pattern \"^[a-z]+$\", found \"A\"" },
  { "items", "{\"maxItems\":1}", "[1,2]", "at the root: expected at most 1 item, found 2" },
  { "unique", "{\"uniqueItems\":true}", "[1,{\"a\":1,\"b\":2},3,{\"b\":2.0,\"a\":1}]",
    "at the root: expected items that differ, but those at 1 and 3 are the same" },
  { "contains", "{\"properties\":{\"a\":{\"contains\":{\"const\":1}}}}", "{\"a\":[2,3]}",
    "at \"/a\": expected that /properties/a/contains of the schema fits at least 1 of the items, "
    "but it fits 0" },
  { "missing", "{\"required\":[\"a\",\"b\",\"c\"]}", "{\"b\":1}",
    "at the root: the properties \"a\", \"c\" are missing" },
  { "dependent", "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
    "at the root: the property \"b\" is missing beside \"a\"" },
  { "unknown",
    "{\"properties\":{\"b\":true,\"a\":true},\"additionalProperties\":false}", "{\"x\":1}",
    "at the root: the property \"x\" is not allowed, only \"a\", \"b\"" },
  { "names", "{\"properties\":{\"o\":{\"propertyNames\":{\"maxLength\":2}}}}",
    "{\"o\":{\"abc\":1}}",
    "at \"/o\": the name of a property is not allowed: expected at most 2 characters, found 3" },
  { "any", "{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\","
    "\"properties\":{\"b\":{\"type\":\"string\"}}}]}}}", "{\"a\":{\"b\":1}}",
    "at \"/a\": expected one of 2 alternatives to fit, but none does: "
    "(2) at \"/a/b\": expected a string, found 1" },
  { "any-kind", "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}", "1",
    "at the root: expected one of 2 alternatives to fit, but none does: "
    "(1) expected null, found 1; (2) expected a string, found 1" },
  { "any-inner", "{\"anyOf\":[{\"anyOf\":[{\"type\":\"null\"},{\"const\":2}]}]}", "1",
    "at the root: expected one of 1 alternatives to fit, but none does: "
    "(1) expected one of 2 alternatives to fit, but none does" },
  { "one", "{\"oneOf\":[{\"type\":\"null\"},{\"minimum\":1},{\"maximum\":2}]}", "1",
    "at the root: expected only one of 3 alternatives to fit, but (2) and (3) do" },
  { "not", "{\"not\":{\"type\":\"null\"}}", "null",
    "at the root: expected what does not fit /not of the schema" },
  { "if", "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2},\"else\":false}", "\"a\"",
    "at the root: expected at least 2 characters, found 1" },
  { "ref", "{\"$defs\":{\"a\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/$defs/a\"}}", "[1]",
    "at \"/0\": expected null, found 1" },
  { "several",
    "{\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"minimum\":2}},\"required\":[\"c\"]}",
    "{\"a\":1,\"b\":1}",
    "at the root: the property \"c\" is missing; at \"/a\": expected null, found 1; "
    "at \"/b\": expected a number of at least 2, found 1" },
  { "too-many", "{\"items\":{\"type\":\"null\"}}", "[1,2,3,4,5,6,7]",
    "at \"/0\": expected null, found 1; at \"/1\": expected null, found 2; "
    "at \"/2\": expected null, found 3; at \"/3\": expected null, found 4; "
    "at \"/4\": expected null, found 5" },
};

static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  g_autofree char *expected = g_strconcat (START, fault->message, NULL);
  g_autofree char *message = NULL;

  message = validate (fault->schema, fault->value, RUNTIME_USE_ERROR_INVALID_FIELD);
  g_assert_cmpstr (message, ==, expected);
}

/* --- Schemas that cannot be used --- */

typedef struct
{
  const char *path;
  const char *schema;
  int         code;
  const char *message;   /* a part of it */
} Refusal;

#define INVALID(path, schema, message) \
  { path, schema, RUNTIME_USE_ERROR_INVALID_FIELD, message }
#define UNSUPPORTED(path, schema, message) \
  { path, schema, RUNTIME_USE_ERROR_UNSUPPORTED, message }

static const Refusal refusals[] = {
  INVALID ("no-schema", "5", "is not valid at its root: a schema must be an object"),
  INVALID ("null", "null", "a schema must be an object"),
  INVALID ("inner", "{\"properties\":{\"a/b\":{\"items\":3}}}", "at /properties/a~1b/items: "),
  INVALID ("type", "{\"type\":\"text\"}", "at /type: "),
  INVALID ("types", "{\"type\":[\"string\",1]}", "at /type: "),
  INVALID ("no-types", "{\"type\":[]}", "at /type: it must not be empty"),
  INVALID ("enum", "{\"enum\":1}", "at /enum: it must be an array"),
  INVALID ("minimum", "{\"minimum\":\"1\"}", "at /minimum: it must be a number"),
  INVALID ("boolean-exclusive", "{\"minimum\":1,\"exclusiveMinimum\":true}",
           "at /exclusiveMinimum: it must be a number"),
  INVALID ("multiple", "{\"multipleOf\":0}", "at /multipleOf: it must be greater than 0"),
  INVALID ("length", "{\"minLength\":-1}", "at /minLength: it must be a whole number"),
  INVALID ("half", "{\"maxItems\":1.5}", "at /maxItems: it must be a whole number"),
  INVALID ("pattern", "{\"pattern\":\"a(b\"}", "at /pattern: the regular expression \"a(b\" "),
  INVALID ("pattern-properties", "{\"patternProperties\":{\"[\":{}}}",
           "at /patternProperties: the regular expression \"[\" "),
  INVALID ("unique", "{\"uniqueItems\":1}", "at /uniqueItems: it must be true or false"),
  INVALID ("tuples", "{\"prefixItems\":[true],\"items\":[true]}", "at /items: "),
  INVALID ("properties", "{\"properties\":[]}", "at /properties: it must be an object"),
  INVALID ("required", "{\"required\":\"a\"}", "at /required: it must be an array of strings"),
  INVALID ("required-items", "{\"required\":[1]}", "at /required: it must be an array of strings"),
  INVALID ("dependent", "{\"dependentRequired\":{\"a\":{}}}", "at /dependentRequired: "),
  INVALID ("any", "{\"anyOf\":[]}", "at /anyOf: it must be an array of schemas"),
  INVALID ("all", "{\"allOf\":[true,1]}", "at /allOf/1: a schema must be"),
  INVALID ("ref", "{\"$ref\":1}", "at /$ref: it must be a string"),
  INVALID ("definitions", "{\"$defs\":{\"a\":{\"type\":1}}}", "at /$defs/a/type: "),
  INVALID ("dialect", "{\"$schema\":1}", "at /$schema: it must be a string"),
  INVALID ("lost", "{\"items\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"b\":{}}}",
           "/items/$ref refers to \"#/$defs/a\", where nothing is"),
  INVALID ("lost-index", "{\"allOf\":[{\"$ref\":\"#/allOf/01\"},{}]}", "where nothing is"),
  INVALID ("lost-in-text", "{\"title\":\"a\",\"$ref\":\"#/title/a\"}", "where nothing is"),
  INVALID ("lost-anchor", "{\"$ref\":\"#a\"}", "where nothing is"),
  INVALID ("bad-escape", "{\"$ref\":\"#/%zz\"}", "is no valid reference"),
  INVALID ("bad-tilde", "{\"$ref\":\"#/$defs/~2\",\"$defs\":{\"~2\":{}}}", "where nothing is"),
  INVALID ("no-schema-there", "{\"$ref\":\"#/title\",\"title\":\"a\"}",
           "at /title: a schema must be"),
  UNSUPPORTED ("remote", "{\"$ref\":\"https://example.com/a.json#/b\"}",
               "/$ref refers to \"https://example.com/a.json#/b\", which is not part of it, and "
               "nothing is fetched"),
  UNSUPPORTED ("other-file", "{\"items\":{\"$ref\":\"other.json\"}}", "nothing is fetched"),
  UNSUPPORTED ("inner-id", "{\"$defs\":{\"a\":{\"$id\":\"a\"}}}", "(at /$defs/a/$id)"),
  UNSUPPORTED ("dynamic", "{\"$dynamicRef\":\"#a\"}", "$dynamicRef is not supported"),
  UNSUPPORTED ("unevaluated", "{\"unevaluatedProperties\":false}",
               "unevaluatedProperties is not supported (at /unevaluatedProperties)"),
};

static void
test_refusal (gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr(JsonNode) node = parse (refusal->schema);
  g_autoptr(GError) error = NULL;
  g_autoptr(RuntimeUseJsonSchema) schema = _runtime_use_json_schema_new (node, &error);

  g_assert_null (schema);
  g_assert_error (error, RUNTIME_USE_ERROR, refusal->code);
  assert_contains (error->message, refusal->message);
}

/* --- References --- */

static void
assert_valid (const char *schema,
              const char *value)
{
  g_autofree char *message = validate (schema, value, RUNTIME_USE_ERROR_INVALID_FIELD);

  g_assert_cmpstr (message, ==, NULL);
}

static void
assert_invalid (const char *schema,
                const char *value)
{
  g_autofree char *message = validate (schema, value, RUNTIME_USE_ERROR_INVALID_FIELD);

  g_assert_nonnull (message);
}

static void
test_references (void)
{
  g_test_summary ("References lead to where they should, also through what is no schema");

  assert_invalid ("{\"$defs\":{\"a\":{\"$defs\":{\"\":{\"type\":\"null\"}}}},"
                  "\"$ref\":\"#/$defs/a/$defs/\"}", "1");
  assert_invalid ("{\"x\":[0,{\"y\":{\"type\":\"null\"}}],\"$ref\":\"#/x/1/y\"}", "1");
  /* An anchor behind a reference to what nothing else leads to. */
  assert_invalid ("{\"x\":{\"$anchor\":\"a\",\"type\":\"null\"},"
                  "\"anyOf\":[{\"$ref\":\"#a\"},{\"$ref\":\"#/x\"}]}", "1");
  assert_invalid ("{\"x\":{\"$ref\":\"#a\"},\"y\":{\"$anchor\":\"a\",\"type\":\"null\"},"
                  "\"allOf\":[{\"$ref\":\"#/x\"},{\"$ref\":\"#%2Fy\"}]}", "1");
  assert_invalid ("{\"$id\":\"https://example.com/a\",\"$defs\":{\"b\":{\"type\":\"null\"}},"
                  "\"$ref\":\"https://example.com/a#/$defs/b\"}", "1");
  assert_invalid ("{\"properties\":{\"next\":{\"$ref\":\"\"}},\"required\":[\"v\"]}",
                  "{\"v\":1,\"next\":{\"v\":1,\"next\":{}}}");
}

static void
test_siblings (void)
{
  const char *rest = "\"$ref\":\"#/definitions/a\",\"maximum\":1,\"definitions\":{\"a\":{}}}";
  g_autofree char *silent = g_strconcat ("{", rest, NULL);
  g_autofree char *old = g_strconcat ("{\"$schema\":\"http://json-schema.org/draft-07/schema#\",",
                                      rest, NULL);
  g_autofree char *recent = NULL;

  g_test_summary ("Only old drafts ignore what is beside a reference");

  recent = g_strconcat ("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",", rest,
                        NULL);
  assert_invalid (silent, "2");
  assert_invalid (recent, "2");
  assert_valid (old, "2");
}

/* --- Numbers --- */

static void
test_numbers (void)
{
  g_test_summary ("Numbers are compared exactly, however they are held");

  assert_valid ("{\"const\":1}", "1.0");
  assert_valid ("{\"const\":0.0}", "-0.0");
  assert_invalid ("{\"const\":9007199254740993}", "9007199254740992.0");
  assert_valid ("{\"const\":9007199254740992}", "9007199254740992.0");
  assert_invalid ("{\"maximum\":9223372036854775806}", "9223372036854775807");
  assert_invalid ("{\"maximum\":9223372036854775807}", "9223372036854775808");
  assert_invalid ("{\"exclusiveMaximum\":9007199254740992.0}", "9007199254740993");
  assert_invalid ("{\"minimum\":-9223372036854775808}", "-1e300");
  assert_valid ("{\"minimum\":-9223372036854775809}", "-9223372036854775808");
  assert_invalid ("{\"minimum\":2}", "1.9999999999999998");
  assert_valid ("{\"type\":\"integer\"}", "1e300");
  assert_invalid ("{\"type\":\"integer\"}", "1e-300");
  assert_valid ("{\"uniqueItems\":true}", "[9007199254740992.0,9007199254740993,true,1,\"1\",[1]]");
  assert_invalid ("{\"uniqueItems\":true}", "[9007199254740992.0,9007199254740992]");
  assert_invalid ("{\"uniqueItems\":true}", "[[0.0,{}],[0,{}]]");
  assert_invalid ("{\"uniqueItems\":true}", "[-0.0,0.0]");
}

static void
test_multiples (void)
{
  g_test_summary ("Multiples are those that people see");

  assert_valid ("{\"multipleOf\":0.1}", "0.3");
  assert_valid ("{\"multipleOf\":0.01}", "19.99");
  assert_invalid ("{\"multipleOf\":0.01}", "19.999");
  assert_valid ("{\"multipleOf\":1e-8}", "12391239123");
  assert_valid ("{\"multipleOf\":0.5}", "1e308");
  assert_invalid ("{\"multipleOf\":0.123456789}", "1e308");
  assert_valid ("{\"multipleOf\":3}", "-9223372036854775806");
  assert_invalid ("{\"multipleOf\":9223372036854775807}", "9223372036854775806");
  assert_valid ("{\"multipleOf\":9223372036854775807}", "9223372036854775807");
  assert_valid ("{\"multipleOf\":7}", "0.0");
  assert_invalid ("{\"multipleOf\":100}", "150");
  assert_valid ("{\"multipleOf\":100}", "1.5e3");
  assert_invalid ("{\"multipleOf\":2}", "-9223372036854775807");
  assert_valid ("{\"multipleOf\":2}", "-9223372036854775808");
}

/* --- Limits --- */

static void
assert_too_large (const char *schema,
                  const char *value,
                  const char *message)
{
  g_autofree char *text = validate (schema, value, RUNTIME_USE_ERROR_TOO_LARGE);

  assert_contains (text, message);
}

static void
test_endless (void)
{
  g_autofree char *opening = g_strnfill (60, '[');
  g_autofree char *closing = g_strnfill (60, ']');
  g_autofree char *nested = g_strconcat (opening, "null", closing, NULL);

  g_test_summary ("A schema that leads nowhere is given up");

  assert_too_large ("{\"$ref\":\"#\"}", "1", "refers to itself without end");
  assert_too_large ("{\"not\":{\"$ref\":\"#\"}}", "1", "refers to itself without end");
  assert_too_large ("{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"anyOf\":[false,"
                    "{\"$ref\":\"#/$defs/a\"}]}},\"$ref\":\"#/$defs/a\"}", "1",
                    "refers to itself without end");
  assert_valid ("{\"anyOf\":[{\"type\":\"null\"},{\"items\":{\"$ref\":\"#\"}}]}", nested);
}

static void
test_budget (void)
{
  g_autoptr(GString) schema = g_string_new ("{\"$ref\":\"#/$defs/d0\",\"$defs\":{");

  g_test_summary ("What takes very many steps is given up");

  for (guint i = 0; i < 40; i++)
    g_string_append_printf (schema, "\"d%u\":{\"allOf\":[{\"$ref\":\"#/$defs/d%u\"},"
                            "{\"$ref\":\"#/$defs/d%u\"}]},", i, i + 1, i + 1);
  g_string_append (schema, "\"d40\":true}}");
  assert_too_large (schema->str, "1", "takes too long");
}

static void
test_large_array (void)
{
  g_autoptr(GString) value = g_string_new ("[");

  g_test_summary ("A large array of different items is no trouble");

  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (value, "{\"name\":\"item %u\"},", i);
  g_string_append (value, "0]");
  assert_valid ("{\"uniqueItems\":true}", value->str);
}

/* Arrays, each inside the one before. */
static JsonNode *
nest (guint depth)
{
  JsonNode *node = json_node_init_null (json_node_alloc ());

  for (guint i = 0; i < depth; i++)
    {
      g_autoptr(JsonArray) array = json_array_new ();

      json_array_add_element (array, node);
      node = json_node_init_array (json_node_alloc (), array);
    }

  return node;
}

static void
test_odd_nodes (void)
{
  g_autoptr(RuntimeUseJsonSchema) schema = schema_new ("{\"type\":\"null\"}");
  g_autoptr(JsonNode) hollow = json_node_new (JSON_NODE_OBJECT);
  g_autoptr(JsonNode) deep = nest (65);
  g_autoptr(JsonNode) broken = json_node_init_string (json_node_alloc (), "\xff");
  g_autoptr(JsonNode) endless = json_node_init_double (json_node_alloc (), INFINITY);
  JsonNode *wrong[] = { broken, endless };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nodes that no text gives are not trusted");

  g_assert_true (_runtime_use_json_schema_validate (schema, hollow, &error));
  g_assert_no_error (error);

  g_assert_false (_runtime_use_json_schema_validate (schema, deep, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_null (_runtime_use_json_schema_new (deep, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_clear_error (&error);
      g_assert_false (_runtime_use_json_schema_validate (schema, wrong[i], &error));
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD);
    }
}

static void
test_many_schemas (void)
{
  g_autoptr(GString) json = g_string_new ("{\"anyOf\":[true");
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A schema with too many parts is refused");

  for (guint i = 0; i < 10000; i++)
    g_string_append (json, ",true");
  g_string_append (json, "]}");
  node = parse (json->str);
  g_assert_null (_runtime_use_json_schema_new (node, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE);
}

static void
test_own_copy (void)
{
  g_autoptr(JsonNode) node = parse ("{\"properties\":{\"a\":{\"const\":\"b\"}}}");
  g_autoptr(JsonNode) value = parse ("{\"a\":\"c\"}");
  g_autoptr(RuntimeUseJsonSchema) schema = _runtime_use_json_schema_new (node, NULL);

  g_test_summary ("What becomes of the node does not matter to the schema");

  json_object_remove_member (json_node_get_object (node), "properties");
  g_assert_false (_runtime_use_json_schema_validate (schema, value, NULL));
}

/* --- Strict --- */

/* With one property, for which there is a schema; @words follow. */
#define OBJECT(a, words) "{\"type\":\"object\",\"properties\":{\"a\":" a "}" words "}"
#define REQUIRED ",\"required\":[\"a\"]"
#define NO_MORE ",\"additionalProperties\":false"
#define CLOSED REQUIRED NO_MORE

#define STRING "{\"type\":\"string\"}"
#define NOTHING "{\"type\":\"null\"}"

static const char * const strict_examples[] = {
  OBJECT (STRING, CLOSED),
  "{\"type\":\"object\",\"properties\":{},\"required\":[]" NO_MORE "}",
  "{\"type\":\"object\"" NO_MORE "}",
  OBJECT ("{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}," NOTHING "]}",
          CLOSED ",\"$defs\":{\"b\":{\"type\":\"array\",\"minItems\":1,"
          "\"items\":{\"enum\":[1,2]}}}"),
};

static const char * const loose_examples[] = {
  OBJECT (STRING, REQUIRED),
  OBJECT (STRING, REQUIRED ",\"additionalProperties\":true"),
  OBJECT (STRING, REQUIRED ",\"additionalProperties\":" NOTHING),
  OBJECT (STRING, NO_MORE),
  OBJECT (STRING ",\"b\":" NOTHING, CLOSED),
  "{\"type\":\"object\",\"properties\":{}" CLOSED "}",
  OBJECT ("{\"type\":\"object\"}", CLOSED),
  OBJECT ("{\"properties\":{}}", CLOSED),
  OBJECT ("{\"type\":[\"object\",\"null\"]}", CLOSED),
  OBJECT ("{}", CLOSED),
  OBJECT ("true", CLOSED),
  OBJECT ("{\"type\":\"array\"}", CLOSED),
  OBJECT ("{\"type\":\"array\",\"items\":{}}", CLOSED),
  OBJECT ("{\"type\":\"array\",\"items\":[" NOTHING "]}", CLOSED),
  OBJECT ("{\"oneOf\":[" NOTHING "]}", CLOSED),
  OBJECT ("{\"type\":\"null\",\"allOf\":[" NOTHING "]}", CLOSED),
  OBJECT (NOTHING, CLOSED ",\"patternProperties\":{}"),
  OBJECT (NOTHING, CLOSED ",\"$defs\":{\"b\":{}}"),
  "{\"type\":[\"object\",\"null\"]" NO_MORE "}",
  "{\"type\":\"array\",\"items\":" NOTHING "}",
  "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"object\"" NO_MORE "}}}",
  "{\"type\":\"object\"" NO_MORE ",\"anyOf\":[" NOTHING "]}",
  "true",
  "false",
};

static void
assert_strict (const char *json,
               gboolean    is_strict)
{
  g_autoptr(RuntimeUseJsonSchema) schema = schema_new (json);

  g_test_message ("%s", json);
  g_assert_cmpint (_runtime_use_json_schema_is_strict (schema), ==, is_strict);
}

static void
test_strict (void)
{
  g_test_summary ("Strict is what is closed everywhere, and has no word that is refused then");

  for (gsize i = 0; i < G_N_ELEMENTS (strict_examples); i++)
    assert_strict (strict_examples[i], TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (loose_examples); i++)
    assert_strict (loose_examples[i], FALSE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  add_examples ("/json-schema/fault", faults, test_fault);
  add_examples ("/json-schema/refusal", refusals, test_refusal);
  g_test_add_func ("/json-schema/references", test_references);
  g_test_add_func ("/json-schema/siblings", test_siblings);
  g_test_add_func ("/json-schema/numbers", test_numbers);
  g_test_add_func ("/json-schema/multiples", test_multiples);
  g_test_add_func ("/json-schema/endless", test_endless);
  g_test_add_func ("/json-schema/budget", test_budget);
  g_test_add_func ("/json-schema/large-array", test_large_array);
  g_test_add_func ("/json-schema/odd-nodes", test_odd_nodes);
  g_test_add_func ("/json-schema/many-schemas", test_many_schemas);
  g_test_add_func ("/json-schema/own-copy", test_own_copy);
  g_test_add_func ("/json-schema/strict", test_strict);

  return g_test_run ();
}
