/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-json-reader-private.h"

G_BEGIN_DECLS

/*
 * Members of objects that others made, of which we need but a few. What is not there, or null, has
 * the token RUNTIME_USE_JSON_END.
 */

gboolean _runtime_use_json_pick         (const char                *json,
                                         gsize                      length,
                                         const char * const        *names,
                                         RuntimeUseJsonValue       *values,
                                         guint                      n,
                                         GError                   **error);

/* Of a value that was read, so it is known to be valid. Picks nothing if that is no object. */
void     _runtime_use_json_pick_from    (const RuntimeUseJsonValue *object,
                                         const char * const        *names,
                                         RuntimeUseJsonValue       *values,
                                         guint                      n);

/* What is to be found at NAME.NAME.… */
void     _runtime_use_json_pick_path    (const RuntimeUseJsonValue *object,
                                         const char                *path,
                                         RuntimeUseJsonValue       *value);

/* Whether it is a string that says @text. */
gboolean _runtime_use_json_pick_is      (const RuntimeUseJsonValue *value,
                                         const char                *text);

/* NULL if it is no string; what it says otherwise, with U+FFFD for each NUL. */
char    *_runtime_use_json_pick_string  (const RuntimeUseJsonValue *value);

/* FALSE if it is no whole number of 64 bits. */
gboolean _runtime_use_json_pick_integer (const RuntimeUseJsonValue *value,
                                         gint64                    *number);

G_END_DECLS
