/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The files that were offered and accepted, counted from 0. */
typedef struct _RuntimeUseFileArrivals RuntimeUseFileArrivals;

/* One of them. */
typedef struct
{
  char     *filepath;
  char     *local_path;
  gboolean  is_settled;   /* it has come, or something was said about it */
} RuntimeUseFileArrival;

RuntimeUseFileArrivals *
         _runtime_use_file_arrivals_new     (void);
void     _runtime_use_file_arrivals_free    (RuntimeUseFileArrivals *self);
gboolean _runtime_use_file_arrivals_is_full (RuntimeUseFileArrivals *self);

/* Returns which one it is. Takes over @local_path. */
guint    _runtime_use_file_arrivals_add     (RuntimeUseFileArrivals *self,
                                             const char             *filepath,
                                             char                   *local_path);

/* The one with a number, or NULL if there is none. */
RuntimeUseFileArrival *
         _runtime_use_file_arrivals_get     (RuntimeUseFileArrivals *self,
                                             guint                   index);

/* The last one that was offered under a name, or NULL. */
RuntimeUseFileArrival *
         _runtime_use_file_arrivals_find    (RuntimeUseFileArrivals *self,
                                             const char             *filepath);

G_END_DECLS
