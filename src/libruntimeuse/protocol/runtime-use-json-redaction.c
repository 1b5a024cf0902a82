/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-redaction-private.h"

#include <string.h>

#include "runtime-use-json-reader-private.h"
#include "runtime-use-json-writer-private.h"
#include "runtime-use-limits-private.h"
#include "runtime-use-redactor-private.h"

/*
 * Writes a JSON document anew, token by token.
 *
 * Names are only kept in mind (.track) when it turned out that one of them changes, which is rare.
 */
typedef struct
{
  RuntimeUseRedactor *redactor;   /* (nullable): only compact */
  GString            *out;
  GString            *plain;      /* what a string said */
  GString            *hidden;     /* what it says now */
  gboolean            track;
  gboolean            renamed;    /* a name changed */

  guint               depth;
  GHashTable         *written[RUNTIME_USE_LIMIT_JSON_DEPTH];   /* name as written -> last number */
  GHashTable         *names[RUNTIME_USE_LIMIT_JSON_DEPTH];     /* name as read -> name as written */
} Rewriter;

static void
open_level (Rewriter *self,
            char      bracket)
{
  if (self->track)
    {
      self->written[self->depth] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      self->names[self->depth] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    }
  self->depth++;
  g_string_append_c (self->out, bracket);
}

static void
close_level (Rewriter *self,
             char      bracket)
{
  self->depth--;
  g_clear_pointer (&self->written[self->depth], g_hash_table_unref);
  g_clear_pointer (&self->names[self->depth], g_hash_table_unref);
  g_string_append_c (self->out, bracket);
}

/* Brings the string into .hidden; says whether it changed. */
static gboolean
hide (Rewriter                  *self,
      const RuntimeUseJsonValue *string)
{
  g_string_truncate (self->plain, 0);
  g_string_truncate (self->hidden, 0);
  _runtime_use_json_value_decode (string, self->plain);

  if (self->redactor == NULL)
    {
      g_string_append_len (self->hidden, self->plain->str, (gssize) self->plain->len);
      return FALSE;
    }

  _runtime_use_redactor_append (self->redactor, self->plain->str, self->plain->len, self->hidden);

  return !g_string_equal (self->plain, self->hidden);
}

static void
append_string (Rewriter                  *self,
               const RuntimeUseJsonValue *string)
{
  hide (self, string);
  _runtime_use_json_append_string (self->out, self->hidden->str, self->hidden->len);
}

/* A form of .hidden that no member of this object has yet. */
static char *
choose_name (Rewriter *self)
{
  GHashTable *written = self->written[self->depth - 1];
  g_autoptr(GString) first = g_string_new (NULL);
  g_autoptr(GString) name = g_string_new (NULL);
  gsize length = self->hidden->len;
  guint number;

  _runtime_use_json_append_string (first, self->hidden->str, length);
  number = GPOINTER_TO_UINT (g_hash_table_lookup (written, first->str));
  g_string_assign (name, first->str);

  while (g_hash_table_contains (written, name->str))
    {
      g_string_truncate (self->hidden, length);
      g_string_append_printf (self->hidden, " (%u)", ++number);
      g_string_truncate (name, 0);
      _runtime_use_json_append_string (name, self->hidden->str, self->hidden->len);
    }

  g_hash_table_insert (written, g_strdup (name->str), GUINT_TO_POINTER (1));
  if (number > 1)
    g_hash_table_insert (written, g_strdup (first->str), GUINT_TO_POINTER (number));

  return g_strdup (name->str);
}

static void
append_name (Rewriter                  *self,
             const RuntimeUseJsonValue *name)
{
  self->renamed |= hide (self, name);

  if (!self->track)
    _runtime_use_json_append_string (self->out, self->hidden->str, self->hidden->len);
  else
    {
      g_autoptr(GString) read = g_string_new (NULL);
      GHashTable *names = self->names[self->depth - 1];

      /* What had the same name before has the same name now: the last one counts. */
      _runtime_use_json_append_string (read, self->plain->str, self->plain->len);
      if (!g_hash_table_contains (names, read->str))
        g_hash_table_insert (names, g_strdup (read->str), choose_name (self));
      g_string_append (self->out, g_hash_table_lookup (names, read->str));
    }

  g_string_append_c (self->out, ':');
}

