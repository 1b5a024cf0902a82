/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-frame-splitter-private.h"

#include <string.h>

#define FIN_BIT           0x80
#define MASK_BIT          0x80
#define LENGTH_IN_2_BYTES 126
#define LENGTH_IN_8_BYTES 127

/* Where the header of a large frame has its mask, if it has one. */
#define LONG_LENGTH_END 10

/* Less than a chunk, so that a large frame does not end in the buffer in which it begins. */
#define MAX_READ (16 * 1024)

static gboolean
is_in_header (const RuntimeUseFrameMonitor *monitor)
{
  return monitor->header_length > 0 && !monitor->in_payload;
}

/* Writes the first two bytes and the length, as short as can be. */
static guint
write_length (const RuntimeUseFrameSplitter *self,
              guint8                        *header,
              guint8                         first,
              guint64                        length)
{
  guint8 mask_bit = self->monitor.mask_length > 0 ? MASK_BIT : 0;
  guint n_bytes = 0;

  header[0] = first;
  header[1] = mask_bit | length;
  if (length >= LENGTH_IN_2_BYTES)
    {
      n_bytes = length <= G_MAXUINT16 ? 2 : 8;
      header[1] = mask_bit | (n_bytes == 2 ? LENGTH_IN_2_BYTES : LENGTH_IN_8_BYTES);
    }

  for (guint i = 0; i < n_bytes; i++)
    header[2 + i] = length >> (8 * (n_bytes - 1 - i));

  return 2 + n_bytes;
}

static void
start_next_chunk (RuntimeUseFrameSplitter *self)
{
  const guint8 *mask = &self->monitor.header[LONG_LENGTH_END];
  gboolean is_last;

  self->chunk_left = MIN (self->frame_left, RUNTIME_USE_FRAME_CHUNK);
  self->frame_left -= self->chunk_left;
  is_last = self->frame_left == 0;

  self->header_length = write_length (self, self->header, is_last ? self->final_bit : 0,
                                      self->chunk_left);
  memcpy (self->header + self->header_length, mask, self->monitor.mask_length);
  self->header_length += self->monitor.mask_length;
}

/* The header of the frame that @buffer ends with becomes that of its first chunk. */
static void
split_frame (RuntimeUseFrameSplitter *self,
             guint8                  *buffer,
             gsize                    length)
{
  gsize seen = self->monitor.payload_length - self->monitor.payload_left;
  guint8 *header = buffer + length - seen - LONG_LENGTH_END - self->monitor.mask_length;

  self->final_bit = header[0] & FIN_BIT;
  self->chunk_left = RUNTIME_USE_FRAME_CHUNK - seen;
  self->frame_left = self->monitor.payload_length - RUNTIME_USE_FRAME_CHUNK;
  write_length (self, header, header[0] & ~FIN_BIT, RUNTIME_USE_FRAME_CHUNK);
}

void
_runtime_use_frame_splitter_init (RuntimeUseFrameSplitter *self,
                                  guint64                  max_message_size,
                                  RuntimeUseInputBudget   *budget)
{
  *self = (RuntimeUseFrameSplitter) { 0 };
  _runtime_use_frame_monitor_init (&self->monitor, max_message_size, budget);
}

void
_runtime_use_frame_splitter_clear (RuntimeUseFrameSplitter *self)
{
  _runtime_use_frame_monitor_clear (&self->monitor);
}

/*
 * _runtime_use_frame_splitter_prepare:
 * @buffer: where bytes are to be put that come from the peer
 * @size: the size of @buffer, more than a header has
 * @room: (out): how many bytes may be received
 *
 * Puts into @buffer what comes before the next bytes: a header that has not
 * come whole yet, or one of a fragment. May be called again without
 * consequences.
 *
 * Returns: how much that is; the next bytes have to be put behind it
 */
gsize
_runtime_use_frame_splitter_prepare (const RuntimeUseFrameSplitter *self,
                                     guint8                        *buffer,
                                     gsize                          size,
                                     gsize                         *room)
{
  gsize prepared = 0;

  if (self->header_length > 0)
    {
      prepared = self->header_length;
      memcpy (buffer, self->header, prepared);
    }
  else if (is_in_header (&self->monitor))
    {
      prepared = self->monitor.header_length;
      memcpy (buffer, self->monitor.header, prepared);
    }

  *room = MIN (size - prepared, MAX_READ);
  if (self->chunk_left > 0)
    *room = MIN (*room, self->chunk_left);

  return prepared;
}

/*
 * _runtime_use_frame_splitter_pass:
 * @prepared: what [func@_runtime_use_frame_splitter_prepare] returned
 * @received: how many bytes were put behind that
 * @code: (out): a close code when the peer broke a rule, or 0
 *
 * Returns: how many bytes of @buffer are to be passed on
 */
gsize
_runtime_use_frame_splitter_pass (RuntimeUseFrameSplitter *self,
                                  guint8                  *buffer,
                                  gsize                    prepared,
                                  gsize                    received,
                                  guint                   *code)
{
  gsize accepted;
  gsize length;

  *code = _runtime_use_frame_monitor_feed (&self->monitor, buffer + prepared, received, &accepted);
  if (*code != 0)
    return accepted > 0 ? prepared + accepted : 0;

  length = prepared + accepted;
  self->header_length = 0;
  if (self->chunk_left > 0)
    {
      self->chunk_left -= accepted;
      if (self->chunk_left == 0 && self->frame_left > 0)
        start_next_chunk (self);

      return length;
    }

  /* Half a header waits until it is known how long the frame is. */
  if (is_in_header (&self->monitor))
    return length - self->monitor.header_length;

  if (self->monitor.in_payload && self->monitor.payload_length > RUNTIME_USE_FRAME_CHUNK)
    split_frame (self, buffer, length);

  return length;
}
