/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

/* How an invocation ended: exactly one of text, structured_output and error. */
typedef struct
{
  char   *text;
  char   *structured_output;   /* JSON object as text */
  GError *error;
  char   *metadata;            /* (nullable): JSON object as text */
} RuntimeUseOutcome;

RuntimeUseOutcome *_runtime_use_outcome_new_text              (const char        *text,
                                                               JsonNode          *metadata);
RuntimeUseOutcome *_runtime_use_outcome_new_structured_output (JsonNode          *object,
                                                               JsonNode          *metadata);
RuntimeUseOutcome *_runtime_use_outcome_new_json              (const char        *json);
RuntimeUseOutcome *_runtime_use_outcome_new_error             (const GError      *error,
                                                               JsonNode          *metadata);
void               _runtime_use_outcome_free                  (RuntimeUseOutcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseOutcome, _runtime_use_outcome_free)

G_END_DECLS
