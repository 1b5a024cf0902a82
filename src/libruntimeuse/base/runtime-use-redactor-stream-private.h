/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor-private.h"
#include "runtime-use-secret-scan-private.h"

G_BEGIN_DECLS

RuntimeUseSecretMatcher  *_runtime_use_redactor_get_matcher (RuntimeUseRedactor *self);
RuntimeUseRedactorStream *_runtime_use_redactor_stream_new  (RuntimeUseRedactor *redactor);

G_END_DECLS
