/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the thread that downloads says about itself to the one that watches it. */
typedef struct
{
  GMutex      lock;
  guint64     received;
  guint64     total;        /* 0: not known */
  const char *waits_for;    /* static; NULL: for nothing that has a limit of its own */
  gint64      waits_since;  /* as of the monotonic clock */
  guint       limit;        /* seconds */
} RuntimeUseDownloadWatch;

void     _runtime_use_download_watch_init     (RuntimeUseDownloadWatch  *self);
void     _runtime_use_download_watch_clear    (RuntimeUseDownloadWatch  *self);

void     _runtime_use_download_watch_wait     (RuntimeUseDownloadWatch  *self,
                                               const char               *waits_for,
                                               guint                     limit);
void     _runtime_use_download_watch_expect   (RuntimeUseDownloadWatch  *self,
                                               guint64                   total);
void     _runtime_use_download_watch_received (RuntimeUseDownloadWatch  *self,
                                               guint64                   n);

void     _runtime_use_download_watch_get      (RuntimeUseDownloadWatch  *self,
                                               guint64                  *received,
                                               guint64                  *total);
char    *_runtime_use_download_watch_dup_late (RuntimeUseDownloadWatch  *self);

G_END_DECLS
