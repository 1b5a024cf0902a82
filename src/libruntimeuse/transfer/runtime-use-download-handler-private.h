/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-download-handler.h"

G_BEGIN_DECLS

/* For tests: stores to a temporary file that has a name, as on file systems that know no others. */
void _runtime_use_download_handler_set_named_file (RuntimeUseDownloadHandler *self);

G_END_DECLS
