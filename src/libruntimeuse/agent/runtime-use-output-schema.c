/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-output-schema-private.h"

#include "runtime-use-error.h"
#include "runtime-use-json-members-private.h"
#include "runtime-use-json-redaction-private.h"

#include <string.h>

char *
_runtime_use_output_schema_dup (const char  *output_format,
                                GError     **error)
{
  static const RuntimeUseJsonText names[] = {
    RUNTIME_USE_JSON_TEXT ("type"), RUNTIME_USE_JSON_TEXT ("schema"),
  };
  static const RuntimeUseJsonText wrapper = RUNTIME_USE_JSON_TEXT ("json_schema");
  RuntimeUseJsonValue values[G_N_ELEMENTS (names)];
  const RuntimeUseJsonValue *schema = &values[1];

  if (!_runtime_use_json_members_read (output_format, strlen (output_format), names,
                                       G_N_ELEMENTS (names), values, error))
    {
      g_prefix_error (error, "output_format_json_schema_str must be a JSON schema: ");
      return NULL;
    }
  if (!_runtime_use_json_value_is (&values[0], &wrapper))
    return _runtime_use_json_compact (output_format, strlen (output_format), error);
  if (schema->token == RUNTIME_USE_JSON_OBJECT)
    return _runtime_use_json_compact (schema->text, schema->length, error);

  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                       "output_format_json_schema_str has the type \"json_schema\", but no "
                       "object in \"schema\"");

  return NULL;
}
