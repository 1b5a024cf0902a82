/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-token-usage-private.h"

#define MAX_TOKENS ((G_GINT64_CONSTANT (1) << 53) - 1)

static void
check_details (JsonObject *object,
               const char *name)
{
  JsonObject *details;
  g_autoptr(GList) values = NULL;

  if (!json_object_has_member (object, name))
    return;

  details = json_object_get_object_member (object, name);
  g_assert_cmpuint (json_object_get_size (details), >, 0);
  values = json_object_get_values (details);
  for (GList *l = values; l != NULL; l = l->next)
    {
      g_assert_cmpint (json_node_get_int (l->data), >=, 0);
      g_assert_cmpint (json_node_get_int (l->data), <=, MAX_TOKENS);
    }
}

static void
check_total (JsonObject *object,
             const char *name)
{
  gint64 tokens = json_object_get_int_member (object, name);

  g_assert_cmpint (tokens, >=, 0);
  g_assert_cmpint (tokens, <=, MAX_TOKENS);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size);
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (text, NULL);
  g_auto(RuntimeUseTokenUsage) usage = { 0 };
  g_autoptr(JsonNode) result = NULL;
  JsonObject *object;

  if (node == NULL)
    return 0;

  /* Twice, for sums. */
  _runtime_use_token_usage_init (&usage);
  _runtime_use_token_usage_add (&usage, node);
  _runtime_use_token_usage_add (&usage, node);

  result = _runtime_use_token_usage_to_node (&usage);
  object = json_node_get_object (result);
  check_total (object, "inputTokens");
  check_total (object, "outputTokens");
  check_total (object, "totalTokens");
  check_details (object, "inputTokensDetails");
  check_details (object, "outputTokensDetails");

  return 0;
}
