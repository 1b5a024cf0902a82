/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-call-private.h"

#include "runtime-use-error.h"

/*
 * One request that a client waits for, and all the reasons not to wait any longer.
 *
 * A call that is cancelled or takes too long gets its verdict at once, but ends
 * only with the server's answer, whatever that is: then the session is free for
 * another request.
 */

/* A program that was busy hears only now what came meanwhile. */
#define IDLE_GRACE_MS 500

struct _RuntimeUseClientCall
{
  GTask                           *task;
  RuntimeUseClock                 *clock;
  RuntimeUseClientSettings         settings;
  const RuntimeUseClientCallOwner *owner;
  gpointer                         owner_data;

  GError                          *verdict;      /* (nullable): the answer counts */
  GSource                         *cancelled;    /* (nullable): waits for the cancellable */
  RuntimeUseAlarm                 *timeout;      /* (nullable): of the whole call, then its end */
  RuntimeUseAlarm                 *idle;         /* (nullable) */
  gint64                           last_heard;   /* µs of the clock */
  gboolean                         is_suspect;   /* nothing was heard for long enough */
};

static void idle_cb (gpointer user_data);

static void
set_idle (RuntimeUseClientCall *self,
          gint64                milliseconds)
{
  self->idle = _runtime_use_clock_set_alarm (self->clock, milliseconds, idle_cb, self);
}

static void
start_idle (RuntimeUseClientCall *self)
{
  self->last_heard = _runtime_use_clock_get_time (self->clock);
  self->is_suspect = FALSE;
  if (self->settings.idle_timeout > 0)
    set_idle (self, self->settings.idle_timeout * G_GINT64_CONSTANT (1000));
}

/* The alarm is not set anew for each message, it looks when the last one came. */
static void
idle_cb (gpointer user_data)
{
  RuntimeUseClientCall *self = user_data;
  gint64 silent = (_runtime_use_clock_get_time (self->clock) - self->last_heard) / 1000;
  gint64 left = self->settings.idle_timeout * G_GINT64_CONSTANT (1000) - silent;
  g_autoptr(GError) error = NULL;

  self->idle = NULL;
  if (left > 0)
    {
      set_idle (self, left);
      return;
    }

  if (!self->is_suspect)
    {
      self->is_suspect = TRUE;
      set_idle (self, IDLE_GRACE_MS);
      return;
    }

  error = g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                       "No message from the server for %u seconds", self->settings.idle_timeout);
  self->owner->give_up (self->owner_data, error);
}

static void
unanswered_cb (gpointer user_data)
{
  RuntimeUseClientCall *self = user_data;
  g_autoptr(GError) error = NULL;

  self->timeout = NULL;
  error = g_error_new (self->verdict->domain, self->verdict->code,
                       "%s, and the server did not end it within %u seconds after that",
                       self->verdict->message, self->settings.cancel_timeout);
  self->owner->give_up (self->owner_data, error);
}

static void
timeout_cb (gpointer user_data)
{
  RuntimeUseClientCall *self = user_data;

  self->timeout = NULL;
  _runtime_use_client_call_cancel (self,
                                   g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TIMED_OUT,
                                                "The request took longer than %u seconds",
                                                self->settings.timeout));
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  _runtime_use_client_call_cancel (user_data,
                                   g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                        "The request was cancelled"));

  return G_SOURCE_REMOVE;
}

static void
clear_cancelled (RuntimeUseClientCall *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
}

/* The task is left to the caller. */
static GTask *
call_free (RuntimeUseClientCall *self)
{
  GTask *task = g_steal_pointer (&self->task);

  clear_cancelled (self);
  _runtime_use_clock_clear_alarm (self->clock, &self->timeout);
  _runtime_use_clock_clear_alarm (self->clock, &self->idle);
  g_clear_error (&self->verdict);
  g_clear_object (&self->clock);
  g_free (self);

  return task;
}

/*
 * _runtime_use_client_call_new:
 * @task: (transfer full): returned with the result
 */
RuntimeUseClientCall *
_runtime_use_client_call_new (GTask                           *task,
                              RuntimeUseClock                 *clock,
                              const RuntimeUseClientSettings  *settings,
                              const RuntimeUseClientCallOwner *owner,
                              gpointer                         owner_data)
{
  RuntimeUseClientCall *self = g_new0 (RuntimeUseClientCall, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->task = task;
  self->clock = g_object_ref (clock);
  self->settings = *settings;
  self->owner = owner;
  self->owner_data = owner_data;

  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (cancelled_cb), self, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }

  if (settings->timeout > 0)
    self->timeout = _runtime_use_clock_set_alarm (clock,
                                                  settings->timeout * G_GINT64_CONSTANT (1000),
                                                  timeout_cb, self);
  start_idle (self);

  return self;
}

/* Whether the call was made by the function that is its source tag. */
gboolean
_runtime_use_client_call_is (RuntimeUseClientCall *self,
                             gpointer              source_tag)
{
  return g_task_get_source_tag (self->task) == source_tag;
}

/*
 * _runtime_use_client_call_heard:
 *
 * To be called for each message, whatever it says.
 */
void
_runtime_use_client_call_heard (RuntimeUseClientCall *self)
{
  self->last_heard = _runtime_use_clock_get_time (self->clock);
  self->is_suspect = FALSE;
}

/*
 * _runtime_use_client_call_set_paused:
 *
 * Who does not listen cannot complain of silence.
 */
void
_runtime_use_client_call_set_paused (RuntimeUseClientCall *self,
                                     gboolean              paused)
{
  _runtime_use_clock_clear_alarm (self->clock, &self->idle);
  if (!paused && self->verdict == NULL)
    start_idle (self);
}

/*
 * _runtime_use_client_call_cancel:
 * @verdict: (transfer full): what the call fails with when the answer came
 *
 * Asks the server to stop. Does nothing when that was done already.
 */
void
_runtime_use_client_call_cancel (RuntimeUseClientCall *self,
                                 GError               *verdict)
{
  if (self->verdict != NULL)
    {
      g_error_free (verdict);
      return;
    }

  self->verdict = verdict;
  clear_cancelled (self);
  _runtime_use_clock_clear_alarm (self->clock, &self->idle);
  _runtime_use_clock_clear_alarm (self->clock, &self->timeout);
  self->timeout = _runtime_use_clock_set_alarm (self->clock,
                                                self->settings.cancel_timeout *
                                                G_GINT64_CONSTANT (1000),
                                                unanswered_cb, self);
  self->owner->cancel (self->owner_data);
}

/*
 * _runtime_use_client_call_get_verdict:
 *
 * Returns: (nullable): what the call will fail with; `NULL` when the server decides
 */
const GError *
_runtime_use_client_call_get_verdict (RuntimeUseClientCall *self)
{
  return self->verdict;
}

/*
 * _runtime_use_client_call_return:
 * @result: (transfer full): an object
 */
void
_runtime_use_client_call_return (RuntimeUseClientCall *self,
                                 gpointer              result)
{
  g_autoptr(GTask) task = call_free (self);

  g_task_return_pointer (task, result, g_object_unref);
}

/*
 * _runtime_use_client_call_fail:
 * @error: what went wrong; may be the verdict
 * @metadata_json: (nullable): what the server said besides
 */
void
_runtime_use_client_call_fail (RuntimeUseClientCall *self,
                               const GError         *error,
                               const char           *metadata_json)
{
  GError *copy = g_error_copy (error);
  g_autoptr(GTask) task = call_free (self);

  if (metadata_json != NULL)
    g_task_set_task_data (task, g_strdup (metadata_json), g_free);
  g_task_return_error (task, copy);
}
