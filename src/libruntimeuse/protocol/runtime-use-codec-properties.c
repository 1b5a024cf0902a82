/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-private.h"

/* The id of a property is the place of its field in the table, counted from 1. */

static GParamSpec *
make_property (const RuntimeUseField *field)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  if (field->kind == RUNTIME_USE_FIELD_STRING)
    return g_param_spec_string (field->property, NULL, NULL, NULL, flags);
  if (field->kind == RUNTIME_USE_FIELD_BOOLEAN)
    return g_param_spec_boolean (field->property, NULL, NULL, FALSE, flags);
  if (field->kind == RUNTIME_USE_FIELD_LIST)
    return g_param_spec_boxed (field->property, NULL, NULL, G_TYPE_PTR_ARRAY, flags);

  g_assert (field->kind == RUNTIME_USE_FIELD_STRV || field->kind == RUNTIME_USE_FIELD_ENV);

  return g_param_spec_boxed (field->property, NULL, NULL, G_TYPE_STRV, flags);
}

void
_runtime_use_codec_install_properties (const RuntimeUseCodec *codec,
                                       GObjectClass          *object_class)
{
  for (guint i = 0; i < codec->n_fields; i++)
    if (codec->fields[i].property != NULL)
      g_object_class_install_property (object_class, i + 1, make_property (&codec->fields[i]));
}

void
_runtime_use_codec_get_property (const RuntimeUseCodec *codec,
                                 gpointer               object,
                                 guint                  prop_id,
                                 GValue                *value)
{
  const RuntimeUseField *field = &codec->fields[prop_id - 1];
  gpointer location = _runtime_use_field_locate (field, object);

  if (field->kind == RUNTIME_USE_FIELD_STRING)
    g_value_set_string (value, *(char **) location);
  else if (field->kind == RUNTIME_USE_FIELD_BOOLEAN)
    g_value_set_boolean (value, *(gboolean *) location);
  else
    g_value_set_boxed (value, *(gpointer *) location);
}

static void
set_strv (const RuntimeUseField  *field,
          const char * const     *strv,
          char                 ***location)
{
  g_return_if_fail (field->kind != RUNTIME_USE_FIELD_ENV || _runtime_use_is_environ (strv));

  *location = _runtime_use_dup_utf8_strv (strv);
}

void
_runtime_use_codec_set_property (const RuntimeUseCodec *codec,
                                 gpointer               object,
                                 guint                  prop_id,
                                 const GValue          *value)
{
  const RuntimeUseField *field = &codec->fields[prop_id - 1];
  gpointer location = _runtime_use_field_locate (field, object);

  if (field->kind == RUNTIME_USE_FIELD_STRING)
    *(char **) location = _runtime_use_dup_utf8 (g_value_get_string (value));
  else if (field->kind == RUNTIME_USE_FIELD_BOOLEAN)
    *(gboolean *) location = g_value_get_boolean (value);
  else if (field->kind == RUNTIME_USE_FIELD_LIST)
    *(GPtrArray **) location = _runtime_use_dup_list (g_value_get_boxed (value));
  else
    set_strv (field, g_value_get_boxed (value), location);
}
