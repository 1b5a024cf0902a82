/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-setting-private.h"

static void
keep (const RuntimeUseSetting *self,
      gpointer                 owner,
      guint64                  value)
{
  if (self->type == G_TYPE_UINT64)
    G_STRUCT_MEMBER (guint64, owner, self->offset) = value;
  else if (self->type == G_TYPE_BOOLEAN)
    G_STRUCT_MEMBER (gboolean, owner, self->offset) = value != 0;
  else
    G_STRUCT_MEMBER (guint, owner, self->offset) = (guint) value;
}

void
_runtime_use_settings_init (const RuntimeUseSetting *settings,
                            guint                    n_settings,
                            gpointer                 owner)
{
  for (guint i = 0; i < n_settings; i++)
    keep (&settings[i], owner, settings[i].value);
}

static GParamSpec *
make_property (const RuntimeUseSetting *self,
               GParamFlags              flags)
{
  if (self->type == G_TYPE_UINT64)
    return g_param_spec_uint64 (self->name, NULL, NULL, self->minimum, self->maximum, self->value,
                                flags);
  if (self->type == G_TYPE_BOOLEAN)
    return g_param_spec_boolean (self->name, NULL, NULL, self->value != 0, flags);

  return g_param_spec_uint (self->name, NULL, NULL, (guint) self->minimum, (guint) self->maximum,
                            (guint) self->value, flags);
}

void
_runtime_use_settings_install (const RuntimeUseSetting *settings,
                               guint                    n_settings,
                               GObjectClass            *object_class,
                               guint                    first_id,
                               GParamFlags              flags)
{
  for (guint i = 0; i < n_settings; i++)
    g_object_class_install_property (object_class, first_id + i,
                                     make_property (&settings[i], flags));
}

void
_runtime_use_setting_get (const RuntimeUseSetting *self,
                          gconstpointer            owner,
                          GValue                  *value)
{
  if (self->type == G_TYPE_UINT64)
    g_value_set_uint64 (value, G_STRUCT_MEMBER (guint64, owner, self->offset));
  else if (self->type == G_TYPE_BOOLEAN)
    g_value_set_boolean (value, G_STRUCT_MEMBER (gboolean, owner, self->offset));
  else
    g_value_set_uint (value, G_STRUCT_MEMBER (guint, owner, self->offset));
}

void
_runtime_use_setting_set (const RuntimeUseSetting *self,
                          gpointer                 owner,
                          const GValue            *value)
{
  if (self->type == G_TYPE_UINT64)
    keep (self, owner, g_value_get_uint64 (value));
  else if (self->type == G_TYPE_BOOLEAN)
    keep (self, owner, (guint64) g_value_get_boolean (value));
  else
    keep (self, owner, g_value_get_uint (value));
}
