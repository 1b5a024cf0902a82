/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-frame-monitor-private.h"

#include <string.h>

#include "runtime-use-utf8-decoder-private.h"

#define FIN_BIT     0x80
#define RSV_BITS    0x70
#define OPCODE_BITS 0x0f
#define CONTROL_BIT 0x08
#define MASK_BIT    0x80
#define LENGTH_BITS 0x7f

#define OPCODE_CONTINUATION 0x0
#define OPCODE_BINARY       0x2
#define OPCODE_CLOSE        0x8
#define OPCODE_PONG         0xa

#define LENGTH_IN_2_BYTES   126
#define LENGTH_IN_8_BYTES   127
#define MASK_LENGTH         4
#define CLOSE_CODE_LENGTH   2

static guint
check_first_byte (const RuntimeUseFrameMonitor *self)
{
  guint8 byte = self->header[0];
  guint8 opcode = byte & OPCODE_BITS;

  if ((byte & RSV_BITS) != 0)
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  if (opcode & CONTROL_BIT)
    return opcode <= OPCODE_PONG && (byte & FIN_BIT) ? 0 : RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  if (opcode > OPCODE_BINARY)
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  /* A continuation needs something to continue, anything else must not interrupt. */
  if ((opcode == OPCODE_CONTINUATION) != self->in_message)
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  return 0;
}

static guint
check_second_byte (const RuntimeUseFrameMonitor *self)
{
  gboolean is_control = (self->header[0] & CONTROL_BIT) != 0;

  if (((self->header[1] & MASK_BIT) != 0) != (self->mask_length > 0))
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  if (is_control && (self->header[1] & LENGTH_BITS) > RUNTIME_USE_MAX_CONTROL_PAYLOAD)
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  return 0;
}

static guint
size_of_length (const RuntimeUseFrameMonitor *self)
{
  switch (self->header[1] & LENGTH_BITS)
    {
    case LENGTH_IN_2_BYTES:
      return 2;

    case LENGTH_IN_8_BYTES:
      return 8;

    default:
      return 0;
    }
}

static guint
check_length (RuntimeUseFrameMonitor *self)
{
  guint n_bytes = size_of_length (self);
  guint64 length = n_bytes == 0 ? self->header[1] & LENGTH_BITS : 0;

  for (guint i = 0; i < n_bytes; i++)
    length = length << 8 | self->header[2 + i];

  if ((n_bytes == 2 && length < LENGTH_IN_2_BYTES) || (n_bytes == 8 && length <= G_MAXUINT16))
    return RUNTIME_USE_CLOSE_PROTOCOL_ERROR;

  self->payload_length = length;
  self->payload_left = length;
  if (self->header[0] & CONTROL_BIT)
    return 0;

  if (length > self->max_message_size ||
      self->message_size > self->max_message_size - length)
    return RUNTIME_USE_CLOSE_TOO_BIG;

  self->message_size += length;

  return 0;
}

/* Takes the byte that was put last into the header. */
static guint
check_header (RuntimeUseFrameMonitor *self)
{
  guint length_end;

  if (self->header_length == 1)
    return check_first_byte (self);

  if (self->header_length == 2)
    {
      guint code = check_second_byte (self);

      if (code != 0)
        return code;
    }

  length_end = 2 + size_of_length (self);
  if (self->header_length == length_end)
    {
      guint code = check_length (self);

      if (code != 0)
        return code;
    }

  self->in_payload = self->header_length == length_end + self->mask_length;

  return 0;
}

static gboolean
is_close (const RuntimeUseFrameMonitor *self)
{
  return (self->header[0] & OPCODE_BITS) == OPCODE_CLOSE;
}

static void
take_close (RuntimeUseFrameMonitor *self,
            const guint8           *bytes,
            gsize                   length)
{
  const guint8 *mask = self->header + self->header_length - self->mask_length;
  gsize at = self->payload_length - self->payload_left;

  memcpy (self->close + at, bytes, length);
  for (gsize i = at; i < at + length && self->mask_length > 0; i++)
    self->close[i] ^= mask[i % MASK_LENGTH];
}

static guint
check_close (const RuntimeUseFrameMonitor *self)
{
  gsize length = MAX (self->payload_length, CLOSE_CODE_LENGTH) - CLOSE_CODE_LENGTH;

  if (_runtime_use_utf8_valid_length (self->close + CLOSE_CODE_LENGTH, length) < length)
    return RUNTIME_USE_CLOSE_BAD_DATA;

  return 0;
}

