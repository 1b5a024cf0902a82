/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-retry-policy-private.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, and half a second. */
#define NOW (G_GINT64_CONSTANT (784111777) * G_USEC_PER_SEC + G_USEC_PER_SEC / 2)

typedef struct
{
  const char            *advice;
  const char            *exact;
  const char            *after;
  RuntimeUseRetryAdvice  expected_advice;
  gint64                 expected_delay;
} HintExample;

static const HintExample hints[] = {
  { NULL, NULL, NULL, RUNTIME_USE_RETRY_UNSAID, -1 },
  { "true", NULL, NULL, RUNTIME_USE_RETRY_YES, -1 },
  { "false", NULL, "1", RUNTIME_USE_RETRY_NO, 1000 },
  { "maybe", NULL, NULL, RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, "300", NULL, RUNTIME_USE_RETRY_UNSAID, 300 },
  { NULL, "300", "7", RUNTIME_USE_RETRY_UNSAID, 300 },
  { NULL, "300.7", NULL, RUNTIME_USE_RETRY_UNSAID, 300 },
  { NULL, "0", "7", RUNTIME_USE_RETRY_UNSAID, 0 },
  { NULL, "soon", "7", RUNTIME_USE_RETRY_UNSAID, 7000 },
  { NULL, "", "7", RUNTIME_USE_RETRY_UNSAID, 7000 },
  { NULL, NULL, "0", RUNTIME_USE_RETRY_UNSAID, 0 },
  { NULL, NULL, "1.5", RUNTIME_USE_RETRY_UNSAID, 1500 },
  { NULL, NULL, "99999999999999999999999999", RUNTIME_USE_RETRY_UNSAID,
    G_GINT64_CONSTANT (2147483647000) },
  { NULL, NULL, "-1", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "1e3", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "0x10", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "inf", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "1.", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, ".5", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "5 s", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "Sun, 06 Nov 1994 08:49:40 GMT", RUNTIME_USE_RETRY_UNSAID, 2500 },
  { NULL, NULL, "Sunday, 06-Nov-94 08:49:40 GMT", RUNTIME_USE_RETRY_UNSAID, 2500 },
  { NULL, NULL, "Sun Nov  6 08:49:40 1994", RUNTIME_USE_RETRY_UNSAID, 2500 },
  { NULL, NULL, "Sun, 06 Nov 1994 08:49:00 GMT", RUNTIME_USE_RETRY_UNSAID, 0 },
  { NULL, NULL, "Sun, 31 Feb 1994 08:49:00 GMT", RUNTIME_USE_RETRY_UNSAID, -1 },
  { NULL, NULL, "tomorrow", RUNTIME_USE_RETRY_UNSAID, -1 },
};

static void
add (SoupMessageHeaders *headers,
     const char         *name,
     const char         *value)
{
  if (value != NULL)
    soup_message_headers_append (headers, name, value);
}

static void
test_hint (void)
{
  g_test_summary ("What can be read of the headers counts, exact before rough");

  for (gsize i = 0; i < G_N_ELEMENTS (hints); i++)
    {
      const HintExample *example = &hints[i];
      SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
      RuntimeUseRetryHint hint;

      g_test_message ("%s, %s, %s", example->advice, example->exact, example->after);
      add (headers, "X-Should-Retry", example->advice);
      add (headers, "Retry-After-Ms", example->exact);
      add (headers, "retry-after", example->after);
      _runtime_use_retry_hint_read (&hint, headers, NOW);
      g_assert_cmpint (hint.advice, ==, example->expected_advice);
      g_assert_cmpint (hint.delay, ==, example->expected_delay);
      soup_message_headers_unref (headers);
    }
}

static gint64
decide (const RuntimeUseRetryPolicy *policy,
        guint                        n_retries,
        guint                        status,
        RuntimeUseRetryHint          hint,
        double                       random)
{
  gint64 delay;

  if (!_runtime_use_retry_policy_decide (policy, n_retries, status, &hint, random, &delay))
    return -1;

  g_assert_cmpint (delay, >=, 0);

  return delay;
}

