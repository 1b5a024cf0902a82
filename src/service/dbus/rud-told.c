/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-told.h"

/* What generated skeletons do not do: properties are read when somebody asks
 * for them, and we say when changes are told and which.
 */

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* (transfer floating) */
static GVariant *
make_entry (const RudProperty *property,
            GVariant          *value)
{
  return g_variant_new_dict_entry (property->key, g_variant_new_variant (value));
}

/* Done once; kept as long as the program runs. */
static void
prepare_property (RudProperty *property)
{
  GVariant *usual;

  if (property->key != NULL)
    return;

  usual = g_variant_new_parsed (property->usual);
  property->key = g_variant_ref_sink (g_variant_new_string (property->name));
  property->usual_entry = g_variant_ref_sink (make_entry (property, usual));
}

void
rud_told_init (RudTold     *self,
               RudProperty *properties,
               guint        n_properties,
               gpointer     owner)
{
  self->properties = properties;
  self->n_properties = n_properties;
  self->owner = owner;
  self->values = g_new0 (GVariant *, n_properties);
  for (guint i = 0; i < n_properties; i++)
    prepare_property (&properties[i]);
}

void
rud_told_clear (RudTold *self)
{
  for (guint i = 0; i < self->n_properties; i++)
    g_clear_pointer (&self->values[i], g_variant_unref);
  g_clear_pointer (&self->values, g_free);
  self->n_properties = 0;
}

static GVariant *
read_property (RudTold *self,
               guint    index)
{
  GVariant *value = self->properties[index].read (self->owner);

  return value != NULL ? g_variant_ref_sink (value) : NULL;
}

static gboolean
is_equal (GVariant *one,
          GVariant *other)
{
  return one == other || (one != NULL && other != NULL && g_variant_equal (one, other));
}

static void
add_entry (GVariantBuilder   *builder,
           const RudProperty *property,
           GVariant          *value)
{
  g_variant_builder_add_value (builder, value != NULL ? make_entry (property, value)
                                                      : property->usual_entry);
}

/* For when all were told by other means. */
void
rud_told_renew (RudTold *self)
{
  for (guint i = 0; i < self->n_properties; i++)
    {
      if (self->properties[i].when == RUD_TOLD_NEVER)
        continue;

      g_clear_pointer (&self->values[i], g_variant_unref);
      self->values[i] = read_property (self, i);
    }
  self->counters_told = g_get_monotonic_time ();
}

static gboolean
renew_changed (RudTold         *self,
               gboolean         counters_too,
               GVariantBuilder *changed)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->n_properties; i++)
    {
      const RudProperty *property = &self->properties[i];
      g_autoptr(GVariant) value = NULL;

      if (property->when == RUD_TOLD_NEVER ||
          (property->when == RUD_TOLD_AT_TIMES && !counters_too))
        continue;

      value = read_property (self, i);
      if (is_equal (value, self->values[i]))
        continue;

      add_entry (changed, property, value);
      g_clear_pointer (&self->values[i], g_variant_unref);
      self->values[i] = g_steal_pointer (&value);
      any = TRUE;
    }

  return any;
}

/* Tells what has changed since the last time; FALSE if nothing has. */
gboolean
rud_told_tell (RudTold  *self,
               gboolean  counters_too)
{
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (self->owner);
  GDBusConnection *connection = g_dbus_interface_skeleton_get_connection (skeleton);
  g_auto(GVariantBuilder) changed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (connection == NULL)
    return FALSE;

  if (counters_too)
    self->counters_told = g_get_monotonic_time ();
  if (!renew_changed (self, counters_too, &changed))
    return FALSE;

  /* This fails only when the connection is closed, which others notice. */
  g_dbus_connection_emit_signal (connection, NULL,
                                 g_dbus_interface_skeleton_get_object_path (skeleton),
                                 PROPERTIES_INTERFACE, "PropertiesChanged",
                                 g_variant_new ("(sa{sv}as)",
                                                g_dbus_interface_skeleton_get_info (skeleton)->name,
                                                &changed, NULL),
                                 NULL);

  return TRUE;
}

/* As it is now; (transfer full), as GDBus wants it. */
GVariant *
rud_told_get (RudTold    *self,
              const char *name)
{
  for (guint i = 0; i < self->n_properties; i++)
    {
      g_autoptr(GVariant) value = NULL;

      if (!g_str_equal (self->properties[i].name, name))
        continue;

      value = read_property (self, i);
      if (value == NULL)
        g_variant_get_child (self->properties[i].usual_entry, 1, "v", &value);

      return g_steal_pointer (&value);
    }

  return NULL;
}

/* (transfer floating) */
GVariant *
rud_told_get_all (RudTold *self)
{
  GVariantBuilder all = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < self->n_properties; i++)
    add_entry (&all, &self->properties[i], self->properties[i].read (self->owner));

  return g_variant_builder_end (&all);
}
