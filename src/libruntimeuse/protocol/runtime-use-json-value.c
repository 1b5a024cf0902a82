/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-reader-private.h"

#include <string.h>

#include "runtime-use-json-escape-private.h"

/* Characters of a text from outside that are repeated in an error. */
#define MAX_SHOWN 64

/* Sets up @reader to go through the array or object @self, whose first token is consumed. */
void
_runtime_use_json_value_open (const RuntimeUseJsonValue *self,
                              RuntimeUseJsonReader      *reader)
{
  g_assert (self->token == RUNTIME_USE_JSON_ARRAY || self->token == RUNTIME_USE_JSON_OBJECT);

  _runtime_use_json_reader_init (reader, self->text, self->length);
  _runtime_use_json_reader_next (reader);
}

/* Writes the escape at @text to @out, which never needs more room than the escape; moves both. */
static void
decode_escape (const char **text,
               const char  *end,
               char       **out)
{
  static const char letters[] = "bfnrt";
  static const char controls[] = "\b\f\n\r\t";
  const char *letter = strchr (letters, (*text)[1]);
  const char *problem;
  gunichar character;

  if ((*text)[1] == 'u')
    {
      *text = _runtime_use_json_read_unicode (*text + 2, end, &character, &problem);
      g_assert (*text != NULL);
      *out += g_unichar_to_utf8 (character, *out);
      return;
    }

  *(*out)++ = letter != NULL ? controls[letter - letters] : (*text)[1];
  *text += 2;
}

/* Returns the number of bytes written to @out, which has room for .length. */
static gsize
decode (const RuntimeUseJsonValue *self,
        char                      *out)
{
  const char *text = self->text;
  const char *end = text + self->length;
  char *start = out;

  while (text < end)
    {
      const char *stop = self->escaped ? memchr (text, '\\', (gsize) (end - text)) : NULL;
      gsize plain = (gsize) ((stop != NULL ? stop : end) - text);

      memcpy (out, text, plain);
      out += plain;
      text += plain;
      if (stop != NULL)
        decode_escape (&text, end, &out);
    }

  return (gsize) (out - start);
}

/* Appends what a name or string says. */
void
_runtime_use_json_value_decode (const RuntimeUseJsonValue *self,
                                GString                   *out)
{
  gsize used = out->len;

  g_string_set_size (out, used + self->length);
  g_string_set_size (out, used + decode (self, out->str + used));
}

/* What a name or string says; @length is for who must know about NULs in it. */
char *
_runtime_use_json_value_dup_string (const RuntimeUseJsonValue *self,
                                    gsize                     *length)
{
  char *string = g_malloc (self->length + 1);
  gsize decoded = decode (self, string);

  string[decoded] = '\0';
  if (length != NULL)
    *length = decoded;

  return string;
}

/* What a name or string says, as errors may repeat it. */
char *
_runtime_use_json_value_show (const RuntimeUseJsonValue *self)
{
  gsize length;
  g_autofree char *decoded = _runtime_use_json_value_dup_string (self, &length);
  GString *shown = g_string_new (NULL);
  const char *end = decoded + length;
  const char *text = decoded;

  for (guint i = 0; text < end && i < MAX_SHOWN; i++)
    {
      gunichar character = g_utf8_get_char (text);

      g_string_append_unichar (shown, g_unichar_isprint (character) ? character : '?');
      text = g_utf8_next_char (text);
    }
  if (text < end)
    g_string_append (shown, "…");

  return g_string_free (shown, FALSE);
}

/* Whether a name or string says @string. */
gboolean
_runtime_use_json_value_equals (const RuntimeUseJsonValue *self,
                                const char                *string,
                                gsize                      length)
{
  g_autofree char *decoded = NULL;
  gsize decoded_length;

  if (!self->escaped)
    return self->length == length && memcmp (self->text, string, length) == 0;

  if (self->length < length)
    return FALSE;

  decoded = _runtime_use_json_value_dup_string (self, &decoded_length);

  return decoded_length == length && memcmp (decoded, string, length) == 0;
}
