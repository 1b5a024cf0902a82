/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-reader-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-escape-private.h"
#include "runtime-use-json-word-private.h"
#include "runtime-use-limits-private.h"

/* What may come next. */
enum
{
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END,   /* behind [ */
  EXPECT_NAME,
  EXPECT_NAME_OR_END,    /* behind { */
  EXPECT_COMMA_OR_END,
  EXPECT_NOTHING,
};

/* The bits of RuntimeUseJsonReader.objects. */
G_STATIC_ASSERT (RUNTIME_USE_LIMIT_JSON_DEPTH <= 64);

void
_runtime_use_json_reader_init (RuntimeUseJsonReader *self,
                               const char           *text,
                               gsize                 length)
{
  memset (self, 0, sizeof *self);
  self->start = text;
  self->cursor = text;
  self->end = text + length;
  self->expected = EXPECT_VALUE;
}

static RuntimeUseJsonToken
fail (RuntimeUseJsonReader *self,
      const char           *problem,
      const char           *problem_at)
{
  self->problem = problem;
  self->problem_at = problem_at;
  self->current.token = RUNTIME_USE_JSON_ERROR;

  return RUNTIME_USE_JSON_ERROR;
}

static RuntimeUseJsonToken
fail_unexpected (RuntimeUseJsonReader *self,
                 const char           *at)
{
  static const char bom[] = "\xef\xbb\xbf";

  if (at == self->end)
    return fail (self,
                 self->expected == EXPECT_VALUE && self->depth == 0 ? "the text is empty"
                                                                    : "the text ends too early",
                 at);

  if (at == self->start && self->end - at >= 3 && memcmp (at, bom, 3) == 0)
    return fail (self, "a byte order mark is not allowed", at);

  if (self->expected == EXPECT_NOTHING)
    return fail (self, "something follows the document", at);

  return fail (self, "unexpected character", at);
}

static RuntimeUseJsonToken
accept (RuntimeUseJsonReader *self,
        RuntimeUseJsonToken   token,
        const char           *text,
        const char           *end)
{
  self->current.token = token;
  self->current.text = text;
  self->current.length = (gsize) (end - text);

  return token;
}

static inline gboolean
is_continuation (const char *text,
                 const char *end)
{
  return text < end && ((guchar) *text & 0xc0) == 0x80;
}

/* The length of the character outside ASCII at @text, or 0 when it is none. */
static inline gsize
measure_character (const char *text,
                   const char *end)
{
  guchar first = (guchar) text[0];
  guchar second = end - text > 1 ? (guchar) text[1] : 0;

  if (first < 0xc2 || first > 0xf4 || (second & 0xc0) != 0x80)
    return 0;
  if (first < 0xe0)
    return 2;

  /* No overlong forms, no surrogates, nothing beyond U+10FFFF. */
  if ((first == 0xe0 && second < 0xa0) ||
      (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f) ||
      !is_continuation (text + 2, end))
    return 0;
  if (first < 0xf0)
    return 3;

  return is_continuation (text + 3, end) ? 4 : 0;
}

/* @text is at a backslash. Returns the end of the escape, or NULL. */
static const char *
skip_escape (RuntimeUseJsonReader *self,
             const char           *text)
{
  const char *problem = "invalid escape";
  const char *stop = NULL;
  gunichar character = 1;

  self->current.escaped = TRUE;

  if (self->end - text < 2)
    problem = "the text ends too early";
  else if (text[1] == 'u')
    stop = _runtime_use_json_read_unicode (text + 2, self->end, &character, &problem);
  else if (text[1] != '\0' && strchr ("\"\\/bfnrt", text[1]) != NULL)
    stop = text + 2;

  if (stop == NULL)
    fail (self, problem, text);
  else if (character == 0)
    self->current.has_nul = TRUE;

  return stop;
}

/* Whole words of what needs no look are skipped. */
static inline const char *
skip_plain (const char *text,
            const char *end)
{
  while (end - text >= (gssize) RUNTIME_USE_WORD_SIZE)
    {
      guint64 word = _runtime_use_word_load (text);
      guint64 marks = (_runtime_use_word_mark_special (word) |
                       _runtime_use_word_mark_non_ascii (word));

      if (marks != 0)
        return text + _runtime_use_word_first_mark (marks);
      text += RUNTIME_USE_WORD_SIZE;
    }

  return text;
}

/* @text is at a character outside ASCII. Returns what follows it and others like it, or NULL. */
static const char *
skip_characters (RuntimeUseJsonReader *self,
                 const char           *text)
{
  do
    {
      gsize length = measure_character (text, self->end);

      if (length == 0)
        {
          fail (self, "invalid UTF-8", text);
          return NULL;
        }
      text += length;
    }
  while (text < self->end && (guchar) *text >= 0x80);

  return text;
}

