/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-writer-private.h"

#include <string.h>

#include "runtime-use-json-word-private.h"

#define WORD RUNTIME_USE_WORD_SIZE

/* The longest form of one byte, \u0000. */
#define MAX_ESCAPE 6

static inline guint64
mark_special (const char *text)
{
  return _runtime_use_word_mark_special (_runtime_use_word_load (text));
}

static inline gsize
encoded_length (guchar byte)
{
  if (byte >= 0x20)
    return byte == '"' || byte == '\\' ? 2 : 1;

  return byte >= '\b' && byte <= '\r' && byte != '\v' ? 2 : MAX_ESCAPE;
}

static char *
put_escaped (char   *out,
             guchar  byte)
{
  static const char digits[] = "0123456789abcdef";
  static const char letters[] = "btn?fr";

  *out++ = '\\';
  if (byte >= 0x20)
    *out++ = (char) byte;
  else if (encoded_length (byte) == 2)
    *out++ = letters[byte - '\b'];
  else
    {
      memcpy (out, "u00", 3);
      out[3] = digits[byte >> 4];
      out[4] = digits[byte & 0xf];
      out += 5;
    }

  return out;
}

/* Leaves room for @needed bytes behind @out and says where @out is now. */
static char *
make_room (GString *json,
           char    *out,
           gsize    needed)
{
  gsize used = (gsize) (out - json->str);

  if (json->allocated_len - used > needed)
    return out;

  g_string_set_size (json, used + needed + needed / 8);

  return json->str + used;
}

/*
 * Appends @text as a JSON string with its quotes. Everything that JSON lets pass is written as it
 * is, non-ASCII included.
 */
void
_runtime_use_json_append_string (GString    *json,
                                 const char *text,
                                 gsize       length)
{
  const char *end = text + length;
  char *out = make_room (json, json->str + json->len, length + length / 32 + 3 * WORD);

  *out++ = '"';

  while (text < end)
    {
      guint64 marks;
      gsize step;

      if (end - text >= (gssize) WORD)
        {
          /* What is copied too far is overwritten by what comes next. */
          marks = mark_special (text);
          memcpy (out, text, WORD);
          step = marks == 0 ? WORD : _runtime_use_word_first_mark (marks);
          text += step;
          out += step;
          if (marks == 0)
            continue;
        }

      if (encoded_length ((guchar) *text) == 1)
        *out++ = *text++;
      else
        {
          out = make_room (json, out, (gsize) (end - text) + MAX_ESCAPE + WORD + 2);
          out = put_escaped (out, (guchar) *text++);
        }
    }

  *out++ = '"';
  *out = '\0';
  json->len = (gsize) (out - json->str);
}

/* How many bytes @text takes inside a JSON string. */
gsize
_runtime_use_json_string_length (const char *text,
                                 gsize       length)
{
  const char *end = text + length;
  gsize encoded = 0;

  while (text < end)
    {
      if (end - text >= (gssize) WORD && mark_special (text) == 0)
        {
          encoded += WORD;
          text += WORD;
        }
      else
        encoded += encoded_length ((guchar) *text++);
    }

  return encoded;
}

static gboolean
is_continuation (char byte)
{
  return ((guchar) byte & 0xc0) == 0x80;
}

/*
 * How many bytes from the start of @text fit into @max_encoded bytes of a JSON string without
 * cutting a character.
 */
gsize
_runtime_use_json_fit_prefix (const char *text,
                              gsize       length,
                              gsize       max_encoded)
{
  gsize fit = 0;
  gsize left = max_encoded;

  while (fit < length)
    {
      gsize step = WORD;
      gsize cost = WORD;

      if (length - fit < WORD || left < WORD || mark_special (text + fit) != 0)
        {
          step = 1;
          cost = encoded_length ((guchar) text[fit]);
        }
      if (cost > left)
        break;
      left -= cost;
      fit += step;
    }

  while (fit > 0 && fit < length && is_continuation (text[fit]))
    fit--;

  return fit;
}

/* The same from the end of @text. */
gsize
_runtime_use_json_fit_suffix (const char *text,
                              gsize       length,
                              gsize       max_encoded)
{
  gsize fit = 0;
  gsize left = max_encoded;

  while (fit < length)
    {
      const char *start = text + length - fit;
      gsize step = WORD;
      gsize cost = WORD;

      if (length - fit < WORD || left < WORD || mark_special (start - WORD) != 0)
        {
          step = 1;
          cost = encoded_length ((guchar) start[-1]);
        }
      if (cost > left)
        break;
      left -= cost;
      fit += step;
    }

  while (fit > 0 && is_continuation (text[length - fit]))
    fit--;

  return fit;
}
