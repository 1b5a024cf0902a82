/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-watch-private.h"

G_BEGIN_DECLS

/* Those who wait until folders have settled and their owner is done with what that brought up. A
 * wait has no deadline, but ends when its cancellable is cancelled. */
typedef struct _RuntimeUseSettleWaits RuntimeUseSettleWaits;

/* Whether there is anything left to be done; then no wait ends. */
typedef gboolean (* RuntimeUseSettleWaitsBusy) (gpointer owner);

/* @owner is the source of the tasks, and kept alive while they end. */
RuntimeUseSettleWaits *
     _runtime_use_settle_waits_new        (RuntimeUseSettleWaitsBusy  is_busy,
                                           GObject                   *owner);
void _runtime_use_settle_waits_free       (RuntimeUseSettleWaits     *self);

/* One more who waits, as yet for no folder. @task returns TRUE, and may have no other data. */
void _runtime_use_settle_waits_add        (RuntimeUseSettleWaits     *self,
                                           GTask                     *task);

/* One of them, or all, wait for a folder as well: for what has changed in it by now. */
void _runtime_use_settle_waits_expect     (RuntimeUseSettleWaits     *self,
                                           GTask                     *task,
                                           RuntimeUseFolderWatch     *watch);
void _runtime_use_settle_waits_expect_all (RuntimeUseSettleWaits     *self,
                                           RuntimeUseFolderWatch     *watch);

/* The owner may be done: ends those whose folders have settled. */
void _runtime_use_settle_waits_check      (RuntimeUseSettleWaits     *self);

G_END_DECLS
