/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-redaction-private.h"

static void
assert_redacted (const char *json,
                 const char *secret,
                 const char *expected)
{
  const char * const secrets[] = { secret, NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autofree char *redacted = _runtime_use_json_redact (redactor, json);
  g_autofree char *again = _runtime_use_json_redact (redactor, redacted);

  g_assert_cmpstr (redacted, ==, expected);
  g_assert_cmpstr (again, ==, expected);
}

static void
test_json_redaction_values (void)
{
  g_test_summary ("Strings and names are redacted however deep, other values never");

  assert_redacted ("{\"a\":[\"xsecretx\",{\"secret\":true}],\"b\":null}", "secret",
                   "{\"a\":[\"x[REDACTED]x\",{\"[REDACTED]\":true}],\"b\":null}");
  assert_redacted ("[12345,true,null,-1.5e+99]", "1", "[12345,true,null,-1.5e+99]");
  assert_redacted ("[true,\"true\",null]", "true", "[true,\"[REDACTED]\",null]");
  assert_redacted ("[\"s\\u0065cret\",\"a\\u0000b\"]", "secret", "[\"[REDACTED]\",\"a\\u0000b\"]");
  assert_redacted ("\"a\\nb\"", "a\nb", "\"[REDACTED]\"");
  assert_redacted ("{\"a\\\"b\":\"\\\\n\"}", "\\n", "{\"a\\\"b\":\"[REDACTED]\"}");
}

static void
test_json_redaction_names (void)
{
  g_test_summary ("Names that become equal stay distinct, those that were equal stay equal");

  assert_redacted ("{\"k1\":1,\"k2\":2,\"k1\":3}", "k1",
                   "{\"[REDACTED]\":1,\"k2\":2,\"[REDACTED]\":3}");
  assert_redacted ("{\"k\":1,\"[REDACTED]\":2}", "k", "{\"[REDACTED]\":1,\"[REDACTED] (2)\":2}");
  assert_redacted ("{\"[REDACTED] (2)\":0,\"[REDACTED]\":1,\"k\":2,\"x\":{\"k\":3}}", "k",
                   "{\"[REDACTED] (2)\":0,\"[REDACTED]\":1,\"[REDACTED] (3)\":2,"
                   "\"x\":{\"[REDACTED]\":3}}");
  assert_redacted ("{\"k\":1,\"[REDACTED]\":2,\"[REDACTED] (2)\":3}", "k",
                   "{\"[REDACTED]\":1,\"[REDACTED] (2)\":2,\"[REDACTED] (2) (2)\":3}");
}

static void
test_json_redaction_many_names (void)
{
  const char * const secrets[] = { "xyz", "q", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autoptr(GString) json = g_string_new ("{");
  g_autofree char *redacted = NULL;

  g_test_summary ("Numbering many names is not slow");

  /* Twenty thousand different names that all become the same. */
  for (guint i = 0; i < 20000; i++)
    {
      g_string_append (json, i > 0 ? ",\"" : "\"");
      for (guint rest = i + 1; rest > 0; rest >>= 1)
        g_string_append (json, (rest & 1) != 0 ? "xyz" : "q");
      g_string_append (json, "\":1");
    }
  g_string_append_c (json, '}');

  redacted = _runtime_use_json_redact (redactor, json->str);
  g_assert_nonnull (strstr (redacted, "(2)"));
  g_assert_null (strstr (redacted, "xyz"));
}

static void
test_json_redaction_compact (void)
{
  static const char * const cases[][2] = {
    { "{}", "{}" },
    { " [ 1.50 , 1e400 ]\n", "[1.50,1e400]" },
    { "{ \"a b\" : \" \" }", "{\"a b\":\" \"}" },
    { "\"\\u00e9\\/\\u0007\\ud83d\\ude00\\u0000\"", "\"é/\\u0007😀\\u0000\"" },
    { "{\"a\":1,\"\\u0061\":2}", "{\"a\":1,\"a\":2}" },
    { "[[],{},[{}]]", "[[],{},[{}]]" },
  };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Compacting changes how a document is written, not what it says");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *json = cases[i][0];
      g_autofree char *compact = _runtime_use_json_compact (json, strlen (json), NULL);

      g_assert_cmpstr (compact, ==, cases[i][1]);
    }

  g_assert_null (_runtime_use_json_compact ("{} {}", 5, &error));
  g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/json-redaction/values", test_json_redaction_values);
  g_test_add_func ("/json-redaction/names", test_json_redaction_names);
  g_test_add_func ("/json-redaction/many-names", test_json_redaction_many_names);
  g_test_add_func ("/json-redaction/compact", test_json_redaction_compact);

  return g_test_run ();
}
