/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* The folder that is watched: where it lies, and which one it is. It may be gone later, or another
 * one may have taken its place. Nothing is opened by way of a symbolic link that leads out of it,
 * nor by one that has taken the place of a folder on the way to it. */
typedef struct
{
  char  *folder;    /* as given */
  char  *real_path; /* (nullable): when it was first opened */
  dev_t  device;    /* of the folder, */
  ino_t  inode;     /* 0 while it is gone */
} RuntimeUseWatchTop;

void _runtime_use_watch_top_clear (RuntimeUseWatchTop *self);

/* Makes the folder if there is none. Returns an errno, or 0. */
int _runtime_use_watch_top_make (RuntimeUseWatchTop *self);

/* Opens what lies there now, for use as a directory only, or returns -1 with errno set; and whether
 * that is the folder that is known. */
int      _runtime_use_watch_top_open     (RuntimeUseWatchTop *self);
gboolean _runtime_use_watch_top_is_known (RuntimeUseWatchTop *self,
                                          int                 fd);

/* What is open now is the folder from here on. */
void _runtime_use_watch_top_take (RuntimeUseWatchTop *self,
                                  int                 fd);

/* The path of something in the folder, which is relative to it, as it is shown and back again, and
 * without a link in the path of the folder. */
char       *_runtime_use_watch_top_dup_path      (RuntimeUseWatchTop *self,
                                                  const char         *relative);
const char *_runtime_use_watch_top_get_relative  (RuntimeUseWatchTop *self,
                                                  const char         *path);
char       *_runtime_use_watch_top_dup_real_path (RuntimeUseWatchTop *self,
                                                  const char         *relative);

/* Whether it lies in the folder; FALSE before that was made. */
gboolean _runtime_use_watch_top_holds (RuntimeUseWatchTop *self,
                                       const char         *real_path);

/* Opens a regular file in the folder for reading, also by way of a link in it. Returns -1 with
 * errno set if that cannot be done. */
int _runtime_use_watch_top_open_file (RuntimeUseWatchTop *self,
                                      const char         *relative);

/* The same for a file of which there is a handle (O_PATH). */
int _runtime_use_watch_top_open_handle (int handle);

G_END_DECLS
