/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-upload-scheduler-private.h"

#include <unistd.h>

#include "runtime-use-upload-queue-private.h"

/* Milliseconds that connections are kept after the last file. */
#define REST_DELAY 1000

struct _RuntimeUseUploadScheduler
{
  const RuntimeUseUploadLimits          *limits;
  const RuntimeUseUploadSchedulerEvents *events;
  GObject                               *owner;

  GMainContext                          *context;
  RuntimeUseUploadConnections           *connections;   /* (nullable): nothing is sent */
  GSource                               *rest;          /* (nullable): lets go of them soon */
  RuntimeUseUploadQueue                 *queue;
  guint                                  n_running;
  int                                    is_sweeping;   /* atomic */
};

RuntimeUseUploadItem *
_runtime_use_upload_item_new (const char       *path,
                              const char       *url,
                              const char       *content_type,
                              RuntimeUseLogger *logger)
{
  RuntimeUseUploadItem *self = g_new0 (RuntimeUseUploadItem, 1);

  self->fd = -1;
  self->path = g_strdup (path);
  self->url = g_strdup (url);
  self->content_type = g_strdup (content_type);
  self->logger = logger != NULL ? g_object_ref (logger) : NULL;

  return self;
}

void
_runtime_use_upload_item_free (RuntimeUseUploadItem *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self->url);
  g_free (self->content_type);
  g_clear_object (&self->logger);
  g_free (self);
}

RuntimeUseUploadScheduler *
_runtime_use_upload_scheduler_new (const RuntimeUseUploadLimits          *limits,
                                   const RuntimeUseUploadSchedulerEvents *events,
                                   GObject                               *owner)
{
  RuntimeUseUploadScheduler *self = g_new0 (RuntimeUseUploadScheduler, 1);

  self->limits = limits;
  self->events = events;
  self->owner = owner;
  self->context = g_main_context_ref_thread_default ();
  self->queue = _runtime_use_upload_queue_new ();

  return self;
}

/* --- connections --- */

static gboolean
rest_cb (gpointer user_data)
{
  RuntimeUseUploadScheduler *self = user_data;

  g_clear_pointer (&self->rest, g_source_unref);
  g_clear_pointer (&self->connections, _runtime_use_upload_connections_free);

  return G_SOURCE_REMOVE;
}

static void
clear_rest (RuntimeUseUploadScheduler *self)
{
  if (self->rest != NULL)
    g_source_destroy (self->rest);
  g_clear_pointer (&self->rest, g_source_unref);
}

/* Connections are kept between the files of a crowd, not for the next one. */
static void
rest_if_idle (RuntimeUseUploadScheduler *self)
{
  if (_runtime_use_upload_scheduler_get_n_pending (self) > 0 || self->rest != NULL ||
      self->connections == NULL)
    return;

  self->rest = g_timeout_source_new (REST_DELAY);
  g_source_set_static_name (self->rest, "RuntimeUseUploadScheduler rest");
  g_source_set_callback (self->rest, rest_cb, self, NULL);
  g_source_attach (self->rest, self->context);
}

/* Nothing may be left of the tasks that it was given. */
void
_runtime_use_upload_scheduler_free (RuntimeUseUploadScheduler *self)
{
  _runtime_use_upload_queue_free (self->queue);
  clear_rest (self);
  g_clear_pointer (&self->connections, _runtime_use_upload_connections_free);
  g_main_context_unref (self->context);
  g_free (self);
}

/* --- turns --- */

static void
uploaded_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GTask *task = user_data;
  RuntimeUseUploadItem *item = g_task_get_task_data (task);
  RuntimeUseUploadScheduler *self = item->scheduler;
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner);
  GError *error = NULL;

  _runtime_use_upload_fd_finish (result, &item->result, &error);
  self->n_running--;
  self->events->n_running_changed (self->owner);
  self->events->n_pending_changed (self->owner);
  self->events->over (task, error, self->owner);
  _runtime_use_upload_scheduler_start_next (self);
}

