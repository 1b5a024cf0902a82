/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "fuzz.h"
#include "runtime-use-error.h"
#include "runtime-use-json-node-private.h"
#include "runtime-use-json-reader-private.h"
#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-writer-private.h"

/* A document that we take must be one for others, too. */
static void
check_with_other_parser (const char *json,
                         gsize       length)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;

  json_parser_load_from_data (parser, json, (gssize) length, &error);
  g_assert_no_error (error);
}

static void
check_redaction (const char *compact)
{
  const char * const secrets[] = { "secret", "key", "1", "a", NULL };
  g_autoptr(RuntimeUseRedactor) redactor = runtime_use_redactor_new (secrets);
  g_autofree char *redacted = _runtime_use_json_redact (redactor, compact);
  g_autofree char *again = _runtime_use_json_redact (redactor, redacted);

  g_assert_true (_runtime_use_json_validate (redacted, strlen (redacted), NULL));
  g_assert_cmpstr (redacted, ==, again);
}

static void
check_node (const char *compact)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = _runtime_use_json_to_node (compact, &error);
  g_autoptr(JsonNode) again = NULL;
  g_autofree char *json = NULL;

  if (node == NULL)
    {
      g_assert_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD);
      return;
    }

  json = _runtime_use_json_from_node (node, &error);
  g_assert_no_error (error);
  again = _runtime_use_json_to_node (json, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
}

static void
check_document (const char *json,
                gsize       length)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *compact = _runtime_use_json_compact (json, length, &error);
  g_autofree char *again = NULL;

  if (!_runtime_use_json_validate (json, length, NULL))
    {
      g_assert_null (compact);
      g_assert_true (error->domain == RUNTIME_USE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }

  g_assert_no_error (error);
  g_assert_true (g_utf8_validate (compact, -1, NULL));
  again = _runtime_use_json_compact (compact, strlen (compact), &error);
  g_assert_cmpstr (compact, ==, again);

  check_with_other_parser (json, length);
  check_redaction (compact);
  check_node (compact);
}

/* Any text can be written as a string, and reads back. */
static void
check_writer (const char *bytes,
              gsize       length)
{
  g_autofree char *text = g_utf8_make_valid (bytes, (gssize) length);
  g_autoptr(GString) json = g_string_new (NULL);
  g_autofree char *back = NULL;
  RuntimeUseJsonReader reader;
  gsize encoded;
  gsize fit;

  length = strlen (text);
  _runtime_use_json_append_string (json, text, length);
  encoded = _runtime_use_json_string_length (text, length);
  g_assert_cmpint (json->len, ==, encoded + 2);

  _runtime_use_json_reader_init (&reader, json->str, json->len);
  g_assert_cmpint (_runtime_use_json_reader_next (&reader), ==, RUNTIME_USE_JSON_STRING);
  back = _runtime_use_json_value_dup_string (&reader.current, NULL);
  g_assert_cmpstr (text, ==, back);

  fit = _runtime_use_json_fit_prefix (text, length, encoded / 2);
  g_assert_true (g_utf8_validate (text, (gssize) fit, NULL));
  g_assert_cmpint (_runtime_use_json_string_length (text, fit), <=, encoded / 2);
  fit = _runtime_use_json_fit_suffix (text, length, encoded / 2);
  g_assert_true (g_utf8_validate (text + length - fit, (gssize) fit, NULL));
  g_assert_cmpint (_runtime_use_json_string_length (text + length - fit, fit), <=, encoded / 2);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *text = size > 0 ? (const char *) data : "";

  check_document (text, size);
  check_writer (text, size);

  return 0;
}
