/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-output-format-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-pick-private.h"
#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-schema-private.h"

struct _RuntimeUseOutputFormat
{
  char                 *text;
  RuntimeUseJsonSchema *schema;
};

/* Takes the schema out of what may be around it; compact, as some want it on one line. */
static char *
dup_schema (const char  *json,
            GError     **error)
{
  static const char * const names[] = { "type", "schema" };
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  const RuntimeUseJsonValue *schema = &values[1];

  if (!_runtime_use_json_pick (json, strlen (json), names, values, G_N_ELEMENTS (names), error))
    return NULL;

  if (values[0].token != RUNTIME_USE_JSON_STRING ||
      !_runtime_use_json_value_equals (&values[0], "json_schema", strlen ("json_schema")))
    return _runtime_use_json_compact (json, strlen (json), error);
  if (schema->token == RUNTIME_USE_JSON_OBJECT)
    return _runtime_use_json_compact (schema->text, schema->length, error);

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                       "it has the type \"json_schema\", but no object in \"schema\"");

  return NULL;
}

RuntimeUseOutputFormat *
_runtime_use_output_format_new (const char  *json,
                                GError     **error)
{
  g_autoptr(RuntimeUseOutputFormat) self = g_new0 (RuntimeUseOutputFormat, 1);
  g_autoptr(JsonNode) node = NULL;

  self->text = dup_schema (json, error);
  if (self->text != NULL)
    node = _runtime_use_json_to_node (self->text, error);
  if (node != NULL)
    self->schema = _runtime_use_json_schema_new (node, error);
  if (self->schema != NULL)
    return g_steal_pointer (&self);

  g_prefix_error (error, "output_format_json_schema_str: ");

  return NULL;
}

void
_runtime_use_output_format_free (RuntimeUseOutputFormat *self)
{
  g_clear_pointer (&self->schema, _runtime_use_json_schema_free);
  g_free (self->text);
  g_free (self);
}

const char *
_runtime_use_output_format_get_schema (RuntimeUseOutputFormat *self)
{
  return self->text;
}

gboolean
_runtime_use_output_format_is_strict (RuntimeUseOutputFormat *self)
{
  return _runtime_use_json_schema_is_strict (self->schema);
}

/* Models like to put JSON between fences, as in Markdown. */
static char *
dup_without_fences (const char *answer)
{
  g_autofree char *text = g_strstrip (g_strdup (answer));
  const char *begin = strchr (text, '\n');
  gsize length = strlen (text);

  if (!g_str_has_prefix (text, "```") || begin == NULL || length < 7 ||
      !g_str_has_suffix (begin, "```"))
    return g_steal_pointer (&text);

  return g_strndup (begin + 1, (gsize) (text + length - 3 - (begin + 1)));
}

char *
_runtime_use_output_format_read (RuntimeUseOutputFormat  *self,
                                 const char              *answer,
                                 GError                 **error)
{
  g_autofree char *text = dup_without_fences (answer);
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (text, error);

  if (node == NULL)
    {
      g_prefix_error (error, "The answer is no JSON. ");
      return NULL;
    }

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                           "The answer must be a JSON object.");
      return NULL;
    }

  if (_runtime_use_json_schema_validate (self->schema, node, error))
    return g_steal_pointer (&text);

  g_prefix_error (error, "The answer does not follow the schema. ");

  return NULL;
}
