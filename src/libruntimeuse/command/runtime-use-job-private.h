/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "runtime-use-job-protocol-private.h"

G_BEGIN_DECLS

/* The program that owns the process tree of one command at a time, seen from the library. */
typedef struct _RuntimeUseJob RuntimeUseJob;

typedef enum
{
  RUNTIME_USE_JOB_RECEIVED_NOTHING,
  RUNTIME_USE_JOB_RECEIVED_REPORT,
  RUNTIME_USE_JOB_RECEIVED_END, /* the program is gone */
} RuntimeUseJobReceived;

RuntimeUseJob         *_runtime_use_job_new            (GError              **error);
void                   _runtime_use_job_free           (RuntimeUseJob        *self);

int                    _runtime_use_job_get_socket     (RuntimeUseJob        *self);
int                    _runtime_use_job_get_pidfd      (RuntimeUseJob        *self);
gint64                 _runtime_use_job_get_idle_since (RuntimeUseJob        *self);
void                   _runtime_use_job_set_idle_since (RuntimeUseJob        *self,
                                                        gint64                time);

int                    _runtime_use_job_run            (RuntimeUseJob        *self,
                                                        const GByteArray     *request,
                                                        const int            *descriptors,
                                                        guint                 n_descriptors);
void                   _runtime_use_job_end            (RuntimeUseJob        *self,
                                                        guint                 grace);
RuntimeUseJobReceived  _runtime_use_job_receive        (RuntimeUseJob        *self,
                                                        RuntimeUseJobReport  *report);
void                   _runtime_use_job_wake           (RuntimeUseJob        *self);
void                   _runtime_use_job_kill_group     (RuntimeUseJob        *self);

void                   _runtime_use_job_hang_up        (RuntimeUseJob        *self);
gboolean               _runtime_use_job_reap           (RuntimeUseJob        *self,
                                                        guint                 timeout);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseJob, _runtime_use_job_free)

G_END_DECLS
