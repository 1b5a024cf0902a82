/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-file-server-private.h"

G_BEGIN_DECLS

/* What an object that has a file server does with its news, in a main context of its own. */
typedef struct
{
  RuntimeUseFileFunc file;

  /* Nothing is left of the server; nothing comes after that. */
  void            (* gone) (gpointer owner);
} RuntimeUseFileMailboxOwner;

/* Starts a server that tells @owner_data, an object, what happens, for as long as that is there. */
RuntimeUseFileServer *_runtime_use_file_mailbox_new_server
                                              (guint64                           max_size,
                                               GMainContext                     *context,
                                               const RuntimeUseFileMailboxOwner *owner,
                                               gpointer                          owner_data,
                                               GError                          **error);

G_END_DECLS
