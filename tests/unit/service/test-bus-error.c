/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-bus-error.h"

#include <gio/gio.h>

static void
test_all (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (RUNTIME_USE_TYPE_ERROR);
  g_autoptr(GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_test_summary ("Each error has a name on the bus of its own, and comes back as what it was");

  rud_bus_error_register_names ();
  rud_bus_error_register_names ();
  for (guint i = 0; i < klass->n_values; i++)
    {
      GError *error = g_error_new_literal (RUNTIME_USE_ERROR, klass->values[i].value, "why");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autofree char *made = rud_bus_error_make_name (klass->values[i].value_nick);
      g_autoptr(GError) back = g_dbus_error_new_for_dbus_error (name, "why");

      g_assert_cmpstr (name, ==, made);
      g_assert_true (g_dbus_is_interface_name (name));
      g_assert_error (back, RUNTIME_USE_ERROR, klass->values[i].value);
      g_assert_true (g_hash_table_add (names, g_steal_pointer (&name)));
      g_error_free (error);
    }
}

static void
test_words (void)
{
  g_autofree char *one = rud_bus_error_make_name ("busy");
  g_autofree char *three = rud_bus_error_make_name ("not-a-message");

  g_test_summary ("Names are in camel case");

  g_assert_cmpstr (one, ==, BUS_NAME ".Error.Busy");
  g_assert_cmpstr (three, ==, BUS_NAME ".Error.NotAMessage");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/bus-error/all", test_all);
  g_test_add_func ("/bus-error/words", test_words);

  return g_test_run ();
}
