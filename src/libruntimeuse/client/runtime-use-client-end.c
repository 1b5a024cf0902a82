/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-end-private.h"

#include "runtime-use-error.h"

/*
 * Who waits for the end of a session, how long the server may take to confirm it, and what it
 * comes to. How a session ends is its own business.
 */

struct _RuntimeUseClientEnd
{
  const RuntimeUseClientEndOwner *owner;
  gpointer                        owner_data;

  GPtrArray                      *waiters;     /* GTask */
  GError                         *error;       /* (nullable): all is well so far */
  RuntimeUseClock                *clock;       /* (nullable): it has not begun */
  RuntimeUseAlarm                *alarm;       /* (nullable) */
  guint                           timeout;     /* s */
};

RuntimeUseClientEnd *
_runtime_use_client_end_new (const RuntimeUseClientEndOwner *owner,
                             gpointer                        owner_data)
{
  RuntimeUseClientEnd *self = g_new0 (RuntimeUseClientEnd, 1);

  self->owner = owner;
  self->owner_data = owner_data;
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);

  return self;
}

void
_runtime_use_client_end_free (RuntimeUseClientEnd *self)
{
  _runtime_use_client_end_stop_clock (self);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  RuntimeUseClientEnd *self = user_data;

  self->owner->close (self->owner_data);

  return G_SOURCE_REMOVE;
}

static void
free_source (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

/* Who is tired of waiting for the confirmation gets along without it. */
static void
watch_cancellable (RuntimeUseClientEnd *self,
                   GTask               *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GSource *source;

  if (cancellable == NULL)
    return;

  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (cancelled_cb), self, NULL);
  g_source_attach (source, g_task_get_context (task));
  g_task_set_task_data (task, source, free_source);
}

/*
 * _runtime_use_client_end_add_waiter:
 * @task: (transfer full): keeps the session, and so the end, alive
 */
void
_runtime_use_client_end_add_waiter (RuntimeUseClientEnd *self,
                                    GTask               *task)
{
  watch_cancellable (self, task);
  g_ptr_array_add (self->waiters, task);
}

static void
alarm_cb (gpointer user_data)
{
  RuntimeUseClientEnd *self = user_data;
  g_autoptr(GError) error = NULL;

  self->alarm = NULL;
  error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                       "The server did not confirm the end of the session within %u seconds",
                       self->timeout);
  _runtime_use_client_end_fail (self, g_error_copy (error));
  self->owner->give_up (self->owner_data, error);
}

void
_runtime_use_client_end_begin (RuntimeUseClientEnd *self,
                               RuntimeUseClock     *clock,
                               guint                timeout)
{
  g_assert (self->clock == NULL);

  self->clock = g_object_ref (clock);
  self->timeout = timeout;
  self->alarm = _runtime_use_clock_set_alarm (clock, timeout * G_GINT64_CONSTANT (1000), alarm_cb,
                                              self);
}

gboolean
_runtime_use_client_end_has_begun (RuntimeUseClientEnd *self)
{
  return self->clock != NULL;
}

void
_runtime_use_client_end_stop_clock (RuntimeUseClientEnd *self)
{
  if (self->clock != NULL)
    _runtime_use_clock_clear_alarm (self->clock, &self->alarm);
}

/*
 * _runtime_use_client_end_fail:
 * @error: (transfer full): what went wrong
 */
void
_runtime_use_client_end_fail (RuntimeUseClientEnd *self,
                              GError              *error)
{
  if (self->clock != NULL && self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
}

void
_runtime_use_client_end_complete (RuntimeUseClientEnd *self)
{
  g_autoptr(GPtrArray) waiters = g_steal_pointer (&self->waiters);

  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiters->len; i++)
    {
      GTask *task = g_ptr_array_index (waiters, i);

      if (self->error != NULL)
        g_task_return_error (task, g_error_copy (self->error));
      else
        g_task_return_boolean (task, TRUE);
    }
}
