/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-clock-private.h"

typedef struct
{
  RuntimeUseClock *clock;
  RuntimeUseAlarm *other;
  GString         *rung;
  char             name;
} Bell;

static void
ring (gpointer user_data)
{
  Bell *bell = user_data;

  g_string_append_c (bell->rung, bell->name);
}

static void
ring_and_clear (gpointer user_data)
{
  Bell *bell = user_data;

  ring (bell);
  _runtime_use_clock_clear_alarm (bell->clock, &bell->other);
}

static void
test_order (void)
{
  g_autoptr(RuntimeUseClock) clock = _runtime_use_main_clock_new ();
  g_autoptr(GString) rung = g_string_new (NULL);
  Bell a = { clock, NULL, rung, 'a' };
  Bell b = { clock, NULL, rung, 'b' };
  Bell c = { clock, NULL, rung, 'c' };
  gint64 start = _runtime_use_clock_get_time (clock);

  g_test_summary ("Alarms ring in the order of their times, and not before");

  /* Far enough apart that setting one takes no time beside it, also under valgrind. */
  _runtime_use_clock_set_alarm (clock, 300, ring, &c);
  _runtime_use_clock_set_alarm (clock, 100, ring, &a);
  _runtime_use_clock_set_alarm (clock, 200, ring, &b);

  while (rung->len < 3)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpstr (rung->str, ==, "abc");
  g_assert_cmpint (_runtime_use_clock_get_time (clock) - start, >=, 300 * 1000);
}

static void
test_clear (void)
{
  g_autoptr(RuntimeUseClock) clock = _runtime_use_main_clock_new ();
  g_autoptr(GString) rung = g_string_new (NULL);
  Bell a = { clock, NULL, rung, 'a' };
  Bell b = { clock, NULL, rung, 'b' };
  Bell c = { clock, NULL, rung, 'c' };
  RuntimeUseAlarm *early;

  g_test_summary ("An alarm that was cleared does not ring, also when one at its time clears it");

  early = _runtime_use_clock_set_alarm (clock, 1, ring, &c);
  _runtime_use_clock_set_alarm (clock, 5, ring_and_clear, &a);
  a.other = _runtime_use_clock_set_alarm (clock, 5, ring, &b);
  _runtime_use_clock_clear_alarm (clock, &early);
  g_assert_null (early);
  _runtime_use_clock_set_alarm (clock, 10, ring, &c);

  while (rung->len < 2)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpstr (rung->str, ==, "ac");
  g_assert_null (a.other);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/main-clock/order", test_order);
  g_test_add_func ("/main-clock/clear", test_clear);

  return g_test_run ();
}
