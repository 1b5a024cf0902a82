/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-frame-monitor-private.h"

#include <string.h>

#define LIMIT 1000

#define MASK "\x01\x02\x03\x04"

typedef struct
{
  const char *name;
  const char *bytes;
  gsize       length;
  guint       code;
  gsize       accepted;
} Case;

#define CASE(name, bytes, code, accepted) { name, bytes, sizeof (bytes) - 1, code, accepted }

static const Case cases[] = {
  CASE ("text", "\x81\x82" MASK "ab", 0, 8),
  CASE ("binary", "\x82\x82" MASK "ab", 0, 8),
  CASE ("empty text", "\x81\x80" MASK, 0, 6),
  CASE ("fragments", "\x01\x81" MASK "a" "\x00\x81" MASK "b" "\x80\x81" MASK "c", 0, 21),
  CASE ("ping between fragments", "\x01\x81" MASK "a" "\x89\x80" MASK "\x80\x81" MASK "c", 0, 20),
  CASE ("ping and pong", "\x89\x81" MASK "a" "\x8a\x80" MASK, 0, 13),
  CASE ("two messages", "\x81\x80" MASK "\x81\x80" MASK, 0, 12),
  CASE ("after close nothing counts", "\x88\x80" MASK "\x00\x00\xff", 0, 6),
  CASE ("half a header", "\x81", 0, 1),
  CASE ("half a mask", "\x81\x82\x01", 0, 3),
  CASE ("126 bytes announced", "\x81\xfe\x00\x7e" MASK, 0, 8),
  CASE ("the most that is allowed", "\x81\xfe\x03\xe8" MASK, 0, 8),

  CASE ("reserved bit 1", "\xc1\x80" MASK, 1002, 0),
  CASE ("reserved bit 2", "\xa1\x80" MASK, 1002, 0),
  CASE ("reserved bit 3", "\x91\x80" MASK, 1002, 0),
  CASE ("unknown data opcode", "\x83\x80" MASK, 1002, 0),
  CASE ("unknown control opcode", "\x8b\x80" MASK, 1002, 0),
  CASE ("unmasked", "\x81\x02" "ab", 1002, 0),
  CASE ("unmasked close", "\x88\x00", 1002, 0),
  CASE ("fragmented ping", "\x09\x80" MASK, 1002, 0),
  CASE ("long ping", "\x89\xfe\x00\x7e" MASK, 1002, 0),
  CASE ("continues nothing", "\x80\x80" MASK, 1002, 0),
  CASE ("interrupts a message", "\x01\x80" MASK "\x81\x80" MASK, 1002, 6),
  CASE ("bad after good", "\x81\x81" MASK "a" "\x83", 1002, 7),
  CASE ("length in too many bytes", "\x81\xfe\x00\x7d" MASK, 1002, 0),
  CASE ("length in far too many", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff" MASK, 1002, 0),

  CASE ("close with a reason", "\x88\x84" MASK "\x02\xea\xc0\xad", 0, 10),
  CASE ("close with a bad reason", "\x88\x83" MASK "\x02\xea\xfc", 1007, 0),
  CASE ("close with half a character", "\x81\x80" MASK "\x88\x83" MASK "\x02\xea\xc0", 1007, 6),
  CASE ("close with a NUL", "\x88\x84" MASK "\x02\xea\x03\x65", 0, 10),

  CASE ("one byte too long", "\x81\xfe\x03\xe9" MASK, 1009, 0),
  CASE ("much too long", "\x82\xff\x00\x00\x00\x01\x00\x00\x00\x00", 1009, 0),
  CASE ("more than there can be", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009, 0),
  CASE ("fragments too long together", "\x01\x81" MASK "a" "\x80\xfe\x03\xe8" MASK, 1009, 7),
};

static void
test_frame_monitor_verdicts (gconstpointer test_data)
{
  const Case *test = test_data;
  RuntimeUseFrameMonitor monitor;
  gsize accepted;
  guint code;

  g_test_summary ("Frames are let through up to the first that breaks a rule");

  _runtime_use_frame_monitor_init (&monitor, LIMIT, NULL);
  code = _runtime_use_frame_monitor_feed (&monitor, (const guint8 *) test->bytes, test->length,
                                          &accepted);

  g_assert_cmpuint (code, ==, test->code);
  g_assert_cmpuint (accepted, ==, test->accepted);
}

static void
test_frame_monitor_bytewise (gconstpointer test_data)
{
  const Case *test = test_data;
  RuntimeUseFrameMonitor monitor;
  guint code = 0;

  g_test_summary ("The verdict does not depend on how the bytes arrive");

  _runtime_use_frame_monitor_init (&monitor, LIMIT, NULL);
  for (gsize i = 0; i < test->length && code == 0; i++)
    {
      gsize accepted;

      code = _runtime_use_frame_monitor_feed (&monitor, (const guint8 *) test->bytes + i, 1,
                                              &accepted);
    }

  g_assert_cmpuint (code, ==, test->code);
}

static void
test_frame_monitor_counts (void)
{
  static const guint8 bytes[] =
    "\x01\x81" MASK "a" "\x89\x80" MASK "\x00\x81" MASK "b" "\x80\x81" MASK "c"
    "\x8a\x80" MASK "\x82\x80" MASK;
  RuntimeUseFrameMonitor monitor;
  gsize accepted;

  g_test_summary ("Whole messages and pings are counted, fragments and pongs are not");

  _runtime_use_frame_monitor_init (&monitor, LIMIT, NULL);
  g_assert_cmpuint (_runtime_use_frame_monitor_feed (&monitor, bytes, sizeof bytes - 1, &accepted),
                    ==, 0);
  g_assert_cmpuint (monitor.n_answerable, ==, 3);
  g_assert_false (monitor.in_message);
}

/* The size of a message starts anew with each. */
static void
test_frame_monitor_many_messages (void)
{
  g_autofree guint8 *frame = g_malloc0 (8 + LIMIT);
  RuntimeUseFrameMonitor monitor;

  g_test_summary ("The limit is of one message, not of all");

  memcpy (frame, "\x81\xfe\x03\xe8" MASK, 8);
  _runtime_use_frame_monitor_init (&monitor, LIMIT, NULL);
  for (guint i = 0; i < 100; i++)
    {
      gsize accepted;

      g_assert_cmpuint (_runtime_use_frame_monitor_feed (&monitor, frame, 8 + LIMIT, &accepted),
                        ==, 0);
      g_assert_cmpuint (accepted, ==, 8 + LIMIT);
    }
}

static guint
feed_payload (RuntimeUseFrameMonitor *monitor,
              const char             *header,
              gsize                   header_length,
              gsize                   length)
{
  g_autofree guint8 *payload = g_malloc0 (length);
  gsize accepted;
  guint code;

  code = _runtime_use_frame_monitor_feed (monitor, (const guint8 *) header, header_length,
                                          &accepted);
  if (code != 0)
    return code;

  return _runtime_use_frame_monitor_feed (monitor, payload, length, &accepted);
}

#define FEED(monitor, header, length) \
  feed_payload (monitor, header MASK, sizeof (header MASK) - 1, length)

#define LARGE_TEXT  "\x81\xff\x00\x00\x00\x00\x00\x02\x00\x00"
#define LARGE_PART  "\x01\xff\x00\x00\x00\x00\x00\x02\x00\x00"
#define LARGE_LAST  "\x80\xff\x00\x00\x00\x00\x00\x02\x00\x00"
#define LARGE       0x20000
#define SMALL_TEXT  "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00"
#define SMALL       0x10000

static void
test_frame_monitor_budget (void)
{
  g_autoptr(RuntimeUseInputBudget) budget = _runtime_use_input_budget_new (3 * LARGE);
  RuntimeUseFrameMonitor first;
  RuntimeUseFrameMonitor second;

  g_test_summary ("What has come of unfinished messages has one bound, which is exact");

  _runtime_use_frame_monitor_init (&first, 10 * LARGE, budget);
  _runtime_use_frame_monitor_init (&second, 10 * LARGE, budget);

  /* An announced length takes nothing, what comes of it does, and control frames do not. */
  g_assert_cmpuint (FEED (&first, LARGE_PART, LARGE - 1), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE - 1);
  g_assert_cmpuint (feed_payload (&first, "", 0, 1), ==, 0);
  g_assert_cmpuint (FEED (&first, "\x89\x85", 5), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE);

  g_assert_cmpuint (FEED (&second, LARGE_PART, LARGE), ==, 0);
  g_assert_cmpuint (FEED (&second, LARGE_LAST, LARGE - 1), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 3 * LARGE - 1);
  g_assert_cmpuint (feed_payload (&second, "", 0, 1), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE);

  /* Just as much as there is; then one byte more. */
  g_assert_cmpuint (FEED (&second, LARGE_PART, LARGE), ==, 0);
  g_assert_cmpuint (FEED (&second, "\x00\xff\x00\x00\x00\x00\x00\x02\x00\x00", LARGE), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 3 * LARGE);
  g_assert_cmpuint (FEED (&second, "\x80\x81", 1), ==, RUNTIME_USE_CLOSE_TRY_AGAIN_LATER);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 3 * LARGE);

  _runtime_use_frame_monitor_clear (&second);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE);
  _runtime_use_frame_monitor_clear (&first);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 0);
}

