/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-clock-private.h"

G_BEGIN_DECLS

/* The end of a session that somebody asked for and waits for. */
typedef struct _RuntimeUseClientEnd RuntimeUseClientEnd;

/* What the end asks of its session. */
typedef struct
{
  /* The server does not confirm. */
  void (* give_up) (gpointer      owner,
                    const GError *error);

  /* Somebody does not want to wait for that. */
  void (* close)   (gpointer      owner);
} RuntimeUseClientEndOwner;

RuntimeUseClientEnd *
         _runtime_use_client_end_new        (const RuntimeUseClientEndOwner *owner,
                                             gpointer                        owner_data);
void     _runtime_use_client_end_free       (RuntimeUseClientEnd            *self);

/* Returns @task, which it takes over, when all is over. */
void     _runtime_use_client_end_add_waiter (RuntimeUseClientEnd            *self,
                                             GTask                          *task);

/* The server has been told, and has so many seconds to confirm. */
void     _runtime_use_client_end_begin      (RuntimeUseClientEnd            *self,
                                             RuntimeUseClock                *clock,
                                             guint                           timeout);
gboolean _runtime_use_client_end_has_begun  (RuntimeUseClientEnd            *self);

/* The server confirmed, or never will. */
void     _runtime_use_client_end_stop_clock (RuntimeUseClientEnd            *self);

/* What an end that has begun comes to; the first error counts. Takes over @error. */
void     _runtime_use_client_end_fail       (RuntimeUseClientEnd            *self,
                                             GError                         *error);

/* The session is closed: tells all who wait. */
void     _runtime_use_client_end_complete   (RuntimeUseClientEnd            *self);

G_END_DECLS
