/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-members-private.h"

#include "runtime-use-error.h"
#include "runtime-use-line-splitter-private.h"

static void
sweep (RuntimeUseJsonReader     *reader,
       const RuntimeUseJsonText *names,
       guint                     n_names,
       RuntimeUseJsonValue      *values)
{
  while (_runtime_use_json_reader_next (reader) == RUNTIME_USE_JSON_NAME)
    {
      RuntimeUseJsonValue name = reader->current;
      RuntimeUseJsonValue value;

      if (!_runtime_use_json_reader_read_value (reader, &value))
        return;

      for (guint i = 0; i < n_names; i++)
        if (_runtime_use_json_value_equals (&name, names[i].text, names[i].length))
          values[i] = value;
    }
}

static void
forget (RuntimeUseJsonValue *values,
        guint                n_values)
{
  for (guint i = 0; i < n_values; i++)
    values[i] = (RuntimeUseJsonValue) { .token = RUNTIME_USE_JSON_NULL };
}

gboolean
_runtime_use_json_members_read (const char                *text,
                                gsize                      length,
                                const RuntimeUseJsonText  *names,
                                guint                      n_names,
                                RuntimeUseJsonValue       *values,
                                GError                   **error)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken token;

  forget (values, n_names);
  _runtime_use_json_reader_init (&reader, text, length);
  token = _runtime_use_json_reader_next (&reader);
  if (token == RUNTIME_USE_JSON_OBJECT)
    sweep (&reader, names, n_names, values);
  if (reader.problem == NULL && token == RUNTIME_USE_JSON_OBJECT)
    _runtime_use_json_reader_next (&reader);

  if (reader.problem != NULL)
    {
      _runtime_use_json_reader_set_error (&reader, error);
      return FALSE;
    }
  if (token != RUNTIME_USE_JSON_OBJECT)
    {
      g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_MALFORMED,
                           "it is no object");
      return FALSE;
    }

  return TRUE;
}

void
_runtime_use_json_members_sweep (const RuntimeUseJsonValue *object,
                                 const RuntimeUseJsonText  *names,
                                 guint                      n_names,
                                 RuntimeUseJsonValue       *values)
{
  RuntimeUseJsonReader reader;

  forget (values, n_names);
  if (object->token != RUNTIME_USE_JSON_OBJECT)
    return;

  /* Already found to be sound, with the document that it is part of. */
  _runtime_use_json_value_open (object, &reader);
  sweep (&reader, names, n_names, values);
}

gboolean
_runtime_use_json_value_is (const RuntimeUseJsonValue *value,
                            const RuntimeUseJsonText  *text)
{
  return value->token == RUNTIME_USE_JSON_STRING &&
         _runtime_use_json_value_equals (value, text->text, text->length);
}

char *
_runtime_use_json_value_dup_text (const RuntimeUseJsonValue *value)
{
  g_autofree char *decoded = NULL;
  GString *text;
  gsize length;

  if (value->token != RUNTIME_USE_JSON_STRING)
    return NULL;

  decoded = _runtime_use_json_value_dup_string (value, &length);
  if (!value->has_nul)
    return g_steal_pointer (&decoded);

  text = g_string_new (NULL);
  _runtime_use_append_without_nul (text, decoded, length);

  return g_string_free (text, FALSE);
}
