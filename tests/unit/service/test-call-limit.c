/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-call-limit.h"

#define SECOND G_USEC_PER_SEC

static guint
count_calls (RudCallLimit *limit,
             const char   *sender,
             guint         cost,
             gint64        now)
{
  guint count = 0;

  while (count < 100000 && rud_call_limit_take (limit, sender, cost, now))
    count++;

  return count;
}

static void
test_one_caller (void)
{
  g_autoptr(RudCallLimit) limit = rud_call_limit_new ();

  g_test_summary ("A caller may make so many calls at once, and then as many as time allows");

  g_assert_cmpuint (count_calls (limit, ":1.1", 1, 0), ==, 10000);
  g_assert_cmpuint (count_calls (limit, ":1.1", 1, SECOND / 10), ==, 500);
  g_assert_cmpuint (count_calls (limit, ":1.1", 1, SECOND / 10), ==, 0);
  g_assert_cmpuint (count_calls (limit, ":1.1", 1, 100 * SECOND), ==, 10000);
}

static void
test_others (void)
{
  g_autoptr(RudCallLimit) limit = rud_call_limit_new ();

  g_test_summary ("What one caller does is not laid to another's charge");

  count_calls (limit, ":1.1", 1, 0);
  g_assert_cmpuint (count_calls (limit, ":1.2", 1, 0), ==, 10000);
}

static void
test_cost (void)
{
  g_autoptr(RudCallLimit) limit = rud_call_limit_new ();

  g_test_summary ("Calls that are much work count more, and none can never be made");

  g_assert_cmpuint (count_calls (limit, ":1.1", 1001, 0), ==, 9);
  g_assert_false (rud_call_limit_take (limit, ":1.1", 50000, SECOND));
  g_assert_true (rud_call_limit_take (limit, ":1.1", 50000, 10 * SECOND));
}

static void
test_many_callers (void)
{
  g_autoptr(RudCallLimit) limit = rud_call_limit_new ();

  g_test_summary ("Any number of callers is counted in a bounded space");

  for (guint i = 0; i < 100000; i++)
    {
      char name[32];

      g_snprintf (name, sizeof name, ":1.%u", i);
      g_assert_true (rud_call_limit_take (limit, name, 1, 0));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/call-limit/one-caller", test_one_caller);
  g_test_add_func ("/call-limit/others", test_others);
  g_test_add_func ("/call-limit/cost", test_cost);
  g_test_add_func ("/call-limit/many-callers", test_many_callers);

  return g_test_run ();
}
