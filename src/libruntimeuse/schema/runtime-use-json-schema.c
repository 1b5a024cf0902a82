/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-schema-check-private.h"
#include "runtime-use-json-schema-reader-private.h"
#include "runtime-use-json-schema-value-private.h"

struct _RuntimeUseJsonSchema
{
  JsonNode  *document;
  GPtrArray *nodes;   /* RuntimeUseJsonSchemaNode; the first one is that of the document */
};

typedef RuntimeUseJsonSchemaReader Reader;
typedef RuntimeUseJsonSchemaNode Node;

/* --- References --- */

/* A part of a JSON pointer. Takes nothing but what is well formed. */
static char *
dup_unescaped (const char *part)
{
  g_autoptr(GString) name = g_string_new (NULL);

  for (const char *c = part; *c != '\0'; c++)
    {
      if (*c != '~')
        g_string_append_c (name, *c);
      else if (c[1] == '0' || c[1] == '1')
        g_string_append_c (name, *++c == '0' ? '~' : '/');
      else
        return NULL;
    }

  return g_string_free (g_steal_pointer (&name), FALSE);
}

static JsonNode *
find_inside (JsonNode   *value,
             const char *part)
{
  g_autofree char *name = dup_unescaped (part);
  guint64 index;

  if (name == NULL)
    return NULL;
  if (_runtime_use_json_kind_of (value) == RUNTIME_USE_JSON_KIND_OBJECT)
    return json_object_get_member (json_node_get_object (value), name);
  if (_runtime_use_json_kind_of (value) != RUNTIME_USE_JSON_KIND_ARRAY)
    return NULL;

  if (!g_ascii_string_to_unsigned (name, 10, 0, G_MAXUINT, &index, NULL) ||
      (name[0] == '0' && name[1] != '\0') ||
      index >= json_array_get_length (json_node_get_array (value)))
    return NULL;

  return json_array_get_element (json_node_get_array (value), (guint) index);
}

static Node *
follow_pointer (Reader      *reader,
                const char  *pointer,
                GError     **error)
{
  JsonNode *value = reader->document;
  const char *rest = pointer;

  while (value != NULL && *rest == '/')
    {
      gsize length = strcspn (++rest, "/");
      g_autofree char *part = g_strndup (rest, length);

      value = find_inside (value, part);
      rest += length;
    }

  return value != NULL ? _runtime_use_json_schema_reader_read (reader, value, pointer, error)
                       : NULL;
}

static gboolean
fail_reference (const RuntimeUseJsonSchemaReference  *reference,
                RuntimeUseError                       code,
                const char                           *problem,
                GError                              **error)
{
  g_autoptr(GString) message = g_string_new ("The JSON schema cannot be used: ");

  g_string_append_printf (message, "%s/$ref refers to ", reference->node->place);
  _runtime_use_json_quote (message, reference->target);
  g_string_append_printf (message, ", %s", problem);
  g_set_error_literal (error, RUNTIME_USE_ERROR, code, message->str);

  return FALSE;
}

/* Gets what is behind the # of a reference that stays within the document. */
static char *
dup_fragment (Reader                               *reader,
              const RuntimeUseJsonSchemaReference  *reference,
              GError                              **error)
{
  const char *target = reference->target;
  gsize id_length = reader->id != NULL ? strcspn (reader->id, "#") : 0;
  g_autofree char *fragment = NULL;

  /* The document may call itself by its name. */
  if (id_length > 0 && strncmp (target, reader->id, id_length) == 0 &&
      (target[id_length] == '#' || target[id_length] == '\0'))
    target += id_length;
  if (target[0] != '#' && target[0] != '\0')
    {
      fail_reference (reference, RUNTIME_USE_ERROR_UNSUPPORTED,
                      "which is not part of it, and nothing is fetched", error);
      return NULL;
    }

  fragment = g_uri_unescape_string (target[0] == '#' ? target + 1 : target, NULL);
  if (fragment != NULL && g_utf8_validate (fragment, -1, NULL))
    return g_steal_pointer (&fragment);

  fail_reference (reference, RUNTIME_USE_ERROR_INVALID_FIELD, "which is no valid reference",
                  error);

  return NULL;
}

/* An anchor that is not there yet may wait. */
static gboolean
resolve (Reader                               *reader,
         const RuntimeUseJsonSchemaReference  *reference,
         gboolean                              may_wait,
         GError                              **error)
{
  g_autofree char *fragment = dup_fragment (reader, reference, error);
  g_autoptr(GError) inner = NULL;
  Node *node;

  if (fragment == NULL)
    return FALSE;

  if (fragment[0] == '\0')
    node = reader->nodes->pdata[0];
  else if (fragment[0] == '/')
    node = follow_pointer (reader, fragment, &inner);
  else
    node = g_hash_table_lookup (reader->anchors, fragment);

  reference->node->reference = node;
  if (node != NULL || (may_wait && inner == NULL && fragment[0] != '/'))
    return TRUE;
  if (inner == NULL)
    return fail_reference (reference, RUNTIME_USE_ERROR_INVALID_FIELD, "where nothing is", error);

  g_propagate_error (error, g_steal_pointer (&inner));

  return FALSE;
}

/* What is referred to may have more references, and anchors. */
static gboolean
resolve_all (Reader  *reader,
             GError **error)
{
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < reader->references->len; i++)
        {
          RuntimeUseJsonSchemaReference reference =
            g_array_index (reader->references, RuntimeUseJsonSchemaReference, i);

          if (reference.node->reference == NULL &&
              !resolve (reader, &reference, round == 0, error))
            return FALSE;
        }
    }

  return TRUE;
}

/* --- */

