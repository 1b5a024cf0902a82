/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-output-format-private.h"

#include <string.h>

#include "runtime-use-error.h"

#define SCHEMA \
  "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}"

static void
test_schema (void)
{
  static const struct
  {
    const char *json;
    const char *schema;   /* (nullable): it is none */
  } cases[] = {
    { "{ \"type\": \"object\" }", "{\"type\":\"object\"}" },
    { "{}", "{}" },
    { "{\"schema\":{\"title\":\"a\\n\"},\"type\":\"json_schema\",\"name\":\"x\"}",
      "{\"title\":\"a\\n\"}" },
    { "{\"type\":\"json_schema\"}", NULL },
    { "{\"type\":\"json_schema\",\"schema\":[]}", NULL },
    { "{\"type\":\"nonsense\"}", NULL },
    { "17", NULL },
    { "{", NULL },
  };

  g_test_summary ("A schema is found in both forms of an output format");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RuntimeUseOutputFormat) format = _runtime_use_output_format_new (cases[i].json,
                                                                                 &error);

      if (cases[i].schema == NULL)
        {
          g_assert_null (format);
          g_assert_true (g_str_has_prefix (error->message, "output_format_json_schema_str: "));
          continue;
        }

      g_assert_no_error (error);
      g_assert_cmpstr (_runtime_use_output_format_get_schema (format), ==, cases[i].schema);
    }
}

static void
test_answers (void)
{
  static const struct
  {
    const char *answer;
    const char *json;    /* (nullable): it is of no use */
    const char *words;   /* of the error */
  } cases[] = {
    { "{\"n\": 3}", "{\"n\": 3}", NULL },
    { " \n{\"n\":3.0}\n", "{\"n\":3.0}", NULL },
    { "```json\n{\"n\":3}\n```", "{\"n\":3}\n", NULL },
    { "```\n{\"n\":3}```", "{\"n\":3}", NULL },
    { "```", NULL, "no JSON" },
    { "three", NULL, "no JSON" },
    { "[3]", NULL, "must be a JSON object" },
    { "{\"n\":\"3\"}", NULL, "/n" },
    { "{}", NULL, "n" },
  };
  g_autoptr(RuntimeUseOutputFormat) format = _runtime_use_output_format_new (SCHEMA, NULL);

  g_test_summary ("An answer is taken as it is, or it is told what is wrong with it");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *json = _runtime_use_output_format_read (format, cases[i].answer, &error);

      g_assert_cmpstr (json, ==, cases[i].json);
      g_assert_true ((json == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

static void
test_strict (void)
{
  g_autoptr(RuntimeUseOutputFormat) open = _runtime_use_output_format_new (SCHEMA, NULL);
  g_autoptr(RuntimeUseOutputFormat) closed = _runtime_use_output_format_new (
    "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}", NULL);

  g_test_summary ("A service may be strict about closed objects only");

  g_assert_false (_runtime_use_output_format_is_strict (open));
  g_assert_true (_runtime_use_output_format_is_strict (closed));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/output-format/schema", test_schema);
  g_test_add_func ("/output-format/answers", test_answers);
  g_test_add_func ("/output-format/strict", test_strict);

  return g_test_run ();
}
