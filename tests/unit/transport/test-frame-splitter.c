/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-frame-splitter-private.h"

#include <string.h>

#define CHUNK RUNTIME_USE_FRAME_CHUNK

/* As clients do; servers send the same without a mask. */
static guint mask_length = 4;

static void
append_frame (GByteArray *out,
              guint8      first,
              gsize       length)
{
  guint8 header[14] = { first, mask_length > 0 ? 0x80 : 0 };
  guint n = 2;
  guint n_bytes = length < 126 ? 0 : length < 65536 ? 2 : 8;

  header[1] |= n_bytes == 0 ? length : n_bytes == 2 ? 126 : 127;
  for (guint i = 0; i < n_bytes; i++)
    header[n++] = (length >> (8 * (n_bytes - 1 - i))) & 0xff;
  for (guint i = 0; i < mask_length; i++)
    header[n++] = g_test_rand_int ();

  g_byte_array_append (out, header, n);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = g_test_rand_int ();

      g_byte_array_append (out, &byte, 1);
    }
}

/* What a reader gets that reads in pieces of @size, of bytes that arrive in such of @arriving. */
static GByteArray *
split (const GByteArray *in,
       gsize             size,
       gsize             arriving,
       guint            *code)
{
  GByteArray *out = g_byte_array_new ();
  g_autofree guint8 *buffer = g_malloc (size);
  RuntimeUseFrameSplitter splitter;
  gsize at = 0;

  *code = 0;
  _runtime_use_frame_splitter_init (&splitter, G_MAXUINT32, NULL);
  if (mask_length == 0)
    _runtime_use_frame_monitor_expect_server (&splitter.monitor);
  while (at < in->len && *code == 0)
    {
      gsize room;
      gsize prepared = _runtime_use_frame_splitter_prepare (&splitter, buffer, size, &room);
      gsize n = g_test_rand_int_range (1, arriving + 1);
      gsize passed;

      g_assert_cmpuint (prepared + room, <=, size);
      n = MIN (n, room);
      n = MIN (n, in->len - at);
      memcpy (buffer + prepared, in->data + at, n);
      at += n;
      passed = _runtime_use_frame_splitter_pass (&splitter, buffer, prepared, n, code);
      g_assert_cmpuint (passed, <=, prepared + n);
      g_byte_array_append (out, buffer, passed);
    }

  return out;
}

/* All messages and control frames, unmasked, with their opcodes; and the longest frame. */
static GByteArray *
decode (const GByteArray *in,
        gsize            *longest)
{
  g_autoptr(GByteArray) message = g_byte_array_new ();
  GByteArray *out = g_byte_array_new ();
  gsize at = 0;

  *longest = 0;
  while (at < in->len)
    {
      guint8 first = in->data[at];
      gsize length = in->data[at + 1] & 0x7f;
      guint n_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
      GByteArray *target = first & 0x08 ? out : message;
      guint8 mask[4] = { 0 };

      if (n_bytes > 0)
        length = 0;
      for (guint i = 0; i < n_bytes; i++)
        length = length << 8 | in->data[at + 2 + i];
      g_assert_false (n_bytes == 2 && length < 126);
      g_assert_false (n_bytes == 8 && length < 65536);

      *longest = MAX (*longest, length);
      memcpy (mask, in->data + at + 2 + n_bytes, mask_length);
      at += 2 + n_bytes + mask_length;
      g_assert_cmpuint (at + length, <=, in->len);
      if (first & 0x0f)
        g_byte_array_append (target, (const guint8[]) { first & 0x0f }, 1);
      for (gsize i = 0; i < length; i++)
        g_byte_array_append (target, (const guint8[]) { in->data[at + i] ^ mask[i & 3] }, 1);
      at += length;

      if ((first & 0x88) == 0x80)
        {
          /* Two messages are not one, even with the same bytes. */
          g_byte_array_append (message, (const guint8 *) "end", 3);
          g_byte_array_append (out, message->data, message->len);
          g_byte_array_set_size (message, 0);
        }
    }

  return out;
}

