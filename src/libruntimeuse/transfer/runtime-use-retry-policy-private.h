/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef enum
{
  RUNTIME_USE_RETRY_UNSAID,
  RUNTIME_USE_RETRY_YES,
  RUNTIME_USE_RETRY_NO,
} RuntimeUseRetryAdvice;

/* What an answer says about another try. */
typedef struct
{
  RuntimeUseRetryAdvice advice;
  gint64                delay;   /* milliseconds; -1: not told */
} RuntimeUseRetryHint;

#define RUNTIME_USE_RETRY_HINT_INIT { .advice = RUNTIME_USE_RETRY_UNSAID, .delay = -1 }

/* Times are milliseconds. */
typedef struct
{
  guint    max_retries;        /* after the first try */
  gint64   first_delay;        /* then doubled */
  gint64   max_delay;          /* of those that we choose */
  gint64   max_told_delay;     /* who tells a longer one gets one that we choose */
  gboolean retries_conflict;   /* a 409 is not for good */
} RuntimeUseRetryPolicy;

#define RUNTIME_USE_RETRY_POLICY_INIT \
  {                                   \
    .max_retries = 2,                 \
    .first_delay = 500,               \
    .max_delay = 8000,                \
    .max_told_delay = 60000,          \
    .retries_conflict = TRUE,         \
  }

void     _runtime_use_retry_hint_read     (RuntimeUseRetryHint         *self,
                                           SoupMessageHeaders          *headers,
                                           gint64                       now);

gboolean _runtime_use_retry_policy_decide (const RuntimeUseRetryPolicy *self,
                                           guint                        n_retries,
                                           guint                        status,
                                           const RuntimeUseRetryHint   *hint,
                                           double                       random,
                                           gint64                      *delay);

G_END_DECLS
