/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-node-private.h"

static const RuntimeUseJsonSchemaRange any_number = { 0, G_MAXUINT64 };

RuntimeUseJsonSchemaNode *
_runtime_use_json_schema_node_new (const char *place)
{
  RuntimeUseJsonSchemaNode *self = g_new0 (RuntimeUseJsonSchemaNode, 1);

  self->place = g_strdup (place);
  self->length = any_number;
  self->n_items = any_number;
  self->n_properties = any_number;
  self->n_contained = any_number;
  self->n_contained.min = 1;

  return self;
}

void
_runtime_use_json_schema_node_free (RuntimeUseJsonSchemaNode *self)
{
  GPtrArray **lists[] = { &self->prefix_items, &self->required, &self->all_of, &self->any_of,
                          &self->one_of };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_clear_pointer (lists[i], g_ptr_array_unref);
  g_clear_pointer (&self->pattern, _runtime_use_json_schema_pattern_free);
  g_clear_pointer (&self->properties, g_hash_table_unref);
  g_clear_pointer (&self->patterns, g_array_unref);
  g_clear_pointer (&self->dependencies, g_array_unref);
  g_free (self->place);
  g_free (self);
}

void
_runtime_use_json_pointer_append (GString    *pointer,
                                  const char *name)
{
  g_string_append_c (pointer, '/');
  for (const char *c = name; *c != '\0'; c++)
    {
      if (*c == '~')
        g_string_append (pointer, "~0");
      else if (*c == '/')
        g_string_append (pointer, "~1");
      else
        g_string_append_c (pointer, *c);
    }
}
