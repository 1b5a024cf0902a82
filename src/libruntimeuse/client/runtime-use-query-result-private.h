/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-query-result.h"
#include "runtime-use-result-message.h"

G_BEGIN_DECLS

RuntimeUseQueryResult *_runtime_use_query_result_new (RuntimeUseResultMessage *message);

G_END_DECLS
