/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-read-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-redaction-private.h"

static gboolean
read_string (const RuntimeUseField      *field,
             const RuntimeUseJsonValue  *value,
             gpointer                   *location,
             GError                    **error)
{
  if (!_runtime_use_field_expect_string (value, error))
    return FALSE;
  if (value->length == 0 && (field->flags & RUNTIME_USE_FIELD_NOT_EMPTY) != 0)
    return _runtime_use_field_fail (error, " must not be empty");
  if (value->length == 0 && (field->flags & RUNTIME_USE_FIELD_EMPTY_IS_NULL) != 0)
    return TRUE;

  *location = _runtime_use_json_value_dup_string (value, NULL);

  return TRUE;
}

static gboolean
read_text (const RuntimeUseJsonValue  *value,
           gpointer                   *location,
           GError                    **error)
{
  char *text;
  gsize length;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_STRING, "a string", error))
    return FALSE;

  text = _runtime_use_json_value_dup_string (value, &length);
  *location = g_bytes_new_take (text, length);

  return TRUE;
}

static gboolean
read_strv (const RuntimeUseField      *field,
           const RuntimeUseJsonValue  *value,
           gpointer                   *location,
           GError                    **error)
{
  g_autoptr(GPtrArray) strings = NULL;
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue item;
  gsize bytes = 0;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_ARRAY, "an array", error))
    return FALSE;

  strings = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  _runtime_use_json_value_open (value, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &item))
    {
      if (field->max_items > 0 && strings->len == field->max_items)
        return _runtime_use_field_fail_items (error, field->max_items);
      if (!_runtime_use_field_expect_string (&item, error))
        {
          g_prefix_error (error, "[%u]", strings->len);
          return FALSE;
        }

      bytes += item.length;
      if (field->max_bytes > 0 && bytes > field->max_bytes)
        {
          g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                       " holds more than %" G_GSIZE_FORMAT " bytes", field->max_bytes);
          return FALSE;
        }
      g_ptr_array_add (strings, _runtime_use_json_value_dup_string (&item, NULL));
    }

  if (strings->len > 0)
    *location = g_ptr_array_free (g_steal_pointer (&strings), FALSE);

  return TRUE;
}

static gboolean
read_list (const RuntimeUseField      *field,
           const RuntimeUseJsonValue  *value,
           gpointer                   *location,
           GError                    **error)
{
  RuntimeUseJsonValue members[RUNTIME_USE_CODEC_MAX_FIELDS];
  g_autoptr(GPtrArray) list = NULL;
  RuntimeUseJsonReader reader;
  RuntimeUseJsonValue item;
  gpointer object = NULL;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_ARRAY, "an array", error))
    return FALSE;

  list = g_ptr_array_new_with_free_func (g_object_unref);
  _runtime_use_json_value_open (value, &reader);
  while (_runtime_use_json_reader_read_value (&reader, &item))
    {
      if (list->len == field->max_items)
        return _runtime_use_field_fail_items (error, field->max_items);

      if (_runtime_use_field_expect (&item, RUNTIME_USE_JSON_OBJECT, "an object", error))
        {
          RuntimeUseJsonReader inner;

          _runtime_use_json_value_open (&item, &inner);
          _runtime_use_codec_sweep (field->codec, &inner, members, NULL);
          object = _runtime_use_codec_build (field->codec, members, error);
          g_prefix_error (error, ".");
        }
      if (object == NULL)
        {
          g_prefix_error (error, "[%u]", list->len);
          return FALSE;
        }
      g_ptr_array_add (list, g_steal_pointer (&object));
    }

  *location = g_steal_pointer (&list);

  return TRUE;
}

static gboolean
read_json (const RuntimeUseJsonValue  *value,
           gpointer                   *location,
           GError                    **error)
{
  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_OBJECT, "an object", error))
    return FALSE;

  *location = _runtime_use_json_compact (value->text, value->length, error);

  return *location != NULL;
}

static gboolean
read_integer (const RuntimeUseField      *field,
              const RuntimeUseJsonValue  *value,
              gint64                     *location,
              GError                    **error)
{
  g_autofree char *text = NULL;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_NUMBER, "an integer", error))
    return FALSE;

  /* Also refuses fractions and exponents. */
  text = g_strndup (value->text, value->length);
  if (!g_ascii_string_to_signed (text, 10, field->min_integer, field->max_integer, location, NULL))
    return _runtime_use_field_fail (error,
                                    " must be an integer from %" G_GINT64_FORMAT
                                    " to %" G_GINT64_FORMAT,
                                    field->min_integer, field->max_integer);

  return TRUE;
}

static gboolean
read_boolean (const RuntimeUseJsonValue  *value,
              gboolean                   *location,
              GError                    **error)
{
  *location = value->token == RUNTIME_USE_JSON_TRUE;
  if (!*location && value->token != RUNTIME_USE_JSON_FALSE)
    return _runtime_use_field_expect (value, RUNTIME_USE_JSON_TRUE, "a boolean", error);

  return TRUE;
}

static gboolean
read_word (const RuntimeUseField      *field,
           const RuntimeUseJsonValue  *value,
           guint                      *location,
           GError                    **error)
{
  g_autofree char *words = NULL;

  if (!_runtime_use_field_expect_string (value, error))
    return FALSE;

  for (guint i = 0; field->words[i] != NULL; i++)
    {
      *location = (field->flags & RUNTIME_USE_FIELD_REQUIRED) != 0 ? i : i + 1;
      if (_runtime_use_json_value_equals (value, field->words[i], strlen (field->words[i])))
        return TRUE;
    }

  words = g_strjoinv ("” or “", (char **) field->words);

  return _runtime_use_field_fail (error, " must be “%s”", words);
}

