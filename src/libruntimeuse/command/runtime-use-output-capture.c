/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-output-capture-private.h"

#include "runtime-use-json-writer-private.h"

/* What the note about missing bytes takes, at most. */
#define NOTE_LENGTH 80

RuntimeUseOutputCapture *
_runtime_use_output_capture_new (gsize limit)
{
  RuntimeUseOutputCapture *self = g_new0 (RuntimeUseOutputCapture, 1);

  self->head = g_string_new (NULL);
  self->tail = g_string_new (NULL);
  self->limit = limit;

  return self;
}

void
_runtime_use_output_capture_free (RuntimeUseOutputCapture *self)
{
  g_string_free (self->head, TRUE);
  g_string_free (self->tail, TRUE);
  g_free (self);
}

/* The next place at or after position where a character begins. */
static gsize
next_character (const char *text,
                gsize       length,
                gsize       position)
{
  while (position < length && ((guchar) text[position] & 0xc0) == 0x80)
    position++;

  return position;
}

/* Forgets what is beyond the limit of the tail. */
void
_runtime_use_output_capture_trim (RuntimeUseOutputCapture *self)
{
  gsize excess;

  if (self->tail->len <= self->limit)
    return;

  excess = next_character (self->tail->str, self->tail->len, self->tail->len - self->limit);
  self->omitted += excess;
  g_string_erase (self->tail, 0, excess);
}

void
_runtime_use_output_capture_append (RuntimeUseOutputCapture *self,
                                    const char              *text,
                                    gsize                    length)
{
  self->encoded = 0;
  if (self->tail->len == 0 && self->omitted == 0)
    {
      gsize room = self->limit - MIN (self->head->len, self->limit);
      gsize taken = length <= room ? length : next_character (text, length, room);

      g_string_append_len (self->head, text, taken);
      text += taken;
      length -= taken;
    }

  if (length == 0)
    return;

  g_string_append_len (self->tail, text, length);
  /* Not each time, so that each byte is moved but once. */
  if (self->tail->len > 2 * self->limit)
    _runtime_use_output_capture_trim (self);
}

static gboolean
is_empty (RuntimeUseOutputCapture *self)
{
  return self->head->len == 0 && self->tail->len == 0;
}

/* Encoded bytes of all that join() gives. */
gsize
_runtime_use_output_capture_get_length (RuntimeUseOutputCapture *self)
{
  if (self->encoded == 0 && !is_empty (self))
    self->encoded = _runtime_use_json_string_length (self->head->str, self->head->len) +
                    _runtime_use_json_string_length (self->tail->str, self->tail->len) +
                    (self->omitted > 0 ? NOTE_LENGTH : 0);

  return self->encoded;
}

/* Makes the text one piece again, as long as nothing is missing. */
static void
rejoin (RuntimeUseOutputCapture *self)
{
  if (self->omitted > 0 || self->tail->len == 0)
    return;

  g_string_append_len (self->head, self->tail->str, self->tail->len);
  g_string_truncate (self->tail, 0);
}

void
_runtime_use_output_capture_shrink (RuntimeUseOutputCapture *self,
                                    gsize                    max_encoded)
{
  gsize room = (max_encoded - MIN (max_encoded, NOTE_LENGTH)) / 2;
  gsize before;
  gsize kept;

  if (_runtime_use_output_capture_get_length (self) <= max_encoded)
    return;

  rejoin (self);
  before = self->head->len + self->tail->len;
  kept = _runtime_use_json_fit_prefix (self->head->str, self->head->len, room);

  if (self->tail->len == 0)
    g_string_append_len (self->tail, self->head->str + kept, self->head->len - kept);
  g_string_truncate (self->head, kept);

  kept = _runtime_use_json_fit_suffix (self->tail->str, self->tail->len, room);
  g_string_erase (self->tail, 0, self->tail->len - kept);

  self->omitted += before - self->head->len - self->tail->len;
  self->encoded = 0;
}

GString *
_runtime_use_output_capture_join (RuntimeUseOutputCapture *self)
{
  GString *text = g_string_new_len (self->head->str, self->head->len);

  /* A note about nothing helps nobody, and thousands of them add up. */
  if (self->omitted > 0 && !is_empty (self))
    g_string_append_printf (text, "\n… [%" G_GSIZE_FORMAT " bytes omitted] …\n", self->omitted);
  g_string_append_len (text, self->tail->str, self->tail->len);

  return text;
}

static gsize
sum_below (const gsize *lengths,
           guint        n_lengths,
           gsize        level)
{
  gsize sum = 0;

  for (guint i = 0; i < n_lengths; i++)
    sum += MIN (lengths[i], level);

  return sum;
}

void
_runtime_use_output_captures_share (GPtrArray *captures,
                                    gsize      max_encoded)
{
  g_autofree gsize *lengths = g_new (gsize, captures->len + 1);
  gsize low = 0;
  gsize high = max_encoded;

  for (guint i = 0; i < captures->len; i++)
    lengths[i] = _runtime_use_output_capture_get_length (g_ptr_array_index (captures, i));

  if (sum_below (lengths, captures->len, G_MAXSIZE) <= max_encoded)
    return;

  /* The highest level to which all can be filled. */
  while (low < high)
    {
      gsize middle = low + (high - low + 1) / 2;

      if (sum_below (lengths, captures->len, middle) <= max_encoded)
        low = middle;
      else
        high = middle - 1;
    }

  for (guint i = 0; i < captures->len; i++)
    _runtime_use_output_capture_shrink (g_ptr_array_index (captures, i), low);
}