/* The cursor is behind the opening quote. */
static RuntimeUseJsonToken
read_string (RuntimeUseJsonReader *self,
             RuntimeUseJsonToken   token)
{
  const char *text = self->cursor;

  self->current.escaped = FALSE;
  self->current.has_nul = FALSE;

  while (text != NULL && (text = skip_plain (text, self->end)) < self->end)
    {
      guchar byte = (guchar) *text;

      if (byte == '"')
        {
          accept (self, token, self->cursor, text);
          self->cursor = text + 1;
          return token;
        }
      if (byte < 0x20)
        return fail (self, "control character in a string", text);

      if (byte == '\\')
        text = skip_escape (self, text);
      else if (byte >= 0x80)
        text = skip_characters (self, text);
      else
        text++;
    }

  if (text == NULL)
    return RUNTIME_USE_JSON_ERROR;

  return fail (self, "the text ends too early", self->end);
}

static const char *
skip_digits (const char *text,
             const char *end)
{
  while (text < end && g_ascii_isdigit (*text))
    text++;

  return text;
}

/* The end of the number at @text, or NULL. */
static const char *
measure_number (const char *text,
                const char *end)
{
  const char *digits;

  if (text < end && *text == '-')
    text++;

  digits = text;
  text = skip_digits (text, end);
  if (text == digits || (*digits == '0' && text - digits > 1))
    return NULL;

  if (text < end && *text == '.')
    {
      digits = ++text;
      text = skip_digits (text, end);
      if (text == digits)
        return NULL;
    }

  if (text < end && (*text == 'e' || *text == 'E'))
    {
      text++;
      if (text < end && (*text == '+' || *text == '-'))
        text++;
      digits = text;
      text = skip_digits (text, end);
      if (text == digits)
        return NULL;
    }

  return text;
}

static RuntimeUseJsonToken
read_number (RuntimeUseJsonReader *self)
{
  const char *text = self->cursor;
  const char *stop = measure_number (text, self->end);

  if (stop == NULL)
    return fail (self, "invalid number", text);

  self->cursor = stop;

  return accept (self, RUNTIME_USE_JSON_NUMBER, text, stop);
}

static RuntimeUseJsonToken
read_literal (RuntimeUseJsonReader *self,
              const char           *literal,
              RuntimeUseJsonToken   token)
{
  const char *text = self->cursor;
  gsize length = strlen (literal);

  if ((gsize) (self->end - text) < length || memcmp (text, literal, length) != 0)
    return fail (self, "unexpected character", text);

  self->cursor += length;

  return accept (self, token, text, self->cursor);
}

static RuntimeUseJsonToken
open_level (RuntimeUseJsonReader *self,
            RuntimeUseJsonToken   token)
{
  gboolean is_object = token == RUNTIME_USE_JSON_OBJECT;

  if (self->depth == RUNTIME_USE_LIMIT_JSON_DEPTH)
    {
      self->too_large = TRUE;
      return fail (self, "more than " G_STRINGIFY (RUNTIME_USE_LIMIT_JSON_DEPTH)
                   " levels of arrays and objects", self->cursor);
    }

  self->objects = self->objects << 1 | (guint64) is_object;
  self->depth++;
  self->expected = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  self->cursor++;

  return accept (self, token, self->cursor - 1, self->cursor);
}

