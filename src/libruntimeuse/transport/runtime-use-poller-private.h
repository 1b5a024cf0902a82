/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RuntimeUsePoller RuntimeUsePoller;
typedef struct _RuntimeUsePollEntry RuntimeUsePollEntry;

/*
 * RuntimeUsePollFunc:
 * @events: what epoll said since the last call; may be 0
 */
typedef void (* RuntimeUsePollFunc) (RuntimeUsePollEntry *entry,
                                     guint32              events);

/* One descriptor in a poller, part of whatever owns the descriptor. */
struct _RuntimeUsePollEntry
{
  RuntimeUsePollFunc func;
  guint32            events;     /* not handed to func yet */
  gboolean           is_queued;
  GList              link;       /* in the poller's queue */
};

/*
 * RuntimeUsePollerTick:
 *
 * Looks after deadlines.
 *
 * Returns: the monotonic time of the next one, or 0
 */
typedef gint64 (* RuntimeUsePollerTick) (gint64   now,
                                         gpointer user_data);

RuntimeUsePoller *_runtime_use_poller_new (GError **error);

RuntimeUsePoller *_runtime_use_poller_ref (RuntimeUsePoller *self);

void _runtime_use_poller_unref (RuntimeUsePoller *self);

void _runtime_use_poller_stop (RuntimeUsePoller *self);

gboolean _runtime_use_poller_add (RuntimeUsePoller     *self,
                                  int                   fd,
                                  guint32               events,
                                  RuntimeUsePollEntry  *entry,
                                  GError              **error);

void _runtime_use_poller_remove (RuntimeUsePoller    *self,
                                 int                  fd,
                                 RuntimeUsePollEntry *entry);

void _runtime_use_poller_schedule (RuntimeUsePoller    *self,
                                   RuntimeUsePollEntry *entry);

void _runtime_use_poller_enter (RuntimeUsePoller *self);

void _runtime_use_poller_leave (RuntimeUsePoller *self);

void _runtime_use_poller_enter_app (RuntimeUsePoller *self);

void _runtime_use_poller_leave_app (RuntimeUsePoller *self);

void _runtime_use_poller_ready (RuntimeUsePoller *self,
                                int               change);

void _runtime_use_poller_settle (RuntimeUsePoller *self,
                                 int               change);

gint64 _runtime_use_poller_get_time (RuntimeUsePoller *self);

void _runtime_use_poller_set_tick (RuntimeUsePoller     *self,
                                   RuntimeUsePollerTick  tick,
                                   gpointer              user_data);

void _runtime_use_poller_arm (RuntimeUsePoller *self,
                              gint64            deadline);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUsePoller, _runtime_use_poller_unref)

G_END_DECLS
