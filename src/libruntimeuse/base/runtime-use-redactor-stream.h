/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_REDACTOR_STREAM (runtime_use_redactor_stream_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseRedactorStream, runtime_use_redactor_stream,
                      RUNTIME_USE, REDACTOR_STREAM, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
char *runtime_use_redactor_stream_push   (RuntimeUseRedactorStream *self,
                                          const char               *text);
RUNTIME_USE_AVAILABLE_IN_0_1
char *runtime_use_redactor_stream_finish (RuntimeUseRedactorStream *self);

G_END_DECLS
