/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-folder-archive-private.h"

G_BEGIN_DECLS

/* Packs the folder @path into a file without a name, and returns what is in that. Blocks. */
GBytes *_runtime_use_pack_folder (const char         *path,
                                  RuntimeUseLeftOut  *left_out,
                                  GCancellable       *cancellable,
                                  GError            **error);

G_END_DECLS