static void
expect_after_value (RuntimeUseJsonReader *self)
{
  self->expected = self->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static RuntimeUseJsonToken
close_level (RuntimeUseJsonReader *self,
             RuntimeUseJsonToken   token)
{
  self->objects >>= 1;
  self->depth--;
  self->cursor++;
  expect_after_value (self);

  return accept (self, token, self->cursor - 1, self->cursor);
}

static void
skip_space (RuntimeUseJsonReader *self)
{
  const char *text = self->cursor;

  while (text < self->end && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t'))
    text++;

  if (text != self->cursor)
    {
      self->spaced = TRUE;
      self->cursor = text;
    }
}

static RuntimeUseJsonToken
read_value (RuntimeUseJsonReader *self)
{
  char byte = *self->cursor;

  if (byte == '{')
    return open_level (self, RUNTIME_USE_JSON_OBJECT);
  if (byte == '[')
    return open_level (self, RUNTIME_USE_JSON_ARRAY);

  expect_after_value (self);

  if (byte == '"')
    {
      self->cursor++;
      return read_string (self, RUNTIME_USE_JSON_STRING);
    }
  if (byte == '-' || g_ascii_isdigit (byte))
    return read_number (self);
  if (byte == 'n')
    return read_literal (self, "null", RUNTIME_USE_JSON_NULL);
  if (byte == 't')
    return read_literal (self, "true", RUNTIME_USE_JSON_TRUE);
  if (byte == 'f')
    return read_literal (self, "false", RUNTIME_USE_JSON_FALSE);

  self->expected = EXPECT_VALUE;

  return fail_unexpected (self, self->cursor);
}

/* The name of a member and the colon behind it. */
static RuntimeUseJsonToken
read_name (RuntimeUseJsonReader *self)
{
  if (*self->cursor != '"')
    return fail_unexpected (self, self->cursor);

  self->cursor++;
  if (read_string (self, RUNTIME_USE_JSON_NAME) == RUNTIME_USE_JSON_ERROR)
    return RUNTIME_USE_JSON_ERROR;

  skip_space (self);
  if (self->cursor == self->end || *self->cursor != ':')
    return fail_unexpected (self, self->cursor);

  self->cursor++;
  self->expected = EXPECT_VALUE;

  return RUNTIME_USE_JSON_NAME;
}

/*
 * Goes to the next token, which is then in .current. What was read before stays what it was when
 * this fails, so nothing may be done with it before the end has been seen.
 */
RuntimeUseJsonToken
_runtime_use_json_reader_next (RuntimeUseJsonReader *self)
{
  gboolean in_object = (self->objects & 1) != 0;
  char byte;

  if (self->problem != NULL)
    return RUNTIME_USE_JSON_ERROR;

  skip_space (self);
  if (self->cursor == self->end)
    {
      if (self->expected != EXPECT_NOTHING)
        return fail_unexpected (self, self->end);
      return accept (self, RUNTIME_USE_JSON_END, self->end, self->end);
    }

  byte = *self->cursor;
  if (self->expected == EXPECT_COMMA_OR_END && byte == ',')
    {
      self->expected = in_object ? EXPECT_NAME : EXPECT_VALUE;
      self->cursor++;
      skip_space (self);
      if (self->cursor == self->end)
        return fail_unexpected (self, self->end);
      byte = *self->cursor;
    }
  else if (self->expected == EXPECT_COMMA_OR_END ||
           self->expected == EXPECT_VALUE_OR_END ||
           self->expected == EXPECT_NAME_OR_END)
    {
      if (byte == (in_object ? '}' : ']'))
        return close_level (self,
                            in_object ? RUNTIME_USE_JSON_OBJECT_END : RUNTIME_USE_JSON_ARRAY_END);
    }

  if (self->expected == EXPECT_NAME || self->expected == EXPECT_NAME_OR_END)
    return read_name (self);
  if (self->expected == EXPECT_VALUE || self->expected == EXPECT_VALUE_OR_END)
    return read_value (self);

  return fail_unexpected (self, self->cursor);
}

/*
 * Reads a whole value; .text of an array or object goes from its bracket to its bracket. Returns
 * FALSE when there is none or it is broken.
 */
gboolean
_runtime_use_json_reader_read_value (RuntimeUseJsonReader *self,
                                     RuntimeUseJsonValue  *value)
{
  guint depth = self->depth;
  RuntimeUseJsonToken token = _runtime_use_json_reader_next (self);

  *value = self->current;
  if (token != RUNTIME_USE_JSON_ARRAY && token != RUNTIME_USE_JSON_OBJECT)
    return (token != RUNTIME_USE_JSON_ERROR &&
            token != RUNTIME_USE_JSON_END &&
            token != RUNTIME_USE_JSON_ARRAY_END);

  while (self->depth > depth)
    {
      if (_runtime_use_json_reader_next (self) == RUNTIME_USE_JSON_ERROR)
        return FALSE;
    }
  value->length = (gsize) (self->cursor - value->text);

  return TRUE;
}

/* Says what is wrong, and where, once the reader has come upon an error. */
void
_runtime_use_json_reader_set_error (RuntimeUseJsonReader  *self,
                                    GError               **error)
{
  gsize line = 1;
  gsize column = 1;

  g_assert (self->problem != NULL);

  for (const char *text = self->start; text < self->problem_at; text++)
    {
      if (*text == '\n')
        {
          line++;
          column = 1;
        }
      else if (((guchar) *text & 0xc0) != 0x80)
        column++;
    }

  g_set_error (error,
               RUNTIME_USE_ERROR,
               self->too_large ? RUNTIME_USE_ERROR_TOO_LARGE : RUNTIME_USE_ERROR_MALFORMED,
               "Not usable as JSON: %s at line %" G_GSIZE_FORMAT ", column %" G_GSIZE_FORMAT
               " (byte %" G_GSIZE_FORMAT ")",
               self->problem, line, column, (gsize) (self->problem_at - self->start));
}

/* Checks that @json is one strict document. */
gboolean
_runtime_use_json_validate (const char  *json,
                            gsize        length,
                            GError     **error)
{
  RuntimeUseJsonReader reader;
  RuntimeUseJsonToken token;

  _runtime_use_json_reader_init (&reader, json, length);
  do
    token = _runtime_use_json_reader_next (&reader);
  while (token != RUNTIME_USE_JSON_END && token != RUNTIME_USE_JSON_ERROR);

  if (token == RUNTIME_USE_JSON_ERROR)
    _runtime_use_json_reader_set_error (&reader, error);

  return token == RUNTIME_USE_JSON_END;
}
