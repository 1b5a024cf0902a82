/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-archive-reader-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 max_size;      /* bytes of all members */
  guint   max_entries;
  guint   max_ratio;     /* bytes of all members to bytes of the archive */
} RuntimeUseExtractLimits;

typedef enum
{
  RUNTIME_USE_EXTRACTED_FAILED,
  RUNTIME_USE_EXTRACTED_NOTHING,   /* it is no archive; not for RUNTIME_USE_ARCHIVE_ZIP */
  RUNTIME_USE_EXTRACTED_ALL,
} RuntimeUseExtracted;

RuntimeUseExtracted
_runtime_use_archive_extract (int                             fd,
                              int                             folder,
                              RuntimeUseArchiveKind           kind,
                              const RuntimeUseExtractLimits  *limits,
                              GCancellable                   *cancellable,
                              GError                        **error);

G_END_DECLS
