/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-pick-private.h"

#include <string.h>

#include "runtime-use-error.h"

/* Up to here a double holds each integer. */
#define MAX_EXACT 9007199254740992.0

static int
find_name (const RuntimeUseJsonValue *name,
           const char * const        *names,
           guint                      n)
{
  for (guint i = 0; i < n; i++)
    if (_runtime_use_json_value_equals (name, names[i], strlen (names[i])))
      return (int) i;

  return -1;
}

/* Reads the members of an object whose beginning was read. Of one name the last one counts. */
static gboolean
pick (RuntimeUseJsonReader *reader,
      const char * const   *names,
      RuntimeUseJsonValue  *values,
      guint                 n)
{
  RuntimeUseJsonToken token;

  while ((token = _runtime_use_json_reader_next (reader)) == RUNTIME_USE_JSON_NAME)
    {
      int index = find_name (&reader->current, names, n);
      RuntimeUseJsonValue value;

      if (!_runtime_use_json_reader_read_value (reader, &value))
        return FALSE;
      if (index < 0)
        continue;

      values[index] = value;
      if (value.token == RUNTIME_USE_JSON_NULL)
        values[index].token = RUNTIME_USE_JSON_END;
    }

  return token == RUNTIME_USE_JSON_OBJECT_END;
}

static void
clear_values (RuntimeUseJsonValue *values,
              guint                n)
{
  memset (values, 0, n * sizeof *values);
  for (guint i = 0; i < n; i++)
    values[i].token = RUNTIME_USE_JSON_END;
}

gboolean
_runtime_use_json_pick (const char           *json,
                        gsize                 length,
                        const char * const   *names,
                        RuntimeUseJsonValue  *values,
                        guint                 n,
                        GError              **error)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken first;

  clear_values (values, n);
  _runtime_use_json_reader_init (&reader, json, length);
  first = _runtime_use_json_reader_next (&reader);
  if (first != RUNTIME_USE_JSON_OBJECT && first != RUNTIME_USE_JSON_ERROR)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED,
                           "it is not a JSON object");
      return FALSE;
    }

  if (first == RUNTIME_USE_JSON_OBJECT && pick (&reader, names, values, n) &&
      _runtime_use_json_reader_next (&reader) == RUNTIME_USE_JSON_END)
    return TRUE;

  _runtime_use_json_reader_set_error (&reader, error);

  return FALSE;
}

void
_runtime_use_json_pick_from (const RuntimeUseJsonValue *object,
                             const char * const        *names,
                             RuntimeUseJsonValue       *values,
                             guint                      n)
{
  const RuntimeUseJsonValue whole = *object;
  RuntimeUseJsonReader reader;

  clear_values (values, n);
  if (whole.token != RUNTIME_USE_JSON_OBJECT)
    return;

  _runtime_use_json_value_open (&whole, &reader);
  pick (&reader, names, values, n);
}

void
_runtime_use_json_pick_path (const RuntimeUseJsonValue *object,
                             const char                *path,
                             RuntimeUseJsonValue       *value)
{
  g_auto(GStrv) names = g_strsplit (path, ".", -1);
  RuntimeUseJsonValue whole = *object;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      _runtime_use_json_pick_from (&whole, (const char * const *) &names[i], value, 1);
      whole = *value;
    }
}

gboolean
_runtime_use_json_pick_is (const RuntimeUseJsonValue *value,
                           const char                *text)
{
  return value->token == RUNTIME_USE_JSON_STRING &&
         _runtime_use_json_value_equals (value, text, strlen (text));
}

char *
_runtime_use_json_pick_string (const RuntimeUseJsonValue *value)
{
  g_autofree char *decoded = NULL;
  GString *text;
  gsize length;

  if (value->token != RUNTIME_USE_JSON_STRING)
    return NULL;

  decoded = _runtime_use_json_value_dup_string (value, &length);
  if (!value->has_nul)
    return g_steal_pointer (&decoded);

  text = g_string_new (decoded);
  for (gsize i = strlen (decoded); i < length; i += strlen (decoded + i))
    {
      i++;
      g_string_append_printf (text, "\357\277\275%s", decoded + i);
    }

  return g_string_free (text, FALSE);
}

gboolean
_runtime_use_json_pick_integer (const RuntimeUseJsonValue *value,
                                gint64                    *number)
{
  g_autofree char *text = NULL;
  double real;

  if (value->token != RUNTIME_USE_JSON_NUMBER)
    return FALSE;

  text = g_strndup (value->text, value->length);
  if (g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, number, NULL))
    return TRUE;

  /* 300.0 and 3e2 are integers as well. */
  real = g_ascii_strtod (text, NULL);
  if (!(real >= -MAX_EXACT && real <= MAX_EXACT))
    return FALSE;

  *number = (gint64) real;

  return (double) *number == real;
}
