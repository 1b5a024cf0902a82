/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-retry-policy-private.h"

#include <string.h>

/* Of a pause that we choose, so that those who failed together do not come back together. */
#define JITTER 0.25

/* Beyond any time that somebody waits for. */
#define MAX_TOLD ((double) G_MAXINT32 * 1000)

/* --- What an answer says --- */

/* Reads a number that has nothing but digits and perhaps a fraction, in @unit milliseconds. */
static gboolean
read_number (const char *value,
             double      unit,
             gint64     *delay)
{
  gsize n_digits = strspn (value, "0123456789");
  gsize n_fraction = value[n_digits] == '.' ? strspn (value + n_digits + 1, "0123456789") : 0;
  gsize length = n_digits + (n_fraction > 0 ? n_fraction + 1 : 0);

  if (n_digits == 0 || value[length] != '\0')
    return FALSE;

  *delay = (gint64) MIN (g_ascii_strtod (value, NULL) * unit, MAX_TOLD);

  return TRUE;
}

static gboolean
read_date (const char *value,
           gint64      now,
           gint64     *delay)
{
  g_autoptr(GDateTime) date = soup_date_time_new_from_http_string (value);

  if (date == NULL)
    return FALSE;

  *delay = MAX (g_date_time_to_unix (date) * 1000 - now / 1000, 0);

  return TRUE;
}

/* @now is what g_get_real_time() says. What cannot be read counts as not told. */
void
_runtime_use_retry_hint_read (RuntimeUseRetryHint *self,
                              SoupMessageHeaders  *headers,
                              gint64               now)
{
  const char *advice = soup_message_headers_get_one (headers, "x-should-retry");
  const char *exact = soup_message_headers_get_one (headers, "retry-after-ms");
  const char *after = soup_message_headers_get_one (headers, "Retry-After");

  self->advice = RUNTIME_USE_RETRY_UNSAID;
  if (g_strcmp0 (advice, "true") == 0)
    self->advice = RUNTIME_USE_RETRY_YES;
  else if (g_strcmp0 (advice, "false") == 0)
    self->advice = RUNTIME_USE_RETRY_NO;

  self->delay = -1;
  if (exact != NULL && read_number (exact, 1, &self->delay))
    return;
  if (after != NULL && !read_number (after, 1000, &self->delay))
    read_date (after, now, &self->delay);
}

/* --- What comes of it --- */

static gboolean
is_temporary (const RuntimeUseRetryPolicy *self,
              guint                        status)
{
  return status == 0 || status == 408 || status == 429 || status >= 500 ||
         (status == 409 && self->retries_conflict);
}

static gint64
choose_delay (const RuntimeUseRetryPolicy *self,
              guint                        n_retries,
              double                       random)
{
  gint64 delay = self->first_delay;

  for (guint i = 0; i < n_retries && delay < self->max_delay; i++)
    delay = delay > self->max_delay / 2 ? self->max_delay : delay * 2;

  delay = MIN (delay, self->max_delay);

  return delay - (gint64) ((double) delay * JITTER * random);
}

/*
 * Whether there is to be another try, after @delay milliseconds. @n_retries: those that were made
 * already; @status: 0 if there was no answer, for the connection failed; @random: from 0 up to 1.
 */
gboolean
_runtime_use_retry_policy_decide (const RuntimeUseRetryPolicy *self,
                                  guint                        n_retries,
                                  guint                        status,
                                  const RuntimeUseRetryHint   *hint,
                                  double                       random,
                                  gint64                      *delay)
{
  if (n_retries >= self->max_retries || hint->advice == RUNTIME_USE_RETRY_NO)
    return FALSE;
  if (hint->advice != RUNTIME_USE_RETRY_YES && !is_temporary (self, status))
    return FALSE;

  if (hint->delay > 0 && hint->delay <= self->max_told_delay)
    *delay = hint->delay;
  else
    *delay = choose_delay (self, n_retries, random);

  return TRUE;
}
