/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-retry-policy-private.h"

#define NOW (G_GINT64_CONSTANT (784111777) * G_USEC_PER_SEC)

static guint
read_status (SoupMessageHeaders *headers)
{
  const char *text = soup_message_headers_get_one (headers, "status");

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : 0;
}

static void
check_decision (SoupMessageHeaders        *headers,
                const RuntimeUseRetryHint *hint,
                guint                      n_retries)
{
  const RuntimeUseRetryPolicy policy = RUNTIME_USE_RETRY_POLICY_INIT;
  guint status = read_status (headers);
  gint64 earliest, latest;
  gboolean again;

  again = _runtime_use_retry_policy_decide (&policy, n_retries, status, hint, 1, &earliest);
  g_assert_cmpint (again, ==, _runtime_use_retry_policy_decide (&policy, n_retries, status, hint,
                                                                0, &latest));
  if (!again)
    return;

  g_assert_cmpint (n_retries, <, policy.max_retries);
  g_assert_cmpint (hint->advice, !=, RUNTIME_USE_RETRY_NO);
  g_assert_cmpint (earliest, >, 0);
  g_assert_cmpint (earliest, <=, latest);
  g_assert_cmpint (latest, <=, policy.max_told_delay);
}

/* The input is the headers of an answer, and its status is one of them. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  g_autoptr(GString) answer = g_string_new ("HTTP/1.1 429 A\r\n");
  RuntimeUseRetryHint hint;

  g_string_append_len (answer, (const char *) data, size);
  g_string_append (answer, "\r\n");
  if (soup_headers_parse_response (answer->str, (int) answer->len, headers, NULL, NULL, NULL))
    {
      _runtime_use_retry_hint_read (&hint, headers, NOW);
      g_assert_cmpint (hint.delay, >=, -1);
      for (guint i = 0; i < 4; i++)
        check_decision (headers, &hint, i);
    }
  soup_message_headers_unref (headers);

  return 0;
}