static gboolean read_fields (const RuntimeUseCodec      *codec,
                             const RuntimeUseJsonValue  *values,
                             gpointer                    object,
                             GError                    **error);

static gboolean
read_inline (const RuntimeUseField      *field,
             const RuntimeUseJsonValue  *value,
             gpointer                    object,
             GError                    **error)
{
  RuntimeUseJsonValue members[RUNTIME_USE_CODEC_MAX_FIELDS];
  RuntimeUseJsonReader reader;

  if (!_runtime_use_field_expect (value, RUNTIME_USE_JSON_OBJECT, "an object", error))
    return FALSE;

  _runtime_use_json_value_open (value, &reader);
  _runtime_use_codec_sweep (field->codec, &reader, members, NULL);
  if (!read_fields (field->codec, members, object, error))
    {
      g_prefix_error (error, ".");
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_field (const RuntimeUseField      *field,
            const RuntimeUseJsonValue  *value,
            gpointer                    object,
            GError                    **error)
{
  gpointer location = _runtime_use_field_locate (field, object);

  switch (field->kind)
    {
    case RUNTIME_USE_FIELD_STRING:
      return read_string (field, value, location, error);
    case RUNTIME_USE_FIELD_TEXT:
      return read_text (value, location, error);
    case RUNTIME_USE_FIELD_STRV:
      return read_strv (field, value, location, error);
    case RUNTIME_USE_FIELD_ENV:
      return _runtime_use_field_read_env (field, value, location, error);
    case RUNTIME_USE_FIELD_JSON:
      return read_json (value, location, error);
    case RUNTIME_USE_FIELD_INTEGER:
      return read_integer (field, value, location, error);
    case RUNTIME_USE_FIELD_BOOLEAN:
      return read_boolean (value, location, error);
    case RUNTIME_USE_FIELD_WORD:
      return read_word (field, value, location, error);
    case RUNTIME_USE_FIELD_LIST:
      return read_list (field, value, location, error);
    case RUNTIME_USE_FIELD_INLINE:
      return read_inline (field, value, object, error);
    default:
      g_assert_not_reached ();
    }
}

/* For optional members null is the same as nothing. */
static gboolean
check_presence (const RuntimeUseField      *field,
                const RuntimeUseJsonValue  *value,
                GError                    **error)
{
  if ((field->flags & RUNTIME_USE_FIELD_REQUIRED) == 0)
    return TRUE;

  if (value->token == RUNTIME_USE_JSON_NULL)
    return _runtime_use_field_fail (error, " must not be null");

  return _runtime_use_field_fail (error, " is missing");
}

static gboolean
read_fields (const RuntimeUseCodec      *codec,
             const RuntimeUseJsonValue  *values,
             gpointer                    object,
             GError                    **error)
{
  for (guint i = 0; i < codec->n_fields; i++)
    {
      const RuntimeUseField *field = &codec->fields[i];
      const RuntimeUseJsonValue *value = &values[i];
      gboolean usable;

      if (value->token == RUNTIME_USE_JSON_ERROR || value->token == RUNTIME_USE_JSON_NULL)
        usable = check_presence (field, value, error);
      else
        usable = read_field (field, value, object, error);

      if (!usable)
        {
          g_prefix_error (error, "%s", field->name);
          return FALSE;
        }
    }

  return codec->check == NULL || codec->check (object, error);
}

/*
 * Goes through the members of an object and keeps the last value of each that @codec knows, and
 * that of message_type in @type when it is not NULL. The others are RUNTIME_USE_JSON_ERROR.
 *
 * Returns FALSE when the text is broken, which inside of what was gone through before cannot be.
 */
gboolean
_runtime_use_codec_sweep (const RuntimeUseCodec *codec,
                          RuntimeUseJsonReader  *reader,
                          RuntimeUseJsonValue   *values,
                          RuntimeUseJsonValue   *type)
{
  RuntimeUseJsonToken token;
  guint next = 0;

  g_assert (codec->n_fields <= RUNTIME_USE_CODEC_MAX_FIELDS);
  memset (values, 0, codec->n_fields * sizeof *values);

  while ((token = _runtime_use_json_reader_next (reader)) == RUNTIME_USE_JSON_NAME)
    {
      RuntimeUseJsonValue name = reader->current;
      RuntimeUseJsonValue ignored;
      RuntimeUseJsonValue *value = &ignored;

      /* Our peers write members in the order of the table. */
      for (guint i = 0; i < codec->n_fields && value == &ignored; i++)
        {
          guint place = (next + i) % codec->n_fields;
          const RuntimeUseField *field = &codec->fields[place];

          if (_runtime_use_json_value_equals (&name, field->name, field->name_length))
            {
              value = &values[place];
              next = place + 1;
            }
        }
      if (type != NULL && _runtime_use_json_value_equals (&name, "message_type", 12))
        value = type;

      if (!_runtime_use_json_reader_read_value (reader, value))
        return FALSE;
    }

  return token == RUNTIME_USE_JSON_OBJECT_END;
}

/* Makes the object that @values describe, or says which of them cannot be used. */
gpointer
_runtime_use_codec_build (const RuntimeUseCodec      *codec,
                          const RuntimeUseJsonValue  *values,
                          GError                    **error)
{
  g_autoptr(GObject) object = g_object_new (codec->get_type (), NULL);

  if (!read_fields (codec, values, object, error))
    return NULL;

  return g_steal_pointer (&object);
}
