/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The tokens of all requests of an invocation. No number exceeds what every reader of JSON keeps
 * exactly, which is 2⁵³ - 1. */
typedef struct
{
  gint64  input;
  gint64  output;
  gint64  total;
  GArray *input_details;    /* RuntimeUseTokenDetail, as they came up */
  GArray *output_details;
} RuntimeUseTokenUsage;

typedef struct
{
  char   *name;             /* as in the result */
  gint64  tokens;
} RuntimeUseTokenDetail;

void      _runtime_use_token_usage_init    (RuntimeUseTokenUsage       *self);
void      _runtime_use_token_usage_clear   (RuntimeUseTokenUsage       *self);
void      _runtime_use_token_usage_add     (RuntimeUseTokenUsage       *self,
                                            JsonNode                   *usage);
JsonNode *_runtime_use_token_usage_to_node (const RuntimeUseTokenUsage *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RuntimeUseTokenUsage, _runtime_use_token_usage_clear)

G_END_DECLS
