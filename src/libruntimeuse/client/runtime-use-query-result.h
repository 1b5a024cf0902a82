/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_QUERY_RESULT (runtime_use_query_result_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseQueryResult, runtime_use_query_result,
                      RUNTIME_USE, QUERY_RESULT, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_query_result_get_text            (RuntimeUseQueryResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode   *runtime_use_query_result_get_structured      (RuntimeUseQueryResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_query_result_get_structured_json (RuntimeUseQueryResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
JsonNode   *runtime_use_query_result_get_metadata        (RuntimeUseQueryResult *self);
RUNTIME_USE_AVAILABLE_IN_0_1
const char *runtime_use_query_result_get_metadata_json   (RuntimeUseQueryResult *self);

G_END_DECLS
