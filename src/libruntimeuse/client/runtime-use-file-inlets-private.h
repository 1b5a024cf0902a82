/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-file-receipt-private.h"
#include "runtime-use-redactor.h"

G_BEGIN_DECLS

/* Which folder of this machine takes the files of which folder of the runtime. */
typedef struct _RuntimeUseFileInlets RuntimeUseFileInlets;

/* One of these folders. */
typedef struct
{
  char                    *remote_dir;
  char                    *shown_dir;   /* (nullable): the same without the secrets of a request */
  char                    *local_dir;
  RuntimeUseReceiptFolder *folder;      /* (nullable): not opened */
} RuntimeUseFileInlet;

RuntimeUseFileInlets *
         _runtime_use_file_inlets_new             (void);
void     _runtime_use_file_inlets_free            (RuntimeUseFileInlets  *self);
void     _runtime_use_file_inlets_add             (RuntimeUseFileInlets  *self,
                                                   const char            *remote_dir,
                                                   const char            *local_dir);

/* Makes those that are missing. Blocks. */
gboolean _runtime_use_file_inlets_open            (RuntimeUseFileInlets  *self,
                                                   GError               **error);

/* The folders of the runtime, ended by NULL. */
const char * const *
         _runtime_use_file_inlets_get_remote_dirs (RuntimeUseFileInlets  *self);

/* From now on the runtime may call its folders as @redactor leaves them. */
void     _runtime_use_file_inlets_hide_secrets    (RuntimeUseFileInlets  *self,
                                                   RuntimeUseRedactor    *redactor);

/* Whose file @filepath is, or NULL. @name, which lives as long as @filepath, is the path in there,
 * or NULL if it leads out.
 */
RuntimeUseFileInlet *
         _runtime_use_file_inlets_find            (RuntimeUseFileInlets  *self,
                                                   const char            *filepath,
                                                   const char           **name);

G_END_DECLS
