/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-artifact-manager.h"

G_BEGIN_DECLS

/* For what folders and uploads have to complain about. */
void _runtime_use_artifact_manager_set_logger (RuntimeUseArtifactManager *self,
                                               RuntimeUseLogger          *logger);

G_END_DECLS
