/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-private.h"

#include <string.h>

#include "runtime-use-json-redaction-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-request-message-private.h"
#include "runtime-use-utf8-decoder-private.h"

/* Where @field of @object lies, as a pointer to be cast to what its kind says. */
gpointer
_runtime_use_field_locate (const RuntimeUseField *field,
                           gpointer               object)
{
  if ((field->flags & RUNTIME_USE_FIELD_SHARED) != 0)
    object = _runtime_use_request_message_get_members (object);

  return (guint8 *) object + field->offset;
}

static void
append_member (const RuntimeUseField *field,
               GString               *json)
{
  /* The comma is not for the first member of an object. */
  if (json->str[json->len - 1] == '{')
    g_string_append (json, field->key + 1);
  else
    g_string_append (json, field->key);
}

static void
append_string (const char *string,
               GString    *json)
{
  _runtime_use_json_append_string (json, string, string != NULL ? strlen (string) : 0);
}

static void
append_strv (const char * const *strv,
             GString            *json)
{
  g_string_append_c (json, '[');
  for (gsize i = 0; strv != NULL && strv[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      append_string (strv[i], json);
    }
  g_string_append_c (json, ']');
}

static void
append_env (const char * const *env,
            GString            *json)
{
  g_string_append_c (json, '{');
  for (gsize i = 0; env[i] != NULL; i++)
    {
      const char *equals = strchr (env[i], '=');

      if (i > 0)
        g_string_append_c (json, ',');
      _runtime_use_json_append_string (json, env[i], (gsize) (equals - env[i]));
      g_string_append_c (json, ':');
      append_string (equals + 1, json);
    }
  g_string_append_c (json, '}');
}

static void
append_list (const RuntimeUseField *field,
             GPtrArray             *list,
             GString               *json)
{
  g_string_append_c (json, '[');
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      _runtime_use_codec_append (field->codec, g_ptr_array_index (list, i), json);
    }
  g_string_append_c (json, ']');
}

static void
append_text (GBytes  *bytes,
             GString *json)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  _runtime_use_json_append_string (json, text, length);
}