static gboolean
read_head (Reader  *reader,
           GError **error)
{
  JsonObject *object;
  JsonNode *id, *dialect;

  if (_runtime_use_json_kind_of (reader->document) != RUNTIME_USE_JSON_KIND_OBJECT)
    return TRUE;

  object = json_node_get_object (reader->document);
  id = json_object_get_member (object, "$id");
  if (id != NULL && _runtime_use_json_kind_of (id) == RUNTIME_USE_JSON_KIND_STRING)
    reader->id = json_node_get_string (id);

  dialect = json_object_get_member (object, "$schema");
  if (dialect == NULL)
    return TRUE;
  if (_runtime_use_json_kind_of (dialect) != RUNTIME_USE_JSON_KIND_STRING)
    return _runtime_use_json_schema_reader_fail ("/$schema", "it must be a string", error);

  reader->is_draft_7 = strstr (json_node_get_string (dialect), "json-schema.org/draft-0") != NULL;

  return TRUE;
}

static gboolean
read_document (RuntimeUseJsonSchema  *self,
               GError               **error)
{
  g_autoptr(GHashTable) by_json = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) anchors = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GArray) references = NULL;
  Reader reader = { self->document, self->nodes, by_json, anchors };

  references = g_array_new (FALSE, FALSE, sizeof (RuntimeUseJsonSchemaReference));
  reader.references = references;

  return read_head (&reader, error) &&
         _runtime_use_json_schema_reader_read (&reader, self->document, "", error) != NULL &&
         resolve_all (&reader, error);
}

/*
 * Reads a schema. One that is not valid is an error, RUNTIME_USE_ERROR_INVALID_FIELD, that says at
 * which place of the schema; RUNTIME_USE_ERROR_UNSUPPORTED means that it asks for what we do not
 * have, and RUNTIME_USE_ERROR_TOO_LARGE that it is too large or too deep. @schema is not kept.
 */
RuntimeUseJsonSchema *
_runtime_use_json_schema_new (JsonNode  *schema,
                              GError   **error)
{
  g_autoptr(RuntimeUseJsonSchema) self = g_new0 (RuntimeUseJsonSchema, 1);
  g_autofree char *json = NULL;

  self->nodes = g_ptr_array_new_with_free_func
    ((GDestroyNotify) _runtime_use_json_schema_node_free);

  /* What comes back is ours alone, and neither too deep nor broken. */
  json = _runtime_use_json_from_node (schema, error);
  if (json != NULL)
    self->document = _runtime_use_json_to_node (json, error);
  if (self->document == NULL)
    {
      g_prefix_error (error, "The JSON schema cannot be used: ");
      return NULL;
    }

  return read_document (self, error) ? g_steal_pointer (&self) : NULL;
}

void
_runtime_use_json_schema_free (RuntimeUseJsonSchema *self)
{
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  g_clear_pointer (&self->document, json_node_unref);
  g_free (self);
}

/*
 * Whether @value is as the schema wants it. The text of the error, RUNTIME_USE_ERROR_INVALID_FIELD,
 * says what is wrong in words that help to mend it; values of @value are in it, shortened.
 * RUNTIME_USE_ERROR_TOO_LARGE means that it could not be found out in reasonable time, or that
 * @value is too deep.
 */
gboolean
_runtime_use_json_schema_validate (const RuntimeUseJsonSchema  *self,
                                   JsonNode                    *value,
                                   GError                     **error)
{
  /* Written only to see that it can be: valid text, numbers that are finite, not too deep. */
  g_autofree char *json = _runtime_use_json_from_node (value, error);

  return json != NULL && _runtime_use_json_schema_check (self->nodes->pdata[0], value, error);
}

/* --- What others take for strict --- */

static gboolean
is_in (GPtrArray  *names,
       const char *name)
{
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      if (strcmp (names->pdata[i], name) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Whether an object has exactly the properties that the schema names. */
static gboolean
is_closed (const Node *node)
{
  GHashTableIter iter;
  gpointer name;

  if (node->additional == NULL || !node->additional->is_never)
    return FALSE;

  for (guint i = 0; node->required != NULL && i < node->required->len; i++)
    {
      if (node->properties == NULL ||
          !g_hash_table_contains (node->properties, node->required->pdata[i]))
        return FALSE;
    }

  if (node->properties == NULL)
    return TRUE;

  g_hash_table_iter_init (&iter, node->properties);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      if (!is_in (node->required, name))
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_strict_node (const Node *node)
{
  gboolean is_object = (node->kinds & RUNTIME_USE_JSON_KIND_OBJECT) != 0 ||
                       node->properties != NULL || node->required != NULL ||
                       node->additional != NULL;

  if (node->is_never)
    return TRUE;
  if (!node->is_plain || (is_object && !is_closed (node)))
    return FALSE;
  if ((node->kinds & RUNTIME_USE_JSON_KIND_ARRAY) != 0 && node->items == NULL)
    return FALSE;

  /* What allows everything allows objects that are not closed. */
  return node->kinds != 0 || node->constant != NULL || node->values != NULL ||
         node->any_of != NULL || node->reference != NULL;
}

/*
 * Whether the Responses API may be told that the schema is strict: it is of an object, each object
 * in it has exactly the properties that it names, and it does without the words that are refused
 * then. What is not closed, or not known to be, is not strict.
 */
gboolean
_runtime_use_json_schema_is_strict (const RuntimeUseJsonSchema *self)
{
  const Node *root = self->nodes->pdata[0];

  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (!is_strict_node (self->nodes->pdata[i]))
        return FALSE;
    }

  return root->kinds == RUNTIME_USE_JSON_KIND_OBJECT && root->any_of == NULL;
}
