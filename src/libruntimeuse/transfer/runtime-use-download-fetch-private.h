/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-archive-extractor-private.h"
#include "runtime-use-download-url-private.h"
#include "runtime-use-download-watch-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint                   connect_timeout;   /* seconds */
  guint                   idle_timeout;      /* seconds */
  guint                   timeout;           /* seconds */
  guint64                 max_size;
  guint                   max_redirects;
  gboolean                allow_local;
  RuntimeUseExtractLimits extract;
} RuntimeUseDownloadSettings;

/* Writes what is at @url to @fd. It blocks, and needs a thread whose thread-default main context
 * nobody else uses. */
gboolean _runtime_use_download_fetch (const RuntimeUseDownloadUrl       *url,
                                      const RuntimeUseDownloadSettings  *settings,
                                      RuntimeUseDownloadWatch           *watch,
                                      int                                fd,
                                      int                                folder,
                                      GCancellable                      *cancellable,
                                      GError                           **error);

G_END_DECLS
