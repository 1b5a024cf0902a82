/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor-stream.h"
#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_REDACTOR (runtime_use_redactor_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseRedactor, runtime_use_redactor, RUNTIME_USE, REDACTOR, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseRedactor       *runtime_use_redactor_new         (const char * const *secrets);

RUNTIME_USE_AVAILABLE_IN_0_1
gboolean                  runtime_use_redactor_is_empty    (RuntimeUseRedactor *self);

RUNTIME_USE_AVAILABLE_IN_0_1
char                     *runtime_use_redactor_redact      (RuntimeUseRedactor *self,
                                                            const char         *text);
RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseRedactorStream *runtime_use_redactor_open_stream (RuntimeUseRedactor *self);

RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode                 *runtime_use_redact_secrets       (JsonNode           *value,
                                                            const char * const *secrets);

G_END_DECLS
