/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"

static void
test_json_node_round_trip (void)
{
  static const char * const cases[][2] = {
    { "null", "null" },
    { "[true,false,null]", "[true,false,null]" },
    { "{\"b\":{},\"a\":[]}", "{\"b\":{},\"a\":[]}" },
    { "[9223372036854775807,-9223372036854775808,0]",
      "[9223372036854775807,-9223372036854775808,0]" },
    { "[0.1,1.0,1e300,5e-324,123456789.123456789]",
      "[0.1,1.0,1e+300,4.94065645841247e-324,123456789.12345679]" },
    { "[9223372036854775808,1e22]", "[9.223372036854775808e18,1e+22]" },
    { "\"\\u00e9\\n\\\"\"", "\"é\\n\\\"\"" },
    { "{\"a\":1,\"a\":2}", "{\"a\":2}" },
  };

  g_test_summary ("A document is the same after it was a node");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) node = _runtime_use_json_to_node (cases[i][0], &error);
      g_autoptr(JsonNode) expected = NULL;
      g_autofree char *json = NULL;

      g_assert_no_error (error);
      json = _runtime_use_json_from_node (node, &error);
      g_assert_no_error (error);

      expected = _runtime_use_json_to_node (cases[i][1], &error);
      g_assert_true (json_node_equal (node, expected));
      if (strstr (cases[i][1], "e18") == NULL)
        g_assert_cmpstr (json, ==, cases[i][1]);
    }
}

static void
test_json_node_refused (void)
{
  static const struct { const char *json; RuntimeUseError code; } cases[] = {
    { "", RUNTIME_USE_ERROR_MALFORMED },
    { "{\"a\":1", RUNTIME_USE_ERROR_MALFORMED },
    { "[\"\\u0000\"]", RUNTIME_USE_ERROR_INVALID_FIELD },
    { "{\"\\u0000\":1}", RUNTIME_USE_ERROR_INVALID_FIELD },
    { "[1e400]", RUNTIME_USE_ERROR_INVALID_FIELD },
    { "[[-1e400]]", RUNTIME_USE_ERROR_INVALID_FIELD },
  };

  g_test_summary ("What a node cannot hold is an error");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (_runtime_use_json_to_node (cases[i].json, &error));
      g_assert_error (error, RUNTIME_USE_ERROR, (int) cases[i].code);
    }
}

/* Takes @node. */
static void
assert_not_written (JsonNode        *node,
                    RuntimeUseError  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (_runtime_use_json_from_node (node, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, (int) code);
  json_node_unref (node);
}

static void
test_json_node_not_written (void)
{
  JsonNode *deep = json_node_new (JSON_NODE_NULL);
  g_autoptr(JsonNode) empty = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *json = NULL;

  g_test_summary ("What JSON cannot say is an error");

  assert_not_written (json_node_init_double (json_node_alloc (), (double) INFINITY),
                      RUNTIME_USE_ERROR_INVALID_FIELD);
  assert_not_written (json_node_init_double (json_node_alloc (), (double) NAN),
                      RUNTIME_USE_ERROR_INVALID_FIELD);
  assert_not_written (json_node_init_string (json_node_alloc (), "\xff"),
                      RUNTIME_USE_ERROR_INVALID_FIELD);

  for (guint i = 0; i < 65; i++)
    {
      JsonArray *array = json_array_new ();

      json_array_add_element (array, deep);
      deep = json_node_init_array (json_node_alloc (), array);
      json_array_unref (array);
    }
  assert_not_written (deep, RUNTIME_USE_ERROR_TOO_LARGE);

  json = _runtime_use_json_from_node (empty, NULL);
  g_assert_cmpstr (json, ==, "null");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/json-node/round-trip", test_json_node_round_trip);
  g_test_add_func ("/json-node/refused", test_json_node_refused);
  g_test_add_func ("/json-node/not-written", test_json_node_not_written);

  return g_test_run ();
}
