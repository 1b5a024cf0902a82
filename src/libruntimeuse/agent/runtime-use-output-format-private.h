/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So often a model is told what is wrong with its structured answer. */
#define RUNTIME_USE_OUTPUT_FORMAT_MAX_CORRECTIONS 2

/* What a structured answer has to look like, for agents that have to see to it themselves. */
typedef struct _RuntimeUseOutputFormat RuntimeUseOutputFormat;

/* @json is what the client sent: a schema, or {"type":"json_schema","schema":…}. */
RuntimeUseOutputFormat *_runtime_use_output_format_new        (const char              *json,
                                                               GError                 **error);
void                    _runtime_use_output_format_free       (RuntimeUseOutputFormat  *self);

/* As the client wrote it, on one line. */
const char             *_runtime_use_output_format_get_schema (RuntimeUseOutputFormat  *self);
gboolean                _runtime_use_output_format_is_strict  (RuntimeUseOutputFormat  *self);

/* Returns the JSON object that @answer is. The error is one that a model can mend its answer by. */
char                   *_runtime_use_output_format_read       (RuntimeUseOutputFormat  *self,
                                                               const char              *answer,
                                                               GError                 **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseOutputFormat, _runtime_use_output_format_free)

G_END_DECLS
