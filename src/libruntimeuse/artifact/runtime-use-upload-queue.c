/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-queue-private.h"

typedef struct
{
  gpointer owner;    /* only compared */
  GQueue   tasks;    /* never empty */
} Lane;

struct _RuntimeUseUploadQueue
{
  GQueue      lanes;      /* the next turn is that of the first one */
  GHashTable *by_owner;   /* of Lane, in .lanes */
  guint       length;
};

RuntimeUseUploadQueue *
_runtime_use_upload_queue_new (void)
{
  RuntimeUseUploadQueue *self = g_new0 (RuntimeUseUploadQueue, 1);

  g_queue_init (&self->lanes);
  self->by_owner = g_hash_table_new (NULL, NULL);

  return self;
}

void
_runtime_use_upload_queue_free (RuntimeUseUploadQueue *self)
{
  g_assert (self->length == 0);
  g_hash_table_unref (self->by_owner);
  g_free (self);
}

guint
_runtime_use_upload_queue_get_length (RuntimeUseUploadQueue *self)
{
  return self->length;
}

/* Takes @task. */
void
_runtime_use_upload_queue_push (RuntimeUseUploadQueue *self,
                                gpointer               owner,
                                GTask                 *task)
{
  Lane *lane = g_hash_table_lookup (self->by_owner, owner);

  if (lane == NULL)
    {
      lane = g_new0 (Lane, 1);
      lane->owner = owner;
      g_queue_init (&lane->tasks);
      g_hash_table_insert (self->by_owner, owner, lane);
      g_queue_push_tail (&self->lanes, lane);
    }

  g_queue_push_tail (&lane->tasks, task);
  self->length++;
}

static void
forget_lane (RuntimeUseUploadQueue *self,
             Lane                  *lane)
{
  g_hash_table_remove (self->by_owner, lane->owner);
  g_free (lane);
}

/* Gives the task whose turn it is, or NULL. */
GTask *
_runtime_use_upload_queue_pop (RuntimeUseUploadQueue *self)
{
  Lane *lane = g_queue_pop_head (&self->lanes);
  GTask *task;

  if (lane == NULL)
    return NULL;

  task = g_queue_pop_head (&lane->tasks);
  self->length--;
  if (g_queue_is_empty (&lane->tasks))
    forget_lane (self, lane);
  else
    g_queue_push_tail (&self->lanes, lane);

  return task;
}

static GList *
take_cancelled_of (Lane *lane)
{
  GList *taken = NULL;
  GList *next;

  for (GList *link = lane->tasks.head; link != NULL; link = next)
    {
      next = link->next;
      if (g_cancellable_is_cancelled (g_task_get_cancellable (link->data)))
        {
          g_queue_unlink (&lane->tasks, link);
          taken = g_list_concat (link, taken);
        }
    }

  return taken;
}

/* Gives, in no order, those that need no turn any more. */
GList *
_runtime_use_upload_queue_take_cancelled (RuntimeUseUploadQueue *self)
{
  GList *taken = NULL;
  GList *next;

  for (GList *link = self->lanes.head; link != NULL; link = next)
    {
      Lane *lane = link->data;

      next = link->next;
      taken = g_list_concat (take_cancelled_of (lane), taken);
      if (g_queue_is_empty (&lane->tasks))
        {
          g_queue_delete_link (&self->lanes, link);
          forget_lane (self, lane);
        }
    }
  self->length -= g_list_length (taken);

  return taken;
}
