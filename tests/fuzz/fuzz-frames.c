/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-frame-splitter-private.h"

#include <string.h>

#include "fuzz.h"

#define MAX_MESSAGE 100000

/* What a reader gets that takes @step bytes at a time. */
static guint
split (const guint8 *data,
       gsize         size,
       gsize         step,
       GByteArray   *out)
{
  RuntimeUseFrameSplitter splitter;
  guint8 buffer[512];
  gsize at = 0;
  guint code = 0;

  _runtime_use_frame_splitter_init (&splitter, MAX_MESSAGE, NULL);
  while (at < size && code == 0 && !splitter.monitor.ended)
    {
      gsize room;
      gsize prepared = _runtime_use_frame_splitter_prepare (&splitter, buffer, sizeof buffer,
                                                            &room);
      gsize n = MIN (MIN (room, step), size - at);
      gsize passed;

      g_assert_cmpuint (room, >, 0);
      g_assert_cmpuint (prepared + room, <=, sizeof buffer);
      memcpy (buffer + prepared, data + at, n);
      at += n;
      passed = _runtime_use_frame_splitter_pass (&splitter, buffer, prepared, n, &code);
      g_assert_cmpuint (passed, <=, prepared + n);
      g_byte_array_append (out, buffer, passed);
    }

  return code;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GByteArray) whole = g_byte_array_new ();
  g_autoptr(GByteArray) pieces = g_byte_array_new ();
  RuntimeUseFrameMonitor monitor;
  gsize accepted;
  gsize step;
  guint code;

  if (size == 0)
    return 0;

  /* The first byte says how to cut the rest. */
  step = *data++ + 1;
  size--;

  code = split (data, size, 512, whole);
  g_assert_true (code == 0 || code == RUNTIME_USE_CLOSE_PROTOCOL_ERROR ||
                 code == RUNTIME_USE_CLOSE_BAD_DATA || code == RUNTIME_USE_CLOSE_TOO_BIG);
  g_assert_cmpuint (split (data, size, step, pieces), ==, code);

  /* The start of a close frame is passed on before all of its reason is there. */
  if (code == RUNTIME_USE_CLOSE_BAD_DATA)
    {
      guint length = MIN (whole->len, pieces->len);

      g_byte_array_set_size (whole, length);
      g_byte_array_set_size (pieces, length);
    }
  g_assert_cmpmem (whole->data, whole->len, pieces->data, pieces->len);

  /* What is passed on breaks no rule. */
  _runtime_use_frame_monitor_init (&monitor, MAX_MESSAGE, NULL);
  g_assert_cmpuint (_runtime_use_frame_monitor_feed (&monitor, whole->data, whole->len, &accepted),
                    ==, 0);
  g_assert_cmpuint (accepted, ==, whole->len);

  return 0;
}
