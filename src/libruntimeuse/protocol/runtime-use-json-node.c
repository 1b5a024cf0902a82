/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-node-private.h"

#include <math.h>
#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-reader-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-limits-private.h"

static JsonNode *
make_number (const RuntimeUseJsonValue  *value,
             GError                    **error)
{
  g_autofree char *text = g_strndup (value->text, value->length);
  gint64 integer;
  double number;

  if (g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &integer, NULL))
    return json_node_init_int (json_node_alloc (), integer);

  number = g_ascii_strtod (text, NULL);
  if (isfinite (number))
    return json_node_init_double (json_node_alloc (), number);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
               "The number %.32s is out of range", text);

  return NULL;
}

static char *
dup_string (const RuntimeUseJsonValue  *value,
            GError                    **error)
{
  if (!value->has_nul)
    return _runtime_use_json_value_dup_string (value, NULL);

  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
               "A string holds a NUL character");

  return NULL;
}

static JsonNode *
make_scalar (const RuntimeUseJsonValue  *value,
             GError                    **error)
{
  g_autofree char *text = NULL;

  if (value->token == RUNTIME_USE_JSON_NUMBER)
    return make_number (value, error);

  if (value->token == RUNTIME_USE_JSON_NULL)
    return json_node_init_null (json_node_alloc ());

  if (value->token != RUNTIME_USE_JSON_STRING)
    return json_node_init_boolean (json_node_alloc (), value->token == RUNTIME_USE_JSON_TRUE);

  text = dup_string (value, error);

  return text != NULL ? json_node_init_string (json_node_alloc (), text) : NULL;
}

static gboolean
set_name (JsonBuilder                *builder,
          const RuntimeUseJsonValue  *value,
          GError                    **error)
{
  g_autofree char *name = dup_string (value, error);

  if (name == NULL)
    return FALSE;

  json_builder_set_member_name (builder, name);

  return TRUE;
}

static gboolean
add_scalar (JsonBuilder                *builder,
            const RuntimeUseJsonValue  *value,
            GError                    **error)
{
  JsonNode *node = make_scalar (value, error);

  if (node == NULL)
    return FALSE;

  json_builder_add_value (builder, node);

  return TRUE;
}

static gboolean
add_token (JsonBuilder                *builder,
           const RuntimeUseJsonValue  *value,
           GError                    **error)
{
  switch (value->token)
    {
    case RUNTIME_USE_JSON_NULL:
    case RUNTIME_USE_JSON_FALSE:
    case RUNTIME_USE_JSON_TRUE:
    case RUNTIME_USE_JSON_NUMBER:
    case RUNTIME_USE_JSON_STRING:
      return add_scalar (builder, value, error);

    case RUNTIME_USE_JSON_NAME:
      return set_name (builder, value, error);

    case RUNTIME_USE_JSON_ARRAY:
      json_builder_begin_array (builder);
      return TRUE;

    case RUNTIME_USE_JSON_ARRAY_END:
      json_builder_end_array (builder);
      return TRUE;

    case RUNTIME_USE_JSON_OBJECT:
      json_builder_begin_object (builder);
      return TRUE;

    case RUNTIME_USE_JSON_OBJECT_END:
      json_builder_end_object (builder);
      return TRUE;

    case RUNTIME_USE_JSON_ERROR:
    case RUNTIME_USE_JSON_END:
    default:
      g_assert_not_reached ();
    }
}

/*
 * Reads one strict document. Of members with the same name the last one counts. Integers beyond 64
 * bits become the nearest double. Numbers beyond that and strings with NUL cannot be held, and are
 * an error.
 */
JsonNode *
_runtime_use_json_to_node (const char  *json,
                           GError     **error)
{
  g_autoptr(JsonBuilder) builder = NULL;
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken token;

  /* First, since a builder is not prepared for broken input. */
  if (!_runtime_use_json_validate (json, strlen (json), error))
    return NULL;

  _runtime_use_json_reader_init (&reader, json, strlen (json));
  token = _runtime_use_json_reader_next (&reader);
  if (token != RUNTIME_USE_JSON_ARRAY && token != RUNTIME_USE_JSON_OBJECT)
    return make_scalar (&reader.current, error);

  builder = json_builder_new ();
  do
    {
      if (!add_token (builder, &reader.current, error))
        return NULL;
    }
  while (_runtime_use_json_reader_next (&reader) != RUNTIME_USE_JSON_END);

  return json_builder_get_root (builder);
}

static gboolean append_node (GString   *out,
                             JsonNode  *node,
                             guint      depth,
                             GError   **error);

static gboolean
append_checked_string (GString     *out,
                       const char  *text,
                       GError     **error)
{
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                   "A string is not valid UTF-8");
      return FALSE;
    }

  _runtime_use_json_append_string (out, text, strlen (text));

  return TRUE;
}

/* A short form that reads back as the same number, and as one that need not be whole. */
static gboolean
append_double (GString  *out,
               double    number,
               GError  **error)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (number))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                   "A number is not finite");
      return FALSE;
    }

  g_ascii_formatd (buffer, sizeof buffer, "%.15g", number);
  if (g_ascii_strtod (buffer, NULL) != number)
    g_ascii_formatd (buffer, sizeof buffer, "%.16g", number);
  if (g_ascii_strtod (buffer, NULL) != number)
    g_ascii_formatd (buffer, sizeof buffer, "%.17g", number);

  g_string_append (out, buffer);
  if (strpbrk (buffer, ".e") == NULL)
    g_string_append (out, ".0");

  return TRUE;
}

static gboolean
append_scalar (GString   *out,
               JsonNode  *node,
               GError   **error)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_STRING && json_node_get_string (node) != NULL)
    return append_checked_string (out, json_node_get_string (node), error);

  if (type == G_TYPE_DOUBLE)
    return append_double (out, json_node_get_double (node), error);

  if (type == G_TYPE_BOOLEAN)
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
  else if (type == G_TYPE_INT64)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    g_string_append (out, "null");

  return TRUE;
}

static gboolean
append_array (GString    *out,
              JsonArray  *array,
              guint       depth,
              GError    **error)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      if (!append_node (out, json_array_get_element (array, i), depth, error))
        return FALSE;
    }
  g_string_append_c (out, ']');

  return TRUE;
}

static gboolean
append_object (GString     *out,
               JsonObject  *object,
               guint        depth,
               GError     **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (out->str[out->len - 1] != '{')
        g_string_append_c (out, ',');
      if (!append_checked_string (out, name, error))
        return FALSE;
      g_string_append_c (out, ':');
      if (!append_node (out, value, depth, error))
        return FALSE;
    }
  g_string_append_c (out, '}');

  return TRUE;
}

static gboolean
append_node (GString   *out,
             JsonNode  *node,
             guint      depth,
             GError   **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (array == NULL && object == NULL)
    return append_scalar (out, node, error);

  if (depth == RUNTIME_USE_LIMIT_JSON_DEPTH)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "More than %u levels of arrays and objects", depth);
      return FALSE;
    }

  if (array != NULL)
    return append_array (out, array, depth + 1, error);

  return append_object (out, object, depth + 1, error);
}

/*
 * Writes @node as compact JSON that reads back as the same value. Fails for what JSON cannot say:
 * text that is no UTF-8 and numbers that are not finite.
 */
char *
_runtime_use_json_from_node (JsonNode  *node,
                             GError   **error)
{
  g_autoptr(GString) out = g_string_new (NULL);

  if (!append_node (out, node, 0, error))
    return NULL;

  return g_string_free (g_steal_pointer (&out), FALSE);
}
