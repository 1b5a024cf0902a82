/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What was not packed, and why: lines for whoever wants to know. Only the first ones are kept. */
typedef struct
{
  GPtrArray *lines;   /* char * */
  guint      count;
} RuntimeUseLeftOut;

void     _runtime_use_left_out_init      (RuntimeUseLeftOut  *self);
void     _runtime_use_left_out_clear     (RuntimeUseLeftOut  *self);

/* Writes all that is in the folder @path to @fd as a zip archive. Blocks. */
gboolean _runtime_use_folder_archive_write (const char         *path,
                                            int                 fd,
                                            RuntimeUseLeftOut  *left_out,
                                            GCancellable       *cancellable,
                                            GError            **error);

G_END_DECLS
