/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

JsonNode *_runtime_use_json_to_node   (const char  *json,
                                       GError     **error);
char     *_runtime_use_json_from_node (JsonNode    *node,
                                       GError     **error);

G_END_DECLS
