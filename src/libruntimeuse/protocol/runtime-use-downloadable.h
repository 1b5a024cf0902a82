/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "runtime-use-enums.h"
#include "runtime-use-version-macros.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_DOWNLOADABLE (runtime_use_downloadable_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseDownloadable,
                      runtime_use_downloadable,
                      RUNTIME_USE, DOWNLOADABLE,
                      GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseDownloadable *
runtime_use_downloadable_new (const char *download_url,
                              const char *working_dir);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseDownloadable *
runtime_use_downloadable_new_full (const char        *download_url,
                                   const char        *working_dir,
                                   RuntimeUseExtract  extract);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_downloadable_get_download_url (RuntimeUseDownloadable *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *
runtime_use_downloadable_get_working_dir (RuntimeUseDownloadable *self);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseExtract
runtime_use_downloadable_get_extract (RuntimeUseDownloadable *self);

G_END_DECLS
