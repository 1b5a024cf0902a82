/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* A property that is a number or a switch and does nothing but be kept: a row of a table, which has
 * its default and limits. The rows of a table follow one another in the ids of properties. */
typedef struct
{
  const char *name;
  GType       type;      /* guint, guint64 or gboolean */
  gsize       offset;    /* in the object or struct that keeps it */
  guint64     minimum;
  guint64     maximum;
  guint64     value;     /* the default */
} RuntimeUseSetting;

#define RUNTIME_USE_NUMBER_SETTING(name, owner, member, minimum, maximum, value) \
  { name, G_TYPE_UINT, G_STRUCT_OFFSET (owner, member), minimum, maximum, value }
#define RUNTIME_USE_SIZE_SETTING(name, owner, member, minimum, maximum, value) \
  { name, G_TYPE_UINT64, G_STRUCT_OFFSET (owner, member), minimum, maximum, value }
#define RUNTIME_USE_SWITCH_SETTING(name, owner, member, value) \
  { name, G_TYPE_BOOLEAN, G_STRUCT_OFFSET (owner, member), FALSE, TRUE, value }

/* Sets the defaults in @owner. Properties that are set on construction need none. */
void _runtime_use_settings_init    (const RuntimeUseSetting *settings,
                                    guint                    n_settings,
                                    gpointer                 owner);
void _runtime_use_settings_install (const RuntimeUseSetting *settings,
                                    guint                    n_settings,
                                    GObjectClass            *object_class,
                                    guint                    first_id,
                                    GParamFlags              flags);
void _runtime_use_setting_get      (const RuntimeUseSetting *self,
                                    gconstpointer            owner,
                                    GValue                  *value);
void _runtime_use_setting_set      (const RuntimeUseSetting *self,
                                    gpointer                 owner,
                                    const GValue            *value);

G_END_DECLS
