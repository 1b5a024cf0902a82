/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-report-private.h"

#include <stdarg.h>
#include <string.h>

#include "runtime-use-json-node-private.h"
#include "runtime-use-json-schema-node-private.h"
#include "runtime-use-json-schema-value-private.h"
#include "runtime-use-json-writer-private.h"

/* Bytes of a value of the schema, and of a place. */
#define MAX_CONSTANT 200
#define MAX_PLACE 300

typedef RuntimeUseJsonSchemaReport Report;
typedef RuntimeUseJsonPlace Place;

static void
append_pointer (GString     *out,
                const Place *place)
{
  g_autofree char *index = NULL;

  if (place->parent == NULL)
    return;

  append_pointer (out, place->parent);
  if (place->name == NULL)
    index = g_strdup_printf ("%u", place->index);
  _runtime_use_json_pointer_append (out, place->name != NULL ? place->name : index);
}

static void
append_place (GString     *out,
              const Place *place)
{
  g_autoptr(GString) pointer = g_string_new (NULL);
  gsize length;

  if (place->parent == NULL)
    {
      g_string_append (out, "the root");
      return;
    }

  append_pointer (pointer, place);
  length = _runtime_use_json_fit_prefix (pointer->str, pointer->len, MAX_PLACE);
  _runtime_use_json_append_string (out, pointer->str, length);
  if (length < pointer->len)
    g_string_insert (out, (gssize) out->len - 1, "…");
}

gboolean
_runtime_use_json_schema_report_add (Report      *self,
                                     const Place *place,
                                     const char  *format,
                                     ...)
{
  va_list arguments;

  if (self == NULL || self->n_faults == self->max_faults)
    return FALSE;

  if (self->n_faults++ > 0)
    g_string_append (self->text, "; ");
  if (place->parent != NULL || !self->is_inner)
    {
      g_string_append (self->text, "at ");
      append_place (self->text, place);
      g_string_append (self->text, ": ");
    }

  va_start (arguments, format);
  g_string_append_vprintf (self->text, format, arguments);
  va_end (arguments);

  return FALSE;
}

gboolean
_runtime_use_json_schema_report_add_found (Report      *self,
                                           const Place *place,
                                           const char  *expected,
                                           const char  *more,
                                           JsonNode    *value)
{
  g_autoptr(GString) found = NULL;

  if (self == NULL)
    return FALSE;

  found = g_string_new (NULL);
  _runtime_use_json_describe (found, value);

  return _runtime_use_json_schema_report_add (self, place, "expected %s%s, found %s",
                                              expected, more, found->str);
}

gboolean
_runtime_use_json_schema_report_add_compared (Report      *self,
                                              const Place *place,
                                              const char  *relation,
                                              JsonNode    *other,
                                              JsonNode    *value)
{
  g_autoptr(GString) text = NULL;

  if (self == NULL)
    return FALSE;

  text = g_string_new (NULL);
  _runtime_use_json_describe (text, other);

  return _runtime_use_json_schema_report_add_found (self, place, relation, text->str, value);
}

gboolean
_runtime_use_json_schema_report_add_kinds (Report      *self,
                                           const Place *place,
                                           guint        kinds,
                                           JsonNode    *value)
{
  static const struct
  {
    guint       kinds;
    const char *name;
  } names[] = {
    { RUNTIME_USE_JSON_KIND_NULL, "null" },
    { RUNTIME_USE_JSON_KIND_BOOLEAN, "true or false" },
    { RUNTIME_USE_JSON_KINDS_NUMERIC, "a number" },
    { RUNTIME_USE_JSON_KIND_INTEGER, "a whole number" },
    { RUNTIME_USE_JSON_KIND_STRING, "a string" },
    { RUNTIME_USE_JSON_KIND_ARRAY, "an array" },
    { RUNTIME_USE_JSON_KIND_OBJECT, "an object" },
  };
  g_autoptr(GString) text = NULL;

  if (self == NULL)
    return FALSE;

  text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if ((kinds & names[i].kinds) != names[i].kinds)
        continue;
      g_string_append_printf (text, "%s%s", text->len > 0 ? " or " : "", names[i].name);
      kinds &= ~names[i].kinds;
    }

  return _runtime_use_json_schema_report_add_found (self, place, text->str, "", value);
}

static void
append_constant (GString  *out,
                 JsonNode *value)
{
  g_autofree char *json = _runtime_use_json_from_node (value, NULL);
  const char *end;

  if (json == NULL)
    return;

  g_utf8_validate_len (json, MIN (strlen (json), MAX_CONSTANT), &end);
  g_string_append_len (out, json, end - json);
  if (*end != '\0')
    g_string_append (out, "…");
}

gboolean
_runtime_use_json_schema_report_add_values (Report      *self,
                                            const Place *place,
                                            JsonArray   *values,
                                            JsonNode    *value)
{
  guint length = json_array_get_length (values);
  g_autoptr(GString) text = NULL;

  if (self == NULL)
    return FALSE;

  text = g_string_new (length > 1 ? "one of " : NULL);
  for (guint i = 0; i < MIN (length, RUNTIME_USE_JSON_SCHEMA_MAX_NAMES); i++)
    {
      g_string_append (text, i > 0 ? ", " : "");
      append_constant (text, json_array_get_element (values, i));
    }
  if (length > RUNTIME_USE_JSON_SCHEMA_MAX_NAMES)
    g_string_append (text, ", …");
  if (length == 0)
    g_string_append (text, "nothing");

  return _runtime_use_json_schema_report_add_found (self, place, text->str, "", value);
}

/* @known: (nullable): the names that there may be are its keys */
gboolean
_runtime_use_json_schema_report_add_unknown (Report      *self,
                                             const Place *place,
                                             const char  *name,
                                             GHashTable  *known)
{
  g_autoptr(GString) text = NULL;
  g_autoptr(GList) names = NULL;
  guint n = 0;

  if (self == NULL)
    return FALSE;

  text = g_string_new ("the property ");
  _runtime_use_json_quote (text, name);
  g_string_append (text, " is not allowed");

  names = known != NULL ? g_hash_table_get_keys (known) : NULL;
  names = g_list_sort (names, (GCompareFunc) strcmp);
  for (GList *l = names; l != NULL && n <= RUNTIME_USE_JSON_SCHEMA_MAX_NAMES; l = l->next, n++)
    {
      g_string_append (text, n > 0 ? ", " : ", only ");
      if (n < RUNTIME_USE_JSON_SCHEMA_MAX_NAMES)
        _runtime_use_json_quote (text, l->data);
      else
        g_string_append (text, "…");
    }

  return _runtime_use_json_schema_report_add (self, place, "%s", text->str);
}
