/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-poller-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * A main context pays for each of its sources in every iteration, so 5,000
 * idle connections would make every other event expensive. Here the
 * application's context sees one source, on an epoll descriptor.
 *
 * libsoup attaches sources of its own for each connection. They go to a second
 * context, which is made thread-default around every call into libsoup and
 * iterated only when one of them is known to be ready. The streams hand out
 * sources that wait at a low priority and move to a high one when they are
 * ready: an iteration that finds a ready source does not look at those of lower
 * priority, so what it costs does not depend on how many wait.
 */

/* So many events are taken, and so many rounds done, before others get their turn. */
#define MAX_EVENTS 64
#define MAX_ROUNDS 64

/* So many connections are heard before what they answered is sent. */
#define BATCH 8

/* Deadlines are met about this late, so that many of them share one wake-up. */
#define SLACK (100 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  GSource           source;
  RuntimeUsePoller *poller;    /* borrowed: the poller destroys the source */
} PollerSource;

struct _RuntimeUsePoller
{
  int                   epoll_fd;
  GSource              *source;
  gpointer              epoll_tag;
  GMainContext         *app_context;
  GMainContext         *context;      /* where libsoup's sources are */
  GQueue                queue;        /* of RuntimeUsePollEntry that have something to do */
  guint                 n_ready;      /* sources in context that are to be dispatched */
  int                   n_settling;   /* closing streams whose completion is in context */
  RuntimeUsePollerTick  tick;
  gpointer              tick_data;
  gint64                deadline;     /* of the next tick, or 0 */
};

static gboolean
has_work (RuntimeUsePoller *self)
{
  return self->n_ready > 0 || self->n_settling > 0 || !g_queue_is_empty (&self->queue);
}

static gboolean
poller_source_prepare (GSource *source,
                       int     *timeout)
{
  RuntimeUsePoller *self = ((PollerSource *) source)->poller;
  gint64 left;

  *timeout = -1;
  if (has_work (self))
    return TRUE;

  if (self->deadline == 0)
    return FALSE;

  left = self->deadline - g_source_get_time (source);
  *timeout = CLAMP ((left + 999) / 1000, 0, G_MAXINT);

  return left <= 0;
}

static gboolean
poller_source_check (GSource *source)
{
  RuntimeUsePoller *self = ((PollerSource *) source)->poller;

  return g_source_query_unix_fd (source, self->epoll_tag) != 0 || has_work (self) ||
         (self->deadline != 0 && self->deadline <= g_source_get_time (source));
}

/*
 * Calls nobody: what is taken from epoll must not get lost in a nested main loop.
 *
 * Returns: whether that was all there was
 */
static gboolean
take_events (RuntimeUsePoller *self)
{
  struct epoll_event events[MAX_EVENTS];
  int n;

  n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), 0);
  for (int i = 0; i < n; i++)
    {
      RuntimeUsePollEntry *entry = events[i].data.ptr;

      entry->events |= events[i].events;
      _runtime_use_poller_schedule (self, entry);
    }

  return n < (int) G_N_ELEMENTS (events);
}

static void
run_context (RuntimeUsePoller *self)
{
  for (guint i = 0; i < MAX_ROUNDS && (self->n_ready > 0 || self->n_settling > 0); i++)
    {
      if (g_main_context_iteration (self->context, FALSE))
        continue;

      /* Whatever was to be settled is not there: never spin for it. */
      self->n_settling = 0;
      break;
    }
}

/* Every few connections, what they answered is sent before the next ones are
 * heard, so that clients can work at the same time as we do.
 */
static void
run_queue (RuntimeUsePoller *self)
{
  guint n = g_queue_get_length (&self->queue);

  while (n-- > 0 && !g_queue_is_empty (&self->queue))
    {
      RuntimeUsePollEntry *entry = g_queue_pop_head_link (&self->queue)->data;
      guint32 events = entry->events;

      entry->is_queued = FALSE;
      entry->events = 0;
      entry->func (entry, events);

      if (n % BATCH == 0)
        run_context (self);
    }
}

static gboolean
poller_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  RuntimeUsePoller *self = _runtime_use_poller_ref (((PollerSource *) source)->poller);
  gboolean knows_all = TRUE;

  if (g_source_query_unix_fd (source, self->epoll_tag) != 0)
    knows_all = take_events (self);

  run_queue (self);
  run_context (self);

  /* After a long time away, who seems to be late may only not have been heard yet. */
  if (knows_all && self->tick != NULL && self->deadline != 0 &&
      self->deadline <= g_source_get_time (source))
    {
      gint64 next;

      self->deadline = 0;
      next = self->tick (g_source_get_time (source), self->tick_data);
      if (next != 0)
        _runtime_use_poller_arm (self, next + SLACK);
    }

  _runtime_use_poller_unref (self);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs poller_source_funcs = {
  poller_source_prepare,
  poller_source_check,
  poller_source_dispatch,
  NULL,
};

/*
 * _runtime_use_poller_new:
 *
 * Makes a poller that works in the thread-default context.
 */
