/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-logger.h"
#include "runtime-use-upload-private.h"

G_BEGIN_DECLS

/* Sends files, so many at a time; the others wait for their turn. Connections are kept from one to
 * the next. It works in the thread-default main context of its maker. */
typedef struct _RuntimeUseUploadScheduler RuntimeUseUploadScheduler;

/* May be changed at any time. */
typedef struct
{
  guint max_concurrent;
  guint max_queued;       /* that wait while that many run; further ones fail */
  guint timeout;          /* ms without headway, of those that begin from now on */
} RuntimeUseUploadLimits;

/* The data of the task of an upload. */
typedef struct
{
  int                        fd;             /* -1: it is opened when its turn comes */
  struct stat                expected;       /* if .is_expected */
  gboolean                   is_expected;
  char                      *path;
  char                      *url;
  char                      *content_type;   /* (nullable) */
  RuntimeUseLogger          *logger;         /* (nullable): by whom turns are taken */
  RuntimeUseUploadScheduler *scheduler;      /* (nullable): before it was given to one */
  gulong                     cancelled_id;   /* while it waits */
  RuntimeUseUploadResult     result;
} RuntimeUseUploadItem;

RuntimeUseUploadItem *_runtime_use_upload_item_new  (const char           *path,
                                                     const char           *url,
                                                     const char           *content_type,
                                                     RuntimeUseLogger     *logger);
void                  _runtime_use_upload_item_free (RuntimeUseUploadItem *self);

typedef struct
{
  void (* n_running_changed) (gpointer  owner);
  void (* n_pending_changed) (gpointer  owner);

  /* It has arrived, or has not if there is an @error. Takes both. */
  void (* over)              (GTask    *task,
                              GError   *error,
                              gpointer  owner);

  /* Some may be over, and others have begun in their place. */
  void (* advanced)          (gpointer  owner);
} RuntimeUseUploadSchedulerEvents;

/* @owner is the source of the tasks, which keep it alive. */
RuntimeUseUploadScheduler *
_runtime_use_upload_scheduler_new           (const RuntimeUseUploadLimits          *limits,
                                             const RuntimeUseUploadSchedulerEvents *events,
                                             GObject                               *owner);
void
_runtime_use_upload_scheduler_free          (RuntimeUseUploadScheduler             *self);

void
_runtime_use_upload_scheduler_add           (RuntimeUseUploadScheduler             *self,
                                             GTask                                 *task);
void
_runtime_use_upload_scheduler_start_next    (RuntimeUseUploadScheduler             *self);

guint
_runtime_use_upload_scheduler_get_n_running (RuntimeUseUploadScheduler             *self);
guint
_runtime_use_upload_scheduler_get_n_pending (RuntimeUseUploadScheduler             *self);

G_END_DECLS
