/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-redactor.h"

G_BEGIN_DECLS

char *_runtime_use_json_compact (const char          *json,
                                 gsize                length,
                                 GError             **error);
char *_runtime_use_json_redact  (RuntimeUseRedactor  *redactor,
                                 const char          *json);

G_END_DECLS
