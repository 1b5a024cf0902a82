/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-error-name-private.h"

#include "runtime-use-error.h"

const char *
_runtime_use_error_get_name (const GError *error)
{
  g_autoptr(GEnumClass) klass = NULL;
  GEnumValue *value;

  if (error->domain != RUNTIME_USE_ERROR)
    return g_quark_to_string (error->domain);

  klass = g_type_class_ref (RUNTIME_USE_TYPE_ERROR);
  value = g_enum_get_value (klass, error->code);

  return value != NULL ? value->value_nick : "failed";
}
