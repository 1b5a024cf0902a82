/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-idle.h"

struct _RudIdle
{
  RudStatus   *status;
  gulong       changed_id;
  guint        milliseconds;
  RudIdleFunc  func;
  gpointer     user_data;
  guint        timer_id;     /* 0: somebody is there, or has been told */
  gboolean     done;
};

/* A request lives as long as its session; both are asked all the same, for they are ended by
 * different events. */
static gboolean
is_anybody_there (RudIdle *self)
{
  return rud_status_get_n_sessions (self->status) > 0 ||
         rud_status_get_n_active_requests (self->status) > 0;
}

static gboolean
idle_cb (gpointer user_data)
{
  RudIdle *self = user_data;

  self->timer_id = 0;
  if (!is_anybody_there (self))
    {
      self->done = TRUE;
      self->func (self->user_data);
    }

  return G_SOURCE_REMOVE;
}

/* The time runs from when the last one went: who comes and goes at once begins it anew. */
static void
changed_cb (RudStatus *status,
            RudIdle   *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (!self->done && !is_anybody_there (self))
    self->timer_id = g_timeout_add (self->milliseconds, idle_cb, self);
}

/* Calls @func once, when no client was connected, and no request ran, for @milliseconds on end.
 * Whoever only looks, over the bus or at a page, does not count. */
RudIdle *
rud_idle_new (RudStatus   *status,
              guint        milliseconds,
              RudIdleFunc  func,
              gpointer     user_data)
{
  RudIdle *self = g_new0 (RudIdle, 1);

  self->status = g_object_ref (status);
  self->milliseconds = milliseconds;
  self->func = func;
  self->user_data = user_data;
  self->changed_id = g_signal_connect (status, "changed", G_CALLBACK (changed_cb), self);
  changed_cb (status, self);

  return self;
}

void
rud_idle_free (RudIdle *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_signal_handler (&self->changed_id, self->status);
  g_object_unref (self->status);
  g_free (self);
}
