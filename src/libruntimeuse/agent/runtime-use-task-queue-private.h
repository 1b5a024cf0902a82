/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tasks that wait for something, in the order in which they came. */
typedef struct
{
  GQueue waits;   /* Wait */
} RuntimeUseTaskQueue;

void     _runtime_use_task_queue_init             (RuntimeUseTaskQueue *self);
gboolean _runtime_use_task_queue_is_empty         (RuntimeUseTaskQueue *self);

/* These take the task. A cancellable makes only the second kind give up its place. */
void     _runtime_use_task_queue_push             (RuntimeUseTaskQueue *self,
                                                   GTask               *task);
void     _runtime_use_task_queue_push_cancellable (RuntimeUseTaskQueue *self,
                                                   GTask               *task);

GTask   *_runtime_use_task_queue_pop              (RuntimeUseTaskQueue *self);
void     _runtime_use_task_queue_return_all       (RuntimeUseTaskQueue *self,
                                                   const GError        *error);

G_END_DECLS