RuntimeUsePoller *
_runtime_use_poller_new (GError **error)
{
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  RuntimeUsePoller *self;

  if (fd < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                   "Could not make an epoll descriptor: %s", g_strerror (code));
      return NULL;
    }

  self = g_rc_box_new0 (RuntimeUsePoller);
  self->epoll_fd = fd;
  self->app_context = g_main_context_ref_thread_default ();
  self->context = g_main_context_new ();
  g_queue_init (&self->queue);

  self->source = g_source_new (&poller_source_funcs, sizeof (PollerSource));
  ((PollerSource *) self->source)->poller = self;
  self->epoll_tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_set_static_name (self->source, "[runtimeuse] connections");
  /* A nested main loop in somebody's handler must not stop the other connections. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, self->app_context);

  return self;
}

RuntimeUsePoller *
_runtime_use_poller_ref (RuntimeUsePoller *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_poller (gpointer data)
{
  RuntimeUsePoller *self = data;

  _runtime_use_poller_stop (self);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->app_context, g_main_context_unref);
}

void
_runtime_use_poller_unref (RuntimeUsePoller *self)
{
  g_rc_box_release_full (self, clear_poller);
}

/*
 * _runtime_use_poller_stop:
 *
 * Takes the poller out of the main context. Nothing is called any more.
 */
void
_runtime_use_poller_stop (RuntimeUsePoller *self)
{
  self->tick = NULL;
  self->deadline = 0;

  if (self->source != NULL)
    {
      /* The completions that are left hold references to streams. */
      run_context (self);

      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
    }

  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  self->epoll_fd = -1;
}

gboolean
_runtime_use_poller_add (RuntimeUsePoller     *self,
                         int                   fd,
                         guint32               events,
                         RuntimeUsePollEntry  *entry,
                         GError              **error)
{
  struct epoll_event event = { .events = events, .data.ptr = entry };

  entry->link.data = entry;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Could not watch a descriptor: %s", g_strerror (errno));

  return FALSE;
}

/*
 * _runtime_use_poller_remove:
 *
 * Forgets @entry, of which no call is made any more.
 */
void
_runtime_use_poller_remove (RuntimeUsePoller    *self,
                            int                  fd,
                            RuntimeUsePollEntry *entry)
{
  if (self->epoll_fd >= 0)
    epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);

  if (entry->is_queued)
    g_queue_unlink (&self->queue, &entry->link);
  entry->is_queued = FALSE;
  entry->events = 0;
}

/*
 * _runtime_use_poller_schedule:
 *
 * Has the function of @entry called soon, from the main context.
 */
void
_runtime_use_poller_schedule (RuntimeUsePoller    *self,
                              RuntimeUsePollEntry *entry)
{
  if (entry->is_queued)
    return;

  entry->is_queued = TRUE;
  g_queue_push_tail_link (&self->queue, &entry->link);
}

/*
 * _runtime_use_poller_enter:
 *
 * To be called before every call into libsoup about a stream of this poller.
 */
void
_runtime_use_poller_enter (RuntimeUsePoller *self)
{
  g_main_context_push_thread_default (self->context);
}

void
_runtime_use_poller_leave (RuntimeUsePoller *self)
{
  g_main_context_pop_thread_default (self->context);
}

/*
 * _runtime_use_poller_enter_app:
 *
 * To be called before every call from inside libsoup out to the application.
 */
void
_runtime_use_poller_enter_app (RuntimeUsePoller *self)
{
  g_main_context_push_thread_default (self->app_context);
}

void
_runtime_use_poller_leave_app (RuntimeUsePoller *self)
{
  g_main_context_pop_thread_default (self->app_context);
}

/*
 * _runtime_use_poller_ready:
 * @change: 1 when a source in libsoup's context became ready, -1 when it was dispatched or is gone
 */
void
_runtime_use_poller_ready (RuntimeUsePoller *self,
                           int               change)
{
  g_assert (change > 0 || self->n_ready > 0);

  self->n_ready += change;
}

/*
 * _runtime_use_poller_settle:
 * @change: 1 when an operation was started that completes in libsoup's context, -1 when it did
 */
void
_runtime_use_poller_settle (RuntimeUsePoller *self,
                            int               change)
{
  self->n_settling = MAX (self->n_settling + change, 0);
}

gint64
_runtime_use_poller_get_time (RuntimeUsePoller *self)
{
  GSource *current = g_main_current_source ();

  return current != NULL && self->source != NULL ? g_source_get_time (current)
                                                 : g_get_monotonic_time ();
}

void
_runtime_use_poller_set_tick (RuntimeUsePoller     *self,
                              RuntimeUsePollerTick  tick,
                              gpointer              user_data)
{
  self->tick = tick;
  self->tick_data = user_data;
}

/*
 * _runtime_use_poller_arm:
 * @deadline: a monotonic time
 *
 * Has the tick called at @deadline, or before.
 */
void
_runtime_use_poller_arm (RuntimeUsePoller *self,
                         gint64            deadline)
{
  if (self->deadline == 0 || deadline < self->deadline)
    self->deadline = deadline;
}
