/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-task-queue-private.h"

#include "runtime-use-source-private.h"

/*
 * Operations that cannot go on yet, until whoever they belong to lets them. The source object of
 * each has the queue, so there is no queue left to clear once nothing waits.
 */

typedef struct
{
  RuntimeUseTaskQueue *queue;
  GTask               *task;
  GSource             *cancelled;   /* (nullable): it may give up waiting */
} Wait;

/* Returns the task. */
static GTask *
wait_end (Wait *wait)
{
  GTask *task = wait->task;

  _runtime_use_clear_source (&wait->cancelled);
  g_free (wait);

  return task;
}

void
_runtime_use_task_queue_init (RuntimeUseTaskQueue *self)
{
  g_queue_init (&self->waits);
}

gboolean
_runtime_use_task_queue_is_empty (RuntimeUseTaskQueue *self)
{
  return g_queue_is_empty (&self->waits);
}

static Wait *
push (RuntimeUseTaskQueue *self,
      GTask               *task)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->queue = self;
  wait->task = task;
  g_queue_push_tail (&self->waits, wait);

  return wait;
}

/* For what has to wait for the end of something, cancelled or not. */
void
_runtime_use_task_queue_push (RuntimeUseTaskQueue *self,
                              GTask               *task)
{
  push (self, task);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Wait *wait = user_data;
  g_autoptr(GTask) task = NULL;

  /* One that was taken out with all others hears of that instead. */
  if (g_queue_remove (&wait->queue->waits, wait))
    {
      task = wait_end (wait);
      g_task_return_error_if_cancelled (task);
    }

  return G_SOURCE_REMOVE;
}

void
_runtime_use_task_queue_push_cancellable (RuntimeUseTaskQueue *self,
                                          GTask               *task)
{
  Wait *wait = push (self, task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable == NULL)
    return;

  wait->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (cancelled_cb), wait, NULL);
  g_source_attach (wait->cancelled, g_task_get_context (task));
}

/* The first that waits, which the caller owns, or NULL. */
GTask *
_runtime_use_task_queue_pop (RuntimeUseTaskQueue *self)
{
  Wait *wait = g_queue_pop_head (&self->waits);

  return wait != NULL ? wait_end (wait) : NULL;
}

/* All that wait fail with @error, or succeed if there is none. What their callbacks do is their
 * business, so they get an empty queue, which may then be gone with the one who has it. */
void
_runtime_use_task_queue_return_all (RuntimeUseTaskQueue *self,
                                    const GError        *error)
{
  RuntimeUseTaskQueue taken = *self;
  GTask *next;

  g_queue_init (&self->waits);
  while ((next = _runtime_use_task_queue_pop (&taken)) != NULL)
    {
      g_autoptr(GTask) task = next;

      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}