/* Only what has come counts: a length that is announced takes no memory. */
static gboolean
count_payload (RuntimeUseFrameMonitor *self,
               gsize                   length)
{
  if (self->budget == NULL || (self->header[0] & CONTROL_BIT))
    return TRUE;

  if (!_runtime_use_input_budget_take (self->budget, self->counted, length))
    return FALSE;

  self->counted += length;

  return TRUE;
}

static void
uncount_message (RuntimeUseFrameMonitor *self)
{
  if (self->budget != NULL)
    _runtime_use_input_budget_give_back (self->budget, self->counted);
  self->counted = 0;
}

static void
finish_frame (RuntimeUseFrameMonitor *self)
{
  gboolean is_final = (self->header[0] & FIN_BIT) != 0;

  self->header_length = 0;
  self->in_payload = FALSE;
  self->ended = is_close (self);

  if (self->header[0] & CONTROL_BIT)
    {
      if ((self->header[0] & OPCODE_BITS) != OPCODE_PONG)
        self->n_answerable++;
      return;
    }

  self->in_message = !is_final;
  if (is_final)
    {
      self->message_size = 0;
      self->n_answerable++;
      uncount_message (self);
    }
}

/* Takes what @bytes have of the payload of the current frame. */
static guint
take_payload (RuntimeUseFrameMonitor *self,
              const guint8           *bytes,
              gsize                   length,
              gsize                  *taken)
{
  guint code = 0;

  *taken = MIN (self->payload_left, length);
  if (!count_payload (self, *taken))
    return RUNTIME_USE_CLOSE_TRY_AGAIN_LATER;

  if (is_close (self))
    take_close (self, bytes, *taken);

  self->payload_left -= *taken;
  if (self->payload_left > 0)
    return 0;

  if (is_close (self))
    code = check_close (self);
  finish_frame (self);

  return code;
}

/*
 * _runtime_use_frame_monitor_init:
 * @max_message_size: the most payload bytes that one message may have, over all its fragments
 * @budget: (nullable): what the payload of unfinished messages is taken from
 */
void
_runtime_use_frame_monitor_init (RuntimeUseFrameMonitor *self,
                                 guint64                 max_message_size,
                                 RuntimeUseInputBudget  *budget)
{
  *self = (RuntimeUseFrameMonitor) {
    .max_message_size = max_message_size,
    .mask_length = MASK_LENGTH,
  };
  if (budget != NULL)
    self->budget = _runtime_use_input_budget_ref (budget);
}

/*
 * _runtime_use_frame_monitor_expect_server:
 *
 * To be called before anything is fed that comes from a server, not a client.
 */
void
_runtime_use_frame_monitor_expect_server (RuntimeUseFrameMonitor *self)
{
  self->mask_length = 0;
}

/*
 * _runtime_use_frame_monitor_clear:
 *
 * Gives back what an unfinished message has taken from the budget: to be called when nobody
 * keeps its bytes any more.
 */
void
_runtime_use_frame_monitor_clear (RuntimeUseFrameMonitor *self)
{
  uncount_message (self);
  g_clear_pointer (&self->budget, _runtime_use_input_budget_unref);
}

/*
 * _runtime_use_frame_monitor_feed:
 * @accepted: (out): how many of @bytes may be passed on
 *
 * Takes the next bytes of the stream. What comes after a close frame is not
 * accepted, and no error.
 *
 * Returns: 0, or the code with which the connection has to be closed; the
 *   bytes of the offending frame are not accepted
 */
guint
_runtime_use_frame_monitor_feed (RuntimeUseFrameMonitor *self,
                                 const guint8           *bytes,
                                 gsize                   length,
                                 gsize                  *accepted)
{
  gsize frame_start = 0;
  gsize at = 0;
  guint code = 0;

  while (at < length && !self->ended && code == 0)
    {
      if (!self->in_payload)
        {
          if (self->header_length == 0)
            frame_start = at;

          self->header[self->header_length++] = bytes[at++];
          code = check_header (self);
        }

      if (self->in_payload)
        {
          gsize taken;

          code = take_payload (self, bytes + at, length - at, &taken);
          at += taken;
        }
    }

  *accepted = code == 0 ? at : frame_start;

  return code;
}
