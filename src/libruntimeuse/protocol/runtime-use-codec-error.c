/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-read-private.h"

#include "runtime-use-error.h"

static const char *
describe (const RuntimeUseJsonValue *value)
{
  switch (value->token)
    {
    case RUNTIME_USE_JSON_NULL:
      return "null";
    case RUNTIME_USE_JSON_FALSE:
    case RUNTIME_USE_JSON_TRUE:
      return "a boolean";
    case RUNTIME_USE_JSON_NUMBER:
      return "a number";
    case RUNTIME_USE_JSON_STRING:
      return "a string";
    case RUNTIME_USE_JSON_ARRAY:
      return "an array";
    case RUNTIME_USE_JSON_OBJECT:
      return "an object";
    case RUNTIME_USE_JSON_NAME:
    case RUNTIME_USE_JSON_ARRAY_END:
    case RUNTIME_USE_JSON_OBJECT_END:
    case RUNTIME_USE_JSON_ERROR:
    case RUNTIME_USE_JSON_END:
    default:
      g_assert_not_reached ();
    }
}

gboolean
_runtime_use_field_fail (GError     **error,
                         const char  *format,
                         ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, format, args);
  va_end (args);

  return FALSE;
}

gboolean
_runtime_use_field_fail_items (GError **error,
                               gsize    max_items)
{
  g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
               " has more than %" G_GSIZE_FORMAT " items", max_items);

  return FALSE;
}

gboolean
_runtime_use_field_expect (const RuntimeUseJsonValue  *value,
                           RuntimeUseJsonToken         token,
                           const char                 *what,
                           GError                    **error)
{
  if (value->token == token)
    return TRUE;

  return _runtime_use_field_fail (error, " must be %s, not %s", what, describe (value));
}

gboolean
_runtime_use_field_expect_string (const RuntimeUseJsonValue  *value,
                                  GError                    **error)
{
  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_STRING, "a string", error))
    return FALSE;
  if (value->has_nul)
    return _runtime_use_field_fail (error, " must not hold a NUL character");

  return TRUE;
}
