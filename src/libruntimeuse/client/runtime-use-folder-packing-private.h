/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Packs some folders in a thread, one after the other; @paths is copied. */
void     _runtime_use_pack_folders_async  (const char * const   *paths,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);

/* Gives a GBytes for each, and lines about what could not be packed. */
gboolean _runtime_use_pack_folders_finish (GAsyncResult         *result,
                                           GPtrArray           **contents,
                                           char               ***left_out,
                                           GError              **error);

G_END_DECLS