static void
test_frame_monitor_small (void)
{
  g_autoptr(RuntimeUseInputBudget) budget = _runtime_use_input_budget_new (LARGE);
  RuntimeUseFrameMonitor large;
  RuntimeUseFrameMonitor small;

  g_test_summary ("A small message comes through when there is no room, and is counted");

  _runtime_use_frame_monitor_init (&large, 10 * LARGE, budget);
  _runtime_use_frame_monitor_init (&small, 10 * LARGE, budget);
  g_assert_cmpuint (FEED (&large, LARGE_PART, LARGE), ==, 0);

  g_assert_cmpuint (FEED (&small, SMALL_TEXT, SMALL - 1), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE + SMALL - 1);
  g_assert_cmpuint (feed_payload (&small, "", 0, 1), ==, 0);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, LARGE);

  g_assert_cmpuint (FEED (&small, LARGE_TEXT, SMALL), ==, 0);
  g_assert_cmpuint (feed_payload (&small, "", 0, 1), ==, RUNTIME_USE_CLOSE_TRY_AGAIN_LATER);

  _runtime_use_frame_monitor_clear (&small);
  _runtime_use_frame_monitor_clear (&large);
  g_assert_cmpuint (_runtime_use_input_budget_get_used (budget), ==, 0);
}

static void
test_frame_monitor_random (void)
{
  g_test_summary ("Whatever comes in whatever pieces, the verdicts agree");

  for (guint round = 0; round < 20000; round++)
    {
      RuntimeUseFrameMonitor whole;
      RuntimeUseFrameMonitor pieces;
      guint8 bytes[64];
      gsize length = g_test_rand_int_range (1, sizeof bytes + 1);
      gsize accepted;
      gsize at = 0;
      guint code = 0;
      guint expected;

      for (gsize i = 0; i < length; i++)
        bytes[i] = g_test_rand_bit () ? g_test_rand_int () : (i % 2 ? 0x81 : 0x80);

      _runtime_use_frame_monitor_init (&whole, 16, NULL);
      _runtime_use_frame_monitor_init (&pieces, 16, NULL);
      expected = _runtime_use_frame_monitor_feed (&whole, bytes, length, &accepted);
      g_assert_cmpuint (accepted, <=, length);

      while (at < length && code == 0 && !pieces.ended)
        {
          gsize n = g_test_rand_int_range (1, length - at + 1);

          code = _runtime_use_frame_monitor_feed (&pieces, bytes + at, n, &accepted);
          g_assert_cmpuint (accepted, <=, n);
          at += n;
        }

      g_assert_cmpuint (code, ==, expected);
      g_assert_cmpuint (pieces.n_answerable, ==, whole.n_answerable);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (cases[i].name), " ", '-');
      g_autofree char *verdict = g_strdup_printf ("/frame-monitor/verdict/%s", name);
      g_autofree char *bytewise = g_strdup_printf ("/frame-monitor/bytewise/%s", name);

      g_test_add_data_func (verdict, &cases[i], test_frame_monitor_verdicts);
      g_test_add_data_func (bytewise, &cases[i], test_frame_monitor_bytewise);
    }
  g_test_add_func ("/frame-monitor/counts", test_frame_monitor_counts);
  g_test_add_func ("/frame-monitor/many-messages", test_frame_monitor_many_messages);
  g_test_add_func ("/frame-monitor/budget", test_frame_monitor_budget);
  g_test_add_func ("/frame-monitor/small", test_frame_monitor_small);
  g_test_add_func ("/frame-monitor/random", test_frame_monitor_random);

  return g_test_run ();
}
