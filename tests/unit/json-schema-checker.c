/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <stdio.h>

#include "runtime-use-json-node-private.h"
#include "runtime-use-json-schema-private.h"

/*
 * Reads lines from stdin, each an object with a "schema" and an array of "values". For each it
 * writes a line: why the schema cannot be used, or an array that has, for each value, null if it
 * is valid, and else what is wrong with it.
 */

static void
add_result (JsonArray                  *results,
            const RuntimeUseJsonSchema *schema,
            JsonNode                   *value)
{
  g_autoptr(GError) error = NULL;

  if (_runtime_use_json_schema_validate (schema, value, &error))
    json_array_add_null_element (results);
  else
    json_array_add_string_element (results, error->message);
}

static JsonNode *
check (JsonObject *task)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RuntimeUseJsonSchema) schema = NULL;
  g_autoptr(JsonArray) results = json_array_new ();
  JsonArray *values = json_object_get_array_member (task, "values");

  schema = _runtime_use_json_schema_new (json_object_get_member (task, "schema"), &error);
  if (schema == NULL)
    return json_node_init_string (json_node_alloc (), error->message);

  for (guint i = 0; i < json_array_get_length (values); i++)
    add_result (results, schema, json_array_get_element (values, i));

  return json_node_init_array (json_node_alloc (), results);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr(GDataInputStream) lines = g_data_input_stream_new (input);
  char *line;

  while ((line = g_data_input_stream_read_line (lines, NULL, NULL, NULL)) != NULL)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) task = _runtime_use_json_to_node (line, &error);
      g_autoptr(JsonNode) result = NULL;
      g_autofree char *json = NULL;

      g_assert_no_error (error);
      result = check (json_node_get_object (task));
      json = _runtime_use_json_from_node (result, &error);
      g_assert_no_error (error);
      puts (json);
      g_free (line);
    }

  return 0;
}
