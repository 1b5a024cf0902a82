/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-read-private.h"

#include <string.h>

/* Fewer variables than this are compared one by one. */
#define MANY_VARIABLES 16

static gboolean
check_variable (const RuntimeUseJsonValue  *name,
                const RuntimeUseJsonValue  *value,
                const char                 *decoded,
                GError                    **error)
{
  g_autofree char *shown = NULL;
  gboolean usable = TRUE;

  if (name->length == 0)
    return _runtime_use_field_fail (error, " must not hold a variable without a name");
  if (name->has_nul)
    usable = _runtime_use_field_fail (error, " must not have NUL in its name");
  else if (strchr (decoded, '=') != NULL)
    usable = _runtime_use_field_fail (error, " must not have “=” in its name");
  else
    usable = _runtime_use_field_expect_string (value, error);

  if (!usable)
    {
      shown = _runtime_use_json_value_show (name);
      g_prefix_error (error, ".%s", shown);
    }

  return usable;
}

/* The variables of an environment while they are collected; names are unique. */
typedef struct
{
  GPtrArray  *items;   /* (element-type utf8): NAME=VALUE */
  GHashTable *places;  /* (nullable): name -> index + 1, when there are many */
} Variables;

static char *
name_of (const char *item)
{
  return g_strndup (item, (gsize) (strchr (item, '=') - item));
}

/* The index of the variable that @name, which has an “=” behind it, begins, or G_MAXUINT. */
static guint
find_variable (Variables  *self,
               const char *name,
               gsize       length)
{
  if (self->places == NULL && self->items->len >= MANY_VARIABLES)
    {
      self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      for (guint i = 0; i < self->items->len; i++)
        g_hash_table_insert (self->places,
                             name_of (g_ptr_array_index (self->items, i)),
                             GUINT_TO_POINTER (i + 1));
    }

  if (self->places != NULL)
    return GPOINTER_TO_UINT (g_hash_table_lookup (self->places, name)) - 1;

  for (guint i = 0; i < self->items->len; i++)
    {
      const char *item = g_ptr_array_index (self->items, i);

      if (strncmp (item, name, length) == 0 && item[length] == '=')
        return i;
    }

  return G_MAXUINT;
}

static void
set_variable (Variables                 *self,
              const char                *name,
              const RuntimeUseJsonValue *value)
{
  g_autofree char *decoded = _runtime_use_json_value_dup_string (value, NULL);
  char *item = g_strconcat (name, "=", decoded, NULL);
  guint place = find_variable (self, name, strlen (name));

  if (place != G_MAXUINT)
    {
      g_free (self->items->pdata[place]);
      self->items->pdata[place] = item;
      return;
    }

  g_ptr_array_add (self->items, item);
  if (self->places != NULL)
    g_hash_table_insert (self->places, g_strdup (name), GUINT_TO_POINTER (self->items->len));
}

static gboolean
collect_variables (const RuntimeUseField      *field,
                   RuntimeUseJsonReader       *reader,
                   Variables                  *variables,
                   GError                    **error)
{
  RuntimeUseJsonValue name;
  RuntimeUseJsonValue value;

  while (_runtime_use_json_reader_next (reader) == RUNTIME_USE_JSON_NAME)
    {
      g_autofree char *decoded = NULL;

      name = reader->current;
      decoded = _runtime_use_json_value_dup_string (&name, NULL);
      _runtime_use_json_reader_read_value (reader, &value);
      if (!check_variable (&name, &value, decoded, error))
        return FALSE;

      set_variable (variables, decoded, &value);
      if (variables->items->len > field->max_items)
        return _runtime_use_field_fail_items (error, field->max_items);
    }

  return TRUE;
}

gboolean
_runtime_use_field_read_env (const RuntimeUseField      *field,
                             const RuntimeUseJsonValue  *value,
                             gpointer                   *location,
                             GError                    **error)
{
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GHashTable) places = NULL;
  Variables variables = { NULL, NULL };
  RuntimeUseJsonReader reader;
  gboolean collected;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_OBJECT, "an object", error))
    return FALSE;

  items = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  variables.items = items;
  _runtime_use_json_value_open (value, &reader);
  collected = collect_variables (field, &reader, &variables, error);
  places = variables.places;
  if (!collected)
    return FALSE;

  *location = (items->len > 0
               ? g_ptr_array_free (g_steal_pointer (&items), FALSE)
               : (gpointer) g_new0 (char *, 1));

  return TRUE;
}
