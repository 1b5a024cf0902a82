/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-codec-private.h"

#include <string.h>

#include "runtime-use-json-redaction-private.h"

/* All of these return NULL when nothing changes. */

static char *
redact_string (RuntimeUseRedactor *redactor,
               const char         *string)
{
  g_autofree char *redacted = runtime_use_redactor_redact (redactor, string);

  return strcmp (redacted, string) != 0 ? g_steal_pointer (&redacted) : NULL;
}

static char *
redact_json (RuntimeUseRedactor *redactor,
             const char         *json)
{
  g_autofree char *redacted = _runtime_use_json_redact (redactor, json);

  return strcmp (redacted, json) != 0 ? g_steal_pointer (&redacted) : NULL;
}

static char **
redact_strv (RuntimeUseRedactor *redactor,
             char              **strv)
{
  g_auto(GStrv) copy = NULL;

  for (gsize i = 0; strv[i] != NULL; i++)
    {
      char *redacted = redact_string (redactor, strv[i]);

      if (redacted == NULL)
        continue;
      if (copy == NULL)
        copy = g_strdupv (strv);
      g_free (copy[i]);
      copy[i] = redacted;
    }

  return g_steal_pointer (&copy);
}

static GPtrArray *
redact_list (const RuntimeUseCodec *codec,
             RuntimeUseRedactor    *redactor,
             GPtrArray             *list)
{
  g_autoptr(GPtrArray) copy = g_ptr_array_new_full (list->len, g_object_unref);
  gboolean changed = FALSE;

  for (guint i = 0; i < list->len; i++)
    {
      gpointer item = g_ptr_array_index (list, i);
      gpointer redacted = _runtime_use_codec_redact (codec, item, redactor);

      changed |= redacted != item;
      g_ptr_array_add (copy, redacted);
    }

  return changed ? g_steal_pointer (&copy) : NULL;
}

static gpointer
redact_pointer (const RuntimeUseField *field,
                gpointer               value,
                RuntimeUseRedactor    *redactor)
{
  if (value == NULL || (field->flags & RUNTIME_USE_FIELD_REDACT) == 0)
    return NULL;

  if (field->kind == RUNTIME_USE_FIELD_STRING)
    return redact_string (redactor, value);
  if (field->kind == RUNTIME_USE_FIELD_JSON)
    return redact_json (redactor, value);
  if (field->kind == RUNTIME_USE_FIELD_STRV)
    return redact_strv (redactor, value);

  g_assert (field->kind == RUNTIME_USE_FIELD_LIST);

  return redact_list (field->codec, redactor, value);
}

static gpointer
copy_pointer (RuntimeUseFieldKind kind,
              gpointer            value)
{
  if (value == NULL)
    return NULL;

  switch (kind)
    {
    case RUNTIME_USE_FIELD_STRING:
    case RUNTIME_USE_FIELD_JSON:
      return g_strdup (value);

    case RUNTIME_USE_FIELD_TEXT:
      return g_bytes_ref (value);

    case RUNTIME_USE_FIELD_STRV:
    case RUNTIME_USE_FIELD_ENV:
      return g_strdupv (value);

    case RUNTIME_USE_FIELD_LIST:
      return g_ptr_array_ref (value);

    case RUNTIME_USE_FIELD_INTEGER:
    case RUNTIME_USE_FIELD_BOOLEAN:
    case RUNTIME_USE_FIELD_WORD:
    case RUNTIME_USE_FIELD_INLINE:
    default:
      g_assert_not_reached ();
    }
}

static void
copy_fields (const RuntimeUseCodec *codec,
             gpointer               from,
             gpointer               to)
{
  for (guint i = 0; i < codec->n_fields; i++)
    {
      const RuntimeUseField *field = &codec->fields[i];
      gpointer source = _runtime_use_field_locate (field, from);
      gpointer target = _runtime_use_field_locate (field, to);

      if (field->kind == RUNTIME_USE_FIELD_INLINE)
        copy_fields (field->codec, from, to);
      else if (field->kind == RUNTIME_USE_FIELD_INTEGER)
        *(gint64 *) target = *(gint64 *) source;
      else if (field->kind == RUNTIME_USE_FIELD_BOOLEAN)
        *(gboolean *) target = *(gboolean *) source;
      else if (field->kind == RUNTIME_USE_FIELD_WORD)
        *(guint *) target = *(guint *) source;
      else
        *(gpointer *) target = copy_pointer (field->kind, *(gpointer *) source);
    }
}

static gboolean
is_pointer (const RuntimeUseField *field)
{
  return (field->kind != RUNTIME_USE_FIELD_INTEGER &&
          field->kind != RUNTIME_USE_FIELD_BOOLEAN &&
          field->kind != RUNTIME_USE_FIELD_WORD &&
          field->kind != RUNTIME_USE_FIELD_INLINE);
}

/* @top is the codec of the whole object, which @codec is a part of. The copy is made, in @copy,
 * when the first field changes. */
static void
redact_fields (const RuntimeUseCodec *top,
               const RuntimeUseCodec *codec,
               gpointer               object,
               RuntimeUseRedactor    *redactor,
               gpointer              *copy)
{
  for (guint i = 0; i < codec->n_fields; i++)
    {
      const RuntimeUseField *field = &codec->fields[i];
      gpointer redacted = NULL;

      if (field->kind == RUNTIME_USE_FIELD_INLINE)
        redact_fields (top, field->codec, object, redactor, copy);
      else if (is_pointer (field))
        redacted = redact_pointer (field,
                                   *(gpointer *) _runtime_use_field_locate (field, object),
                                   redactor);
      if (redacted == NULL)
        continue;

      if (*copy == NULL)
        {
          *copy = g_object_new (G_OBJECT_TYPE (object), NULL);
          copy_fields (top, object, *copy);
        }
      _runtime_use_field_clear (field, *copy);
      *(gpointer *) _runtime_use_field_locate (field, *copy) = redacted;
    }
}

/* A copy of @object without secrets, or a new reference to it when it holds none. */
gpointer
_runtime_use_codec_redact (const RuntimeUseCodec *codec,
                           gpointer               object,
                           RuntimeUseRedactor    *redactor)
{
  gpointer copy = NULL;

  redact_fields (codec, codec, object, redactor, &copy);

  return copy != NULL ? copy : g_object_ref (object);
}
