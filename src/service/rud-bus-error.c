/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus-error.h"

#include <gio/gio.h>

#define PREFIX BUS_NAME ".Error."

/* What clients know as `timed-out` is `TimedOut` on the bus. There is one table
 * of errors, that of RuntimeUseError, from which all other names are made.
 */
char *
rud_bus_error_make_name (const char *nick)
{
  GString *name = g_string_new (PREFIX);
  gboolean begins = TRUE;

  for (const char *c = nick; *c != '\0'; c++)
    {
      if (*c != '-')
        g_string_append_c (name, begins ? g_ascii_toupper (*c) : *c);
      begins = *c == '-';
    }

  return g_string_free (name, FALSE);
}

/* From now on GDBus knows our errors by their names, both ways. */
void
rud_bus_error_register_names (void)
{
  static gsize registered = 0;
  g_autoptr(GEnumClass) klass = NULL;

  if (!g_once_init_enter (&registered))
    return;

  klass = g_type_class_ref (RUNTIME_USE_TYPE_ERROR);
  for (guint i = 0; i < klass->n_values; i++)
    {
      g_autofree char *name = rud_bus_error_make_name (klass->values[i].value_nick);

      g_dbus_error_register_error (RUNTIME_USE_ERROR, klass->values[i].value, name);
    }
  g_once_init_leave (&registered, 1);
}
