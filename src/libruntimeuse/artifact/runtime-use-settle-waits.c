/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-settle-waits-private.h"

/* The data of a task. */
typedef struct
{
  RuntimeUseSettleWaits *waits;
  guint                  n_watches;   /* that are not settled yet */
  GSource               *cancelled;   /* (nullable) */
} Wait;

struct _RuntimeUseSettleWaits
{
  RuntimeUseSettleWaitsBusy  is_busy;
  GObject                   *owner;
  GPtrArray                 *tasks;   /* GTask with Wait */
};

RuntimeUseSettleWaits *
_runtime_use_settle_waits_new (RuntimeUseSettleWaitsBusy  is_busy,
                               GObject                   *owner)
{
  RuntimeUseSettleWaits *self = g_new0 (RuntimeUseSettleWaits, 1);

  self->is_busy = is_busy;
  self->owner = owner;
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);

  return self;
}

void
_runtime_use_settle_waits_free (RuntimeUseSettleWaits *self)
{
  g_ptr_array_unref (self->tasks);
  g_free (self);
}

static GTask *
take_task (RuntimeUseSettleWaits *self,
           guint                  index)
{
  GTask *task = g_ptr_array_steal_index (self->tasks, index);
  Wait *wait = g_task_get_task_data (task);

  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);

  return task;
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Wait *wait = g_task_get_task_data (user_data);
  RuntimeUseSettleWaits *self = wait->waits;
  g_autoptr(GTask) task = NULL;
  guint index;

  if (g_ptr_array_find (self->tasks, user_data, &index))
    {
      task = take_task (self, index);
      g_task_return_error_if_cancelled (task);
    }

  return G_SOURCE_REMOVE;
}

void
_runtime_use_settle_waits_add (RuntimeUseSettleWaits *self,
                               GTask                 *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Wait *wait = g_new0 (Wait, 1);

  wait->waits = self;
  g_task_set_task_data (task, wait, g_free);
  g_ptr_array_add (self->tasks, g_object_ref (task));

  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (cancelled_cb), task, NULL);
      g_source_attach (wait->cancelled, g_task_get_context (task));
    }
}

static void
watch_settled_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Wait *wait = g_task_get_task_data (task);

  /* What was stopped meanwhile has nothing more to tell either. */
  _runtime_use_folder_watch_settle_finish (RUNTIME_USE_FOLDER_WATCH (object), result, NULL);
  wait->n_watches--;
  _runtime_use_settle_waits_check (wait->waits);
}

void
_runtime_use_settle_waits_expect (RuntimeUseSettleWaits *self,
                                  GTask                 *task,
                                  RuntimeUseFolderWatch *watch)
{
  Wait *wait = g_task_get_task_data (task);

  g_assert (wait->waits == self);
  wait->n_watches++;
  _runtime_use_folder_watch_settle_async (watch, g_task_get_cancellable (task), watch_settled_cb,
                                          g_object_ref (task));
}

void
_runtime_use_settle_waits_expect_all (RuntimeUseSettleWaits *self,
                                      RuntimeUseFolderWatch *watch)
{
  for (guint i = 0; i < self->tasks->len; i++)
    _runtime_use_settle_waits_expect (self, g_ptr_array_index (self->tasks, i), watch);
}

static GTask *
take_settled (RuntimeUseSettleWaits *self)
{
  for (guint i = self->tasks->len; i > 0; i--)
    {
      Wait *wait = g_task_get_task_data (g_ptr_array_index (self->tasks, i - 1));

      if (wait->n_watches == 0)
        return take_task (self, i - 1);
    }

  return NULL;
}

/* Whoever hears of an end may end other waits. */
void
_runtime_use_settle_waits_check (RuntimeUseSettleWaits *self)
{
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner);
  GTask *next;

  if (self->tasks->len == 0 || self->is_busy (self->owner))
    return;

  while ((next = take_settled (self)) != NULL)
    {
      g_autoptr(GTask) task = next;

      g_task_return_boolean (task, TRUE);
    }
}
