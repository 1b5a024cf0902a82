/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * Files beneath a folder that is given as a descriptor. Paths are relative, without "." and "..",
 * and no symbolic link is ever followed on the way, whoever put it there and when.
 *
 * Like the system calls they stand for, these return -1 and set errno. ELOOP, ENOTDIR and EXDEV
 * mean that something on the way is no folder.
 */

int      _runtime_use_jail_open       (int          folder,
                                          const char  *path,
                                          int          flags,
                                          mode_t       mode);
int      _runtime_use_jail_open_parent (int         folder,
                                          const char  *path,
                                          const char **leaf);
int      _runtime_use_jail_make_folder (int         folder,
                                          const char  *path,
                                          mode_t       mode);

/* Removes the folder @name of @parent with all that is in it. */
gboolean _runtime_use_jail_remove     (int          parent,
                                          const char  *name);

/* For tests: does without openat2(), as on a kernel that lacks it. */
void     _runtime_use_jail_set_walk   (gboolean     walk);

G_END_DECLS
