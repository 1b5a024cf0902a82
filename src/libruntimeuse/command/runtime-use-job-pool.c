/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-pool-private.h"

/* So many may wait at all; of these so many as long as the pool exists, the others only for a
 * while after they were of use. */
#define MAX_IDLE 32
#define MAX_IDLE_FOR_LONG 4
#define IDLE_TIME (10 * G_USEC_PER_SEC)

/* For how long the last user waits for programs that have only to notice that they may go. */
#define LAST_WAIT 1000

static GMutex pool_lock;
static guint pool_n_holds;
static GPtrArray *pool_idle;    /* the one used last comes last, and is used first */
static GPtrArray *pool_leaving; /* told to end, not yet reaped */

static void
ensure_lists (void)
{
  if (pool_idle != NULL)
    return;

  pool_idle = g_ptr_array_new ();
  pool_leaving = g_ptr_array_new_with_free_func ((GDestroyNotify) _runtime_use_job_free);
}

/* Waits up to @timeout milliseconds, for all together. */
static void
reap_leaving (guint timeout)
{
  gint64 deadline = timeout > 0 ? g_get_monotonic_time () / 1000 + timeout : 0;

  for (guint i = pool_leaving->len; i > 0; i--)
    {
      gint64 left = timeout > 0 ? deadline - g_get_monotonic_time () / 1000 : 0;

      if (_runtime_use_job_reap (g_ptr_array_index (pool_leaving, i - 1), (guint) MAX (left, 0)))
        g_ptr_array_remove_index_fast (pool_leaving, i - 1);
    }
}

static void
send_away (RuntimeUseJob *job)
{
  _runtime_use_job_hang_up (job);
  g_ptr_array_add (pool_leaving, job);
}

static void
trim_idle (gint64 now)
{
  while (pool_idle->len > MAX_IDLE_FOR_LONG)
    {
      RuntimeUseJob *oldest = g_ptr_array_index (pool_idle, 0);

      if (now - _runtime_use_job_get_idle_since (oldest) < IDLE_TIME)
        return;
      g_ptr_array_remove_index (pool_idle, 0);
      send_away (oldest);
    }
}

void
_runtime_use_job_pool_hold (void)
{
  g_mutex_lock (&pool_lock);
  ensure_lists ();
  pool_n_holds++;
  g_mutex_unlock (&pool_lock);
}

/* The last release ends the programs and waits until they are gone, which takes a fraction of a
 * millisecond each. One that still has processes to end goes on by itself. */
void
_runtime_use_job_pool_release (void)
{
  g_mutex_lock (&pool_lock);
  g_assert (pool_n_holds > 0);
  if (--pool_n_holds == 0)
    {
      while (pool_idle->len > 0)
        send_away (g_ptr_array_steal_index_fast (pool_idle, pool_idle->len - 1));
      reap_leaving (LAST_WAIT);
      if (pool_leaving->len == 0)
        {
          g_clear_pointer (&pool_idle, g_ptr_array_unref);
          g_clear_pointer (&pool_leaving, g_ptr_array_unref);
        }
    }
  g_mutex_unlock (&pool_lock);
}

/* Takes a waiting program, or starts one. */
RuntimeUseJob *
_runtime_use_job_pool_take (GError **error)
{
  RuntimeUseJob *job = NULL;

  g_mutex_lock (&pool_lock);
  ensure_lists ();
  reap_leaving (0);
  if (pool_idle->len > 0)
    job = g_ptr_array_steal_index_fast (pool_idle, pool_idle->len - 1);
  g_mutex_unlock (&pool_lock);

  return job != NULL ? job : _runtime_use_job_new (error);
}

/* Gives back a program whose tree is empty. */
void
_runtime_use_job_pool_give (RuntimeUseJob *job)
{
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&pool_lock);
  ensure_lists ();
  reap_leaving (0);
  trim_idle (now);
  if (pool_n_holds > 0 && pool_idle->len < MAX_IDLE)
    {
      _runtime_use_job_set_idle_since (job, now);
      g_ptr_array_add (pool_idle, job);
    }
  else
    {
      send_away (job);
    }
  g_mutex_unlock (&pool_lock);
}

/* Gives back a program that is of no more use, or that has processes to end which nobody waits
 * for. */
void
_runtime_use_job_pool_retire (RuntimeUseJob *job)
{
  g_mutex_lock (&pool_lock);
  ensure_lists ();
  reap_leaving (0);
  send_away (job);
  g_mutex_unlock (&pool_lock);
}
