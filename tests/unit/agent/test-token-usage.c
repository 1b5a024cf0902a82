/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-node-private.h"
#include "runtime-use-token-usage-private.h"

#define LARGEST "9007199254740991"

typedef struct
{
  const char *path;
  const char *usages;     /* an array, with one for each request */
  const char *expected;
} Example;

static const Example examples[] = {
  { "none", "[]", "{\"inputTokens\":0,\"outputTokens\":0,\"totalTokens\":0}" },
  { "responses",
    "[{\"input_tokens\":36,\"input_tokens_details\":{\"cached_tokens\":8},\"output_tokens\":87,"
    "\"output_tokens_details\":{\"reasoning_tokens\":5},\"total_tokens\":123}]",
    "{\"inputTokens\":36,\"outputTokens\":87,\"totalTokens\":123,"
    "\"inputTokensDetails\":{\"cachedTokens\":8},"
    "\"outputTokensDetails\":{\"reasoningTokens\":5}}" },
  { "chat",
    "[{\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30,"
    "\"prompt_tokens_details\":{\"cached_tokens\":1,\"audio_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":2,\"accepted_prediction_tokens\":3}}]",
    "{\"inputTokens\":10,\"outputTokens\":20,\"totalTokens\":30,"
    "\"inputTokensDetails\":{\"cachedTokens\":1,\"audioTokens\":0},"
    "\"outputTokensDetails\":{\"reasoningTokens\":2,\"acceptedPredictionTokens\":3}}" },
  { "sum",
    "[{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3},"
    "{\"input_tokens\":10,\"output_tokens\":20,\"total_tokens\":30,"
    "\"input_tokens_details\":{\"cached_tokens\":5}},"
    "{\"input_tokens\":100,\"output_tokens\":200,\"total_tokens\":300,"
    "\"input_tokens_details\":{\"cache_write_tokens\":50,\"cached_tokens\":60}}]",
    "{\"inputTokens\":111,\"outputTokens\":222,\"totalTokens\":333,"
    "\"inputTokensDetails\":{\"cachedTokens\":65,\"cacheWriteTokens\":50}}" },
  { "both-names",
    "[{\"input_tokens\":1,\"prompt_tokens\":1,\"output_tokens\":2,\"completion_tokens\":2,"
    "\"input_tokens_details\":null,\"prompt_tokens_details\":{\"cached_tokens\":1}}]",
    "{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3,"
    "\"inputTokensDetails\":{\"cachedTokens\":1}}" },
  { "no-total", "[{\"input_tokens\":1},{\"output_tokens\":2},{\"total_tokens\":10}]",
    "{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":13}" },
  { "whole-doubles", "[{\"input_tokens\":1.0,\"output_tokens\":2e3}]",
    "{\"inputTokens\":1,\"outputTokens\":2000,\"totalTokens\":2001}" },
  { "nonsense",
    "[null,1,\"a\",[],{},true,{\"input_tokens\":-1,\"output_tokens\":\"2\",\"total_tokens\":null},"
    "{\"input_tokens\":1.5,\"output_tokens\":[2],\"total_tokens\":{}},"
    "{\"input_tokens\":true,\"output_tokens\":-0.5,\"total_tokens\":-1e300},"
    "{\"input_tokens_details\":[],\"output_tokens_details\":7}]",
    "{\"inputTokens\":0,\"outputTokens\":0,\"totalTokens\":0}" },
  { "huge",
    "[{\"input_tokens\":9223372036854775807,\"output_tokens\":99999999999999999999,"
    "\"total_tokens\":1e300,\"input_tokens_details\":{\"cached_tokens\":1e19}},"
    "{\"input_tokens\":9223372036854775807,\"output_tokens\":1,"
    "\"total_tokens\":9007199254740990,\"input_tokens_details\":{\"cached_tokens\":7}}]",
    "{\"inputTokens\":" LARGEST ",\"outputTokens\":" LARGEST ",\"totalTokens\":" LARGEST ","
    "\"inputTokensDetails\":{\"cachedTokens\":" LARGEST "}}" },
  { "details-nonsense",
    "[{\"input_tokens_details\":{\"cached_tokens\":-1,\"a\":null,\"b\":\"x\",\"c\":{},\"d\":[1]}}]",
    "{\"inputTokens\":0,\"outputTokens\":0,\"totalTokens\":0}" },
  { "details-names",
    "[{\"input_tokens_details\":{\"\":1,\"_a\":2,\"A\":3,\"a b\":4,\"é\":5,\"a-b\":6,\"9\":7,"
    "\"a__b_\":8,\"aB\":9,\"a2_3\":10,"
    "\"a_name_of_more_than_sixty_four_characters_which_is_longer_than_any_that_we_know\":11}}]",
    "{\"inputTokens\":0,\"outputTokens\":0,\"totalTokens\":0,"
    "\"inputTokensDetails\":{\"aB\":8,\"a23\":10}}" },
};

static char *
add_up (const char *usages)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (usages, &error);
  g_auto(RuntimeUseTokenUsage) usage = { 0 };
  g_autoptr(JsonNode) result = NULL;
  char *json;

  g_assert_no_error (error);
  _runtime_use_token_usage_init (&usage);
  for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
    _runtime_use_token_usage_add (&usage, json_array_get_element (json_node_get_array (node), i));

  result = _runtime_use_token_usage_to_node (&usage);
  json = _runtime_use_json_from_node (result, &error);
  g_assert_no_error (error);

  return json;
}

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  g_autofree char *json = add_up (example->usages);

  g_assert_cmpstr (json, ==, example->expected);
}

static void
test_many_details (void)
{
  g_autoptr(GString) usages = g_string_new ("[");
  g_autofree char *json = NULL;
  g_autoptr(JsonNode) node = NULL;
  JsonObject *details;

  g_test_summary ("A server cannot make us keep any number of names");

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (usages, "%s{\"output_tokens_details\":{\"first\":1,\"a%u\":%u}}",
                            i > 0 ? "," : "", i, i);
  g_string_append_c (usages, ']');

  json = add_up (usages->str);
  node = _runtime_use_json_to_node (json, NULL);
  details = json_object_get_object_member (json_node_get_object (node), "outputTokensDetails");
  g_assert_cmpuint (json_object_get_size (details), ==, 16);
  g_assert_cmpint (json_object_get_int_member (details, "first"), ==, 100);
  g_assert_cmpint (json_object_get_int_member (details, "a14"), ==, 14);
}

static void
test_null (void)
{
  g_auto(RuntimeUseTokenUsage) usage = { 0 };
  g_autoptr(JsonNode) hollow = json_node_new (JSON_NODE_OBJECT);

  g_test_summary ("An answer without usage counts nothing");

  _runtime_use_token_usage_init (&usage);
  _runtime_use_token_usage_add (&usage, NULL);
  _runtime_use_token_usage_add (&usage, hollow);
  g_assert_cmpint (usage.total, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/token-usage/example/", examples[i].path, NULL);

      g_test_add_data_func (path, &examples[i], test_example);
    }

  g_test_add_func ("/token-usage/many-details", test_many_details);
  g_test_add_func ("/token-usage/null", test_null);

  return g_test_run ();
}
