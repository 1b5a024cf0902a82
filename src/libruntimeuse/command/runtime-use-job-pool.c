/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-job-pool-private.h"

#include <glib-unix.h>

#include "runtime-use-source-private.h"

/* So many may wait at all; of these so many as long as the pool exists, the others only for a
 * while after they were of use. */
#define MAX_IDLE 32
#define MAX_IDLE_FOR_LONG 4
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

/* For how long the last user waits for programs that have only to notice that they may go. */
#define LAST_WAIT 1000

/* Told to end, and not reaped yet. */
typedef struct
{
  RuntimeUseJob *job;
  GSource       *watch;
} Leaving;

static GMutex pool_lock;
static guint pool_n_holds;
static GPtrArray *pool_idle;    /* the one used last comes last, and is used first */
static GPtrArray *pool_leaving; /* of Leaving */
static GSource *pool_trim;      /* (nullable): when the next of them has waited for long enough */

static void
leaving_free (Leaving *leaving)
{
  _runtime_use_clear_source (&leaving->watch);
  _runtime_use_job_free (leaving->job);
  g_free (leaving);
}

static void
ensure_lists (void)
{
  if (pool_idle != NULL)
    return;

  pool_idle = g_ptr_array_new ();
  pool_leaving = g_ptr_array_new_with_free_func ((GDestroyNotify) leaving_free);
}

static void
clear_lists_if_unused (void)
{
  if (pool_n_holds > 0 || pool_idle->len > 0 || pool_leaving->len > 0)
    return;

  _runtime_use_clear_source (&pool_trim);
  g_clear_pointer (&pool_idle, g_ptr_array_unref);
  g_clear_pointer (&pool_leaving, g_ptr_array_unref);
}

/* Waits up to @timeout milliseconds, for all together. */
static void
reap_leaving (guint timeout)
{
  gint64 deadline = timeout > 0 ? g_get_monotonic_time () / 1000 + timeout : 0;

  for (guint i = pool_leaving->len; i > 0; i--)
    {
      Leaving *leaving = g_ptr_array_index (pool_leaving, i - 1);
      gint64 left = timeout > 0 ? deadline - g_get_monotonic_time () / 1000 : 0;

      if (_runtime_use_job_reap (leaving->job, (guint) MAX (left, 0)))
        g_ptr_array_remove_index_fast (pool_leaving, i - 1);
    }
}

static gboolean
gone_cb (int          pidfd,
         GIOCondition condition,
         gpointer     user_data)
{
  g_mutex_lock (&pool_lock);
  if (pool_leaving != NULL)
    {
      reap_leaving (0);
      clear_lists_if_unused ();
    }
  g_mutex_unlock (&pool_lock);

  return G_SOURCE_REMOVE;
}

/* It is reaped as soon as it is gone, by the context of whoever had it; if that runs no more, when
 * the pool is used again. */
static void
send_away (RuntimeUseJob *job)
{
  Leaving *leaving = g_new0 (Leaving, 1);

  _runtime_use_job_hang_up (job);
  leaving->job = job;
  leaving->watch = g_unix_fd_source_new (_runtime_use_job_get_pidfd (job), G_IO_IN);
  g_source_set_static_name (leaving->watch, "RuntimeUseJobPool leaving");
  g_source_set_callback (leaving->watch, G_SOURCE_FUNC (gone_cb), NULL, NULL);
  g_source_attach (leaving->watch, g_main_context_get_thread_default ());
  g_ptr_array_add (pool_leaving, leaving);
}

/* Returns when there is more to do, or -1. */
static gint64
trim_idle (gint64 now)
{
  while (pool_idle->len > MAX_IDLE_FOR_LONG)
    {
      RuntimeUseJob *oldest = g_ptr_array_index (pool_idle, 0);
      gint64 time = _runtime_use_job_get_idle_since (oldest) + IDLE_TIME;

      if (now < time)
        return time;
      g_ptr_array_remove_index (pool_idle, 0);
      send_away (oldest);
    }

  return -1;
}

static gboolean
trim_cb (gpointer user_data)
{
  gint64 next = -1;

  g_mutex_lock (&pool_lock);
  if (pool_trim == g_main_current_source ())
    {
      next = trim_idle (g_get_monotonic_time ());
      g_source_set_ready_time (pool_trim, next);
      if (next < 0)
        _runtime_use_clear_source (&pool_trim);
    }
  g_mutex_unlock (&pool_lock);

  return next >= 0;
}

/* A context that is gone has taken the source of its own with it. */
static void
trim_later (gint64 time)
{
  if (pool_trim != NULL && g_source_is_destroyed (pool_trim))
    g_clear_pointer (&pool_trim, g_source_unref);
  if (pool_trim != NULL || time < 0)
    return;

  pool_trim = _runtime_use_ready_source_new ("RuntimeUseJobPool trim", trim_cb, NULL, NULL);
  g_source_set_ready_time (pool_trim, time);
  g_source_attach (pool_trim, g_main_context_get_thread_default ());
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
      clear_lists_if_unused ();
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
  if (pool_n_holds > 0 && pool_idle->len < MAX_IDLE)
    {
      _runtime_use_job_set_idle_since (job, now);
      g_ptr_array_add (pool_idle, job);
    }
  else
    {
      send_away (job);
    }
  trim_later (trim_idle (now));
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
