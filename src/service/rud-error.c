/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-error.h"

#include "runtimeuse.h"

gboolean
rud_fail (GError     **error,
          const char  *format,
          ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT, text);

  return FALSE;
}
