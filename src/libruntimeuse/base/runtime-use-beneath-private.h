/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * What lies beneath a folder that is given as a descriptor. No symbolic link is followed, whoever
 * puts one there and when, and a path that is absolute or has a `..` in it is refused. Paths have
 * no greatest length. An empty one means the folder itself.
 *
 * Like the system calls they stand for, these return -1 and set errno. EXDEV means that the path
 * leads out, ELOOP or ENOTDIR that a link or a file is where there should be a folder.
 */

/* With O_PATH a link that is the last name of @path is opened itself; otherwise that is ELOOP. */
int      _runtime_use_beneath_open        (int          folder,
                                           const char  *path,
                                           int          flags,
                                           mode_t       mode);

/* Opens the folder that @path lies in; @leaf becomes the last name of it. */
int      _runtime_use_beneath_open_parent (int          folder,
                                           const char  *path,
                                           const char **leaf);

/* Makes @path and what is missing above it. It may be there already, as a folder. */
int      _runtime_use_beneath_make_folder (int          folder,
                                           const char  *path);

/* Follows all links in @path. Returns the path of what they lead to, without links, or NULL if they
 * lead out of the folder, where errno is EXDEV, or nowhere, where it is ELOOP. It need not exist.
 * Absolute links count as leading into the folder if they begin with @folder_path. */
char    *_runtime_use_beneath_resolve     (int          folder,
                                           const char  *folder_path,
                                           const char  *path);

/* Removes what has that name in @folder, with all that is in it. */
gboolean _runtime_use_beneath_remove      (int          folder,
                                           const char  *name);

/* For tests: does without openat2(), as on a kernel that lacks it. Returns whether there is one. */
gboolean _runtime_use_beneath_set_walk    (gboolean     walk);

G_END_DECLS