static void
check (const GByteArray *in,
       gsize             size,
       gsize             arriving)
{
  g_autoptr(GByteArray) out = NULL;
  g_autoptr(GByteArray) expected = NULL;
  g_autoptr(GByteArray) got = NULL;
  gsize longest;
  guint code;

  out = split (in, size, arriving, &code);
  g_assert_cmpuint (code, ==, 0);
  expected = decode (in, &longest);
  got = decode (out, &longest);
  g_assert_cmpuint (longest, <=, CHUNK);
  g_assert_cmpmem (got->data, got->len, expected->data, expected->len);
}

static void
test_frame_splitter_sizes (void)
{
  static const gsize lengths[] = {
    0, 1, 125, 126, 65535, CHUNK, CHUNK + 1, CHUNK + 125, CHUNK + 126, 2 * CHUNK - 1, 2 * CHUNK,
    2 * CHUNK + 1, 5 * CHUNK + 77,
  };

  g_test_summary ("A message is the same afterwards, whatever its size");

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GByteArray) in = g_byte_array_new ();

      append_frame (in, 0x81, lengths[i]);
      check (in, 1024, 1024);
      check (in, 100000, 100000);
    }
}

static void
test_frame_splitter_stream (void)
{
  g_test_summary ("Frames of all kinds keep their order, however they arrive and are read");

  for (guint round = 0; round < 30; round++)
    {
      g_autoptr(GByteArray) in = g_byte_array_new ();

      append_frame (in, 0x81, g_test_rand_int_range (0, 300));
      append_frame (in, 0x02, g_test_rand_int_range (0, 3 * CHUNK));
      append_frame (in, 0x89, g_test_rand_int_range (0, 126));
      append_frame (in, 0x00, g_test_rand_int_range (0, 3 * CHUNK));
      append_frame (in, 0x8a, g_test_rand_int_range (0, 126));
      append_frame (in, 0x80, g_test_rand_int_range (0, 3 * CHUNK));
      append_frame (in, 0x81, g_test_rand_int_range (0, 3 * CHUNK));
      append_frame (in, 0x88, 2);

      check (in, g_test_rand_int_range (15, 2000), g_test_rand_int_range (1, 2000));
    }
}

static void
test_frame_splitter_small_pieces (void)
{
  g_autoptr(GByteArray) in = g_byte_array_new ();

  g_test_summary ("Headers that come byte by byte are passed on whole");

  append_frame (in, 0x81, CHUNK + 10);
  append_frame (in, 0x81, 200);
  append_frame (in, 0x81, 0);
  check (in, 15, 1);
}

static void
test_frame_splitter_violation (void)
{
  g_test_summary ("Nothing of a frame that breaks a rule is passed on");

  for (gsize arriving = 1; arriving < 40; arriving++)
    {
      g_autoptr(GByteArray) in = g_byte_array_new ();
      g_autoptr(GByteArray) out = NULL;
      gsize good;
      guint code;

      append_frame (in, 0x81, 10);
      good = in->len;
      /* Masked as by the other side. */
      g_byte_array_append (in, (const guint8[]) { 0x81, mask_length > 0 ? 0x02 : 0x82 }, 2);
      g_byte_array_append (in, (const guint8 *) "abcdef", 6);

      out = split (in, 1024, arriving, &code);
      g_assert_cmpuint (code, ==, 1002);
      g_assert_cmpmem (out->data, out->len, in->data, good);
    }
}

static void
test_frame_splitter_server (void)
{
  g_test_summary ("All that holds for the frames of a server, which have no mask");

  mask_length = 0;
  test_frame_splitter_sizes ();
  test_frame_splitter_stream ();
  test_frame_splitter_small_pieces ();
  test_frame_splitter_violation ();
  mask_length = 4;
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/frame-splitter/sizes", test_frame_splitter_sizes);
  g_test_add_func ("/frame-splitter/stream", test_frame_splitter_stream);
  g_test_add_func ("/frame-splitter/small-pieces", test_frame_splitter_small_pieces);
  g_test_add_func ("/frame-splitter/violation", test_frame_splitter_violation);
  g_test_add_func ("/frame-splitter/server", test_frame_splitter_server);

  return g_test_run ();
}