static void
append_comma (GString *out)
{
  char last = out->len > 0 ? out->str[out->len - 1] : '[';

  if (last != '[' && last != '{' && last != ':')
    g_string_append_c (out, ',');
}

static void
append_token (Rewriter                  *self,
              const RuntimeUseJsonValue *token)
{
  if (token->token != RUNTIME_USE_JSON_ARRAY_END && token->token != RUNTIME_USE_JSON_OBJECT_END)
    append_comma (self->out);

  switch (token->token)
    {
    case RUNTIME_USE_JSON_ARRAY:
    case RUNTIME_USE_JSON_OBJECT:
      open_level (self, *token->text);
      break;

    case RUNTIME_USE_JSON_ARRAY_END:
    case RUNTIME_USE_JSON_OBJECT_END:
      close_level (self, *token->text);
      break;

    case RUNTIME_USE_JSON_NAME:
      append_name (self, token);
      break;

    case RUNTIME_USE_JSON_STRING:
      append_string (self, token);
      break;

    case RUNTIME_USE_JSON_NULL:
    case RUNTIME_USE_JSON_FALSE:
    case RUNTIME_USE_JSON_TRUE:
    case RUNTIME_USE_JSON_NUMBER:
      g_string_append_len (self->out, token->text, (gssize) token->length);
      break;

    case RUNTIME_USE_JSON_ERROR:
    case RUNTIME_USE_JSON_END:
    default:
      g_assert_not_reached ();
    }
}

/* @json must be valid. */
static char *
rewrite (RuntimeUseRedactor *redactor,
         const char         *json,
         gsize               length,
         gboolean            track)
{
  g_autoptr(GString) plain = g_string_new (NULL);
  g_autoptr(GString) hidden = g_string_new (NULL);
  g_autoptr(GString) out = g_string_sized_new (length + 1);
  Rewriter self = { .redactor = redactor, .out = out, .plain = plain, .hidden = hidden };
  RuntimeUseJsonReader reader;

  self.track = track;
  _runtime_use_json_reader_init (&reader, json, length);
  while (_runtime_use_json_reader_next (&reader) > RUNTIME_USE_JSON_END)
    append_token (&self, &reader.current);
  g_assert (reader.current.token == RUNTIME_USE_JSON_END);

  if (self.renamed && !track)
    return rewrite (redactor, json, length, TRUE);

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/*
 * Copies @json, which must be one strict document, without white space, and with characters
 * rather than their escapes where JSON lets them pass.
 */
char *
_runtime_use_json_compact (const char  *json,
                           gsize        length,
                           GError     **error)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken token;
  gboolean escaped = FALSE;

  _runtime_use_json_reader_init (&reader, json, length);
  while ((token = _runtime_use_json_reader_next (&reader)) > RUNTIME_USE_JSON_END)
    {
      if (token == RUNTIME_USE_JSON_STRING || token == RUNTIME_USE_JSON_NAME)
        escaped |= reader.current.escaped;
    }

  if (token == RUNTIME_USE_JSON_ERROR)
    {
      _runtime_use_json_reader_set_error (&reader, error);
      return NULL;
    }

  if (escaped || reader.spaced)
    return rewrite (NULL, json, length, FALSE);

  return g_strndup (json, length);
}

/*
 * Copies @json, which must be valid, without secrets in strings and names of members. Members whose
 * names become equal are told apart by a number; those that were equal before stay so. Numbers are
 * not touched.
 */
char *
_runtime_use_json_redact (RuntimeUseRedactor *redactor,
                          const char         *json)
{
  if (runtime_use_redactor_is_empty (redactor))
    return g_strdup (json);

  return rewrite (redactor, json, strlen (json), FALSE);
}
