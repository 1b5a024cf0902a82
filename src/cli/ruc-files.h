/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ruc-show.h"

G_BEGIN_DECLS

/* The files that a request works with. */
typedef struct
{
  /* As on the command line. */
  char                   **downloads;
  char                   **uploads;
  char                   **artifacts;

  /* As found in it. */
  GPtrArray               *downloadables;   /* RuntimeUseDownloadable */
  RuntimeUseFileExchange  *exchange;        /* (nullable): no folder of this machine is involved */
  GPtrArray               *labels;          /* char *, of all downloads of the request */
  RucShow                 *show;
  gboolean                 runtime_is_here;
} RucFiles;

gboolean ruc_files_complete (RucFiles                *self,
                             const char              *command,
                             gboolean                 runtime_is_here);
void     ruc_files_clear    (RucFiles                *self);

/* Tells what happens to them while a request is made. */
void     ruc_files_show     (RucFiles                *self,
                             RucShow                 *show);
void     ruc_files_watch    (RucFiles                *self,
                             RuntimeUseClientSession *session);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RucFiles, ruc_files_clear)

G_END_DECLS
