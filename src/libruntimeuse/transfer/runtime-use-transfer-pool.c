/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-transfer-pool-private.h"

#include "runtime-use-error.h"

#define MAX_THREADS 16
#define MAX_WAITING 10000

typedef struct
{
  RuntimeUseTransferFunc func;
  gpointer               data;
} Work;

static GMutex lock;
static GQueue waiting = G_QUEUE_INIT;   /* of Work; under the lock */
static guint n_threads;                 /* under the lock */

static Work *
take_next (void)
{
  Work *work;

  g_mutex_lock (&lock);
  work = g_queue_pop_head (&waiting);
  if (work == NULL)
    n_threads--;
  g_mutex_unlock (&lock);

  return work;
}

static gpointer
run_thread (gpointer data)
{
  Work *work;

  while ((work = take_next ()) != NULL)
    {
      work->func (work->data);
      g_free (work);
    }

  return NULL;
}

/* With the lock. Whoever is running takes what waits, so one is enough to go on. */
static gboolean
start_thread (GError **error)
{
  GThread *thread = g_thread_try_new ("transfer", run_thread, NULL, error);

  if (thread == NULL)
    return n_threads > 0;

  n_threads++;
  g_thread_unref (thread);

  return TRUE;
}

/* Lets a thread call @func with @data, at once or when others are done. */
gboolean
_runtime_use_transfer_pool_push (RuntimeUseTransferFunc   func,
                                 gpointer                 data,
                                 GError                 **error)
{
  g_autoptr(GError) cause = NULL;
  gboolean pushed = FALSE;
  Work *work;

  g_mutex_lock (&lock);
  if (waiting.length >= MAX_WAITING)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_BUSY,
                   "More than %d transfers are waiting", MAX_WAITING);
    }
  else if (n_threads < MAX_THREADS && !start_thread (&cause))
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_FAILED,
                   "Cannot start a thread: %s", cause->message);
    }
  else
    {
      work = g_new (Work, 1);
      work->func = func;
      work->data = data;
      g_queue_push_tail (&waiting, work);
      pushed = TRUE;
    }
  g_mutex_unlock (&lock);

  return pushed;
}

/* Returns: (nullable): the place of @data among what waits; the lock is held */
static GList *
find_waiting (gpointer data)
{
  for (GList *l = waiting.head; l != NULL; l = l->next)
    if (((Work *) l->data)->data == data)
      return l;

  return NULL;
}

/* Takes back what no thread has begun with. Returns FALSE if it is too late. */
gboolean
_runtime_use_transfer_pool_withdraw (gpointer data)
{
  GList *link;

  g_mutex_lock (&lock);
  link = find_waiting (data);
  if (link != NULL)
    {
      g_free (link->data);
      g_queue_delete_link (&waiting, link);
    }
  g_mutex_unlock (&lock);

  return link != NULL;
}