/* Takes @task. */
static void
start (RuntimeUseUploadScheduler *self,
       GTask                     *task)
{
  RuntimeUseUploadItem *item = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  RuntimeUseUploadOptions options = RUNTIME_USE_UPLOAD_OPTIONS_INIT;
  GError *error = NULL;

  g_cancellable_disconnect (cancellable, item->cancelled_id);
  item->cancelled_id = 0;

  if (item->fd < 0)
    item->fd = _runtime_use_upload_open (item->path, &error);
  if (item->fd < 0)
    {
      self->events->n_pending_changed (self->owner);
      self->events->over (task, error, self->owner);
      return;
    }

  clear_rest (self);
  if (self->connections == NULL)
    self->connections = _runtime_use_upload_connections_new ();
  options.timeout = self->limits->timeout;
  options.connections = self->connections;
  options.expected = item->is_expected ? &item->expected : NULL;

  self->n_running++;
  self->events->n_running_changed (self->owner);
  _runtime_use_upload_fd_async (item->fd, item->url, item->content_type, &options, cancellable,
                                uploaded_cb, task);
  close (item->fd);
  item->fd = -1;
}

/* There may be room for more of them. Those that cannot be opened are over at once. */
void
_runtime_use_upload_scheduler_start_next (RuntimeUseUploadScheduler *self)
{
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner);

  while (self->n_running < self->limits->max_concurrent &&
         _runtime_use_upload_queue_get_length (self->queue) > 0)
    start (self, _runtime_use_upload_queue_pop (self->queue));

  rest_if_idle (self);
  self->events->advanced (self->owner);
}

static gboolean
sweep_cb (gpointer user_data)
{
  RuntimeUseUploadScheduler *self = user_data;
  g_autoptr(GList) tasks = NULL;

  g_atomic_int_set (&self->is_sweeping, FALSE);
  tasks = _runtime_use_upload_queue_take_cancelled (self->queue);
  for (GList *link = tasks; link != NULL; link = link->next)
    {
      GTask *task = link->data;
      RuntimeUseUploadItem *item = g_task_get_task_data (task);

      g_cancellable_disconnect (g_task_get_cancellable (task), item->cancelled_id);
      self->events->n_pending_changed (self->owner);
      self->events->over (task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                     "The upload was cancelled"), self->owner);
    }
  self->events->advanced (self->owner);

  return G_SOURCE_REMOVE;
}

static void
unref_owner (gpointer user_data)
{
  RuntimeUseUploadScheduler *self = user_data;

  g_object_unref (self->owner);
}

/* In any thread. Those that wait end at once, without waiting for their turn. */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  RuntimeUseUploadScheduler *self = user_data;
  g_autoptr(GSource) source = NULL;

  if (!g_atomic_int_compare_and_exchange (&self->is_sweeping, FALSE, TRUE))
    return;

  g_object_ref (self->owner);
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, sweep_cb, self, unref_owner);
  g_source_attach (source, self->context);
}

/* Takes @task, the data of which is a RuntimeUseUploadItem. */
void
_runtime_use_upload_scheduler_add (RuntimeUseUploadScheduler *self,
                                   GTask                     *task)
{
  RuntimeUseUploadItem *item = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  guint max_queued = self->limits->max_queued;

  item->scheduler = self;
  if (_runtime_use_upload_queue_get_length (self->queue) >= max_queued &&
      self->n_running >= self->limits->max_concurrent)
    {
      self->events->over (task, g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                                             "%u uploads wait already", max_queued), self->owner);
      return;
    }

  _runtime_use_upload_queue_push (self->queue, item->logger, task);
  self->events->n_pending_changed (self->owner);
  if (cancellable != NULL)
    item->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  _runtime_use_upload_scheduler_start_next (self);
}

guint
_runtime_use_upload_scheduler_get_n_running (RuntimeUseUploadScheduler *self)
{
  return self->n_running;
}

guint
_runtime_use_upload_scheduler_get_n_pending (RuntimeUseUploadScheduler *self)
{
  return _runtime_use_upload_queue_get_length (self->queue) + self->n_running;
}