static void
append_integer (gint64   value,
                GString *json)
{
  char buffer[24];
  char *digit = buffer + sizeof buffer;
  guint64 rest = value < 0 ? -(guint64) value : (guint64) value;

  do
    *--digit = (char) ('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0)
    *--digit = '-';

  g_string_append_len (json, digit, buffer + sizeof buffer - digit);
}

/* Everything that is a pointer: unset is NULL. */
static void
append_pointer (const RuntimeUseField *field,
                gpointer               value,
                GString               *json)
{
  if (value == NULL && (field->flags & RUNTIME_USE_FIELD_ALWAYS) == 0)
    return;

  append_member (field, json);

  if (field->kind == RUNTIME_USE_FIELD_STRING)
    append_string (value, json);
  else if (field->kind == RUNTIME_USE_FIELD_TEXT)
    append_text (value, json);
  else if (field->kind == RUNTIME_USE_FIELD_JSON)
    g_string_append (json, value != NULL ? value : "{}");
  else if (field->kind == RUNTIME_USE_FIELD_ENV)
    append_env (value, json);
  else if (field->kind == RUNTIME_USE_FIELD_STRV)
    append_strv (value, json);
  else
    append_list (field, value, json);
}

static void
append_word (const RuntimeUseField *field,
             guint                  word,
             GString               *json)
{
  if ((field->flags & RUNTIME_USE_FIELD_REQUIRED) == 0 && word-- == 0)
    return;

  append_member (field, json);
  append_string (field->words[word], json);
}

static void
append_field (const RuntimeUseField *field,
              gpointer               object,
              GString               *json)
{
  gpointer location = _runtime_use_field_locate (field, object);

  switch (field->kind)
    {
    case RUNTIME_USE_FIELD_INTEGER:
      append_member (field, json);
      append_integer (*(gint64 *) location, json);
      break;

    case RUNTIME_USE_FIELD_BOOLEAN:
      if (*(gboolean *) location || (field->flags & RUNTIME_USE_FIELD_ALWAYS) != 0)
        {
          append_member (field, json);
          g_string_append (json, *(gboolean *) location ? "true" : "false");
        }
      break;

    case RUNTIME_USE_FIELD_WORD:
      append_word (field, *(guint *) location, json);
      break;

    case RUNTIME_USE_FIELD_INLINE:
      append_member (field, json);
      _runtime_use_codec_append (field->codec, object, json);
      break;

    case RUNTIME_USE_FIELD_STRING:
    case RUNTIME_USE_FIELD_TEXT:
    case RUNTIME_USE_FIELD_STRV:
    case RUNTIME_USE_FIELD_ENV:
    case RUNTIME_USE_FIELD_JSON:
    case RUNTIME_USE_FIELD_LIST:
    default:
      append_pointer (field, *(gpointer *) location, json);
    }
}

/* Appends @object as compact JSON. */
void
_runtime_use_codec_append (const RuntimeUseCodec *codec,
                           gpointer               object,
                           GString               *json)
{
  g_string_append_c (json, '{');
  if (codec->message_type != NULL)
    {
      g_string_append (json, "\"message_type\":\"");
      g_string_append (json, codec->message_type);
      g_string_append_c (json, '"');
    }

  for (guint i = 0; i < codec->n_fields; i++)
    append_field (&codec->fields[i], object, json);

  g_string_append_c (json, '}');
}

/* Lets go of what one field holds; it is unset then. */
void
_runtime_use_field_clear (const RuntimeUseField *field,
                          gpointer               object)
{
  gpointer *pointer = _runtime_use_field_locate (field, object);

  switch (field->kind)
    {
    case RUNTIME_USE_FIELD_STRING:
    case RUNTIME_USE_FIELD_JSON:
      g_clear_pointer (pointer, g_free);
      break;

    case RUNTIME_USE_FIELD_TEXT:
      g_clear_pointer (pointer, g_bytes_unref);
      break;

    case RUNTIME_USE_FIELD_STRV:
    case RUNTIME_USE_FIELD_ENV:
      g_clear_pointer (pointer, g_strfreev);
      break;

    case RUNTIME_USE_FIELD_LIST:
      g_clear_pointer (pointer, g_ptr_array_unref);
      break;

    case RUNTIME_USE_FIELD_INLINE:
      _runtime_use_codec_clear (field->codec, object);
      break;

    case RUNTIME_USE_FIELD_INTEGER:
    case RUNTIME_USE_FIELD_BOOLEAN:
    case RUNTIME_USE_FIELD_WORD:
    default:
      break;
    }
}

/* Lets go of everything that @object holds. */
void
_runtime_use_codec_clear (const RuntimeUseCodec *codec,
                          gpointer               object)
{
  for (guint i = 0; i < codec->n_fields; i++)
    _runtime_use_field_clear (&codec->fields[i], object);
}

/* Copies @text, with a NUL behind it; what is not valid UTF-8 in it becomes U+FFFD. */
static char *
dup_valid (const char *text,
           gsize       length,
           gsize      *valid_length)
{
  RuntimeUseUtf8Decoder decoder;
  GString *valid;

  *valid_length = length;
  if (_runtime_use_utf8_valid_length ((const guint8 *) text, length) == length)
    {
      char *copy = g_malloc (length + 1);

      memcpy (copy, text, length);
      copy[length] = '\0';
      return copy;
    }

  valid = g_string_sized_new (length);
  _runtime_use_utf8_decoder_init (&decoder);
  _runtime_use_utf8_decoder_append (&decoder, (const guint8 *) text, length, valid);
  _runtime_use_utf8_decoder_finish (&decoder, valid);
  *valid_length = valid->len;

  return g_string_free (valid, FALSE);
}

char *
_runtime_use_dup_utf8 (const char *text)
{
  gsize length;

  return text != NULL ? dup_valid (text, strlen (text), &length) : NULL;
}

char **
_runtime_use_dup_utf8_strv (const char * const *strv)
{
  gsize n = strv != NULL ? g_strv_length ((char **) strv) : 0;
  char **copy;

  if (strv == NULL)
    return NULL;

  copy = g_new (char *, n + 1);
  for (gsize i = 0; i < n; i++)
    copy[i] = _runtime_use_dup_utf8 (strv[i]);
  copy[n] = NULL;

  return copy;
}

/* For members where nothing is the same as no items. */
const char * const *
_runtime_use_strv_or_empty (char **strv)
{
  static const char * const empty[] = { NULL };

  return strv != NULL ? (const char * const *) strv : empty;
}

/* Copies a list of objects, so that nobody can change it under us. */
GPtrArray *
_runtime_use_dup_list (GPtrArray *list)
{
  GPtrArray *copy;

  if (list == NULL)
    return NULL;

  copy = g_ptr_array_new_full (list->len, g_object_unref);
  for (guint i = 0; i < list->len; i++)
    g_ptr_array_add (copy, g_object_ref (g_ptr_array_index (list, i)));

  return copy;
}

/* Whether every item is NAME=VALUE with a name. */
gboolean
_runtime_use_is_environ (const char * const *env)
{
  for (gsize i = 0; env != NULL && env[i] != NULL; i++)
    {
      if (env[i][0] == '=' || strchr (env[i], '=') == NULL)
        return FALSE;
    }

  return TRUE;
}

/* The same for counted text. */
GBytes *
_runtime_use_dup_text (const char *text,
                       gsize       length)
{
  char *copy = dup_valid (text, length, &length);

  return g_bytes_new_take (copy, length);
}

/* Copies the text of a JSON object, compacted, or returns NULL when it is something else. */
char *
_runtime_use_dup_json_object (const char *json)
{
  g_autofree char *compact = NULL;

  if (json == NULL)
    return NULL;

  compact = _runtime_use_json_compact (json, strlen (json), NULL);

  return compact != NULL && compact[0] == '{' ? g_steal_pointer (&compact) : NULL;
}