static void
test_status (void)
{
  static const guint temporary[] = { 0, 408, 409, 429, 500, 502, 503, 504, 529, 599 };
  static const guint permanent[] = { 200, 204, 301, 307, 400, 401, 403, 404, 410, 422, 499 };
  RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;
  const RuntimeUseRetryHint unsaid = RUNTIME_USE_RETRY_HINT_INIT;
  const RuntimeUseRetryHint yes = { RUNTIME_USE_RETRY_YES, -1 };
  const RuntimeUseRetryHint no = { RUNTIME_USE_RETRY_NO, 1000 };

  g_test_summary ("What is temporary is tried again, unless the other end knows better");

  for (gsize i = 0; i < G_N_ELEMENTS (temporary); i++)
    {
      g_assert_cmpint (decide (&policy, 0, temporary[i], unsaid, 0), ==, 500);
      g_assert_cmpint (decide (&policy, 0, temporary[i], no, 0), ==, -1);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (permanent); i++)
    {
      g_assert_cmpint (decide (&policy, 0, permanent[i], unsaid, 0), ==, -1);
      g_assert_cmpint (decide (&policy, 0, permanent[i], yes, 0), ==, 500);
    }

  policy.retries_conflict = FALSE;
  g_assert_cmpint (decide (&policy, 0, 409, unsaid, 0), ==, -1);
  g_assert_cmpint (decide (&policy, 0, 408, unsaid, 0), ==, 500);
}

static void
test_number (void)
{
  RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;
  const RuntimeUseRetryHint unsaid = RUNTIME_USE_RETRY_HINT_INIT;
  const RuntimeUseRetryHint yes = { RUNTIME_USE_RETRY_YES, 1000 };

  g_test_summary ("There are so many tries, whatever the other end says");

  g_assert_cmpint (decide (&policy, 1, 500, unsaid, 0), ==, 1000);
  g_assert_cmpint (decide (&policy, 2, 500, unsaid, 0), ==, -1);
  g_assert_cmpint (decide (&policy, 2, 500, yes, 0), ==, -1);
  g_assert_cmpint (decide (&policy, G_MAXUINT, 500, yes, 0), ==, -1);

  policy.max_retries = 0;
  g_assert_cmpint (decide (&policy, 0, 500, yes, 0), ==, -1);
}

static void
test_backoff (void)
{
  static const gint64 delays[] = { 500, 1000, 2000, 4000, 8000, 8000, 8000 };
  RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;
  const RuntimeUseRetryHint unsaid = RUNTIME_USE_RETRY_HINT_INIT;

  g_test_summary ("Pauses double up to a limit, less up to a quarter");

  policy.max_retries = G_MAXUINT;
  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      g_assert_cmpint (decide (&policy, i, 500, unsaid, 0), ==, delays[i]);
      g_assert_cmpint (decide (&policy, i, 500, unsaid, 0.5), ==,
                       delays[i] - delays[i] / 8);
      g_assert_cmpint (decide (&policy, i, 500, unsaid, 1), ==, delays[i] * 3 / 4);
    }
  g_assert_cmpint (decide (&policy, G_MAXUINT - 1, 500, unsaid, 0), ==, 8000);

  policy.max_delay = G_MAXINT64;
  g_assert_cmpint (decide (&policy, G_MAXUINT - 1, 500, unsaid, 0), ==, G_MAXINT64);
  policy.first_delay = 9000;
  policy.max_delay = 8000;
  g_assert_cmpint (decide (&policy, 0, 500, unsaid, 0), ==, 8000);
  policy.first_delay = 0;
  g_assert_cmpint (decide (&policy, 100, 500, unsaid, 0), ==, 0);
}

static void
test_told (void)
{
  RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;
  RuntimeUseRetryHint hint = RUNTIME_USE_RETRY_HINT_INIT;

  g_test_summary ("A pause that the other end tells is kept, unless it is none or too long");

  hint.delay = 1;
  g_assert_cmpint (decide (&policy, 1, 429, hint, 1), ==, 1);
  hint.delay = 60000;
  g_assert_cmpint (decide (&policy, 0, 429, hint, 1), ==, 60000);
  hint.delay = 60001;
  g_assert_cmpint (decide (&policy, 0, 429, hint, 0), ==, 500);
  hint.delay = 0;
  g_assert_cmpint (decide (&policy, 1, 429, hint, 0), ==, 1000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/retry-policy/hint", test_hint);
  g_test_add_func ("/retry-policy/status", test_status);
  g_test_add_func ("/retry-policy/number", test_number);
  g_test_add_func ("/retry-policy/backoff", test_backoff);
  g_test_add_func ("/retry-policy/told", test_told);

  return g_test_run ();
}
