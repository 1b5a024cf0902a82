/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * A folder inside of another one that takes what is unpacked until all of it is there. Then it is
 * moved into place, so that an archive that turns out to be bad changes nothing.
 *
 * Paths are clean. Errors do not name the member; whoever called knows it.
 */
typedef struct _RuntimeUseArchiveStaging RuntimeUseArchiveStaging;

RuntimeUseArchiveStaging *_runtime_use_archive_staging_new (int        folder,
                                                            GError   **error);

/* Removes what was not moved into place. */
void     _runtime_use_archive_staging_free     (RuntimeUseArchiveStaging  *self);

int      _runtime_use_archive_staging_create   (RuntimeUseArchiveStaging  *self,
                                                const char                *path,
                                                guint                      mode,
                                                GError                   **error);
int      _runtime_use_archive_staging_open     (RuntimeUseArchiveStaging  *self,
                                                const char                *path,
                                                guint                     *mode,
                                                GError                   **error);
gboolean _runtime_use_archive_staging_add_link (RuntimeUseArchiveStaging  *self,
                                                const char                *path,
                                                const char                *target,
                                                GError                   **error);
gboolean _runtime_use_archive_staging_add_folder (RuntimeUseArchiveStaging *self,
                                                const char                *path,
                                                guint                      mode,
                                                GError                   **error);
gboolean _runtime_use_archive_staging_place    (RuntimeUseArchiveStaging  *self,
                                                GCancellable              *cancellable,
                                                GError                   **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseArchiveStaging, _runtime_use_archive_staging_free)

G_END_DECLS
