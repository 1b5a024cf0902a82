/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The body of an HTTP answer that comes in chunks. */
typedef struct
{
  GInputStream *stream;   /* buffered, of the bytes as they are sent */
  guint64       left;     /* of the chunk we are in */
  gboolean      has_begun;
  gboolean      has_ended;
} RuntimeUseChunkReader;

/* @raw is not closed. */
RuntimeUseChunkReader *_runtime_use_chunk_reader_new  (GInputStream           *raw);
void                   _runtime_use_chunk_reader_free (RuntimeUseChunkReader  *self);

/* Like g_input_stream_read(), but 0 is the end that the sender meant; any other is an error. */
gssize                 _runtime_use_chunk_reader_read (RuntimeUseChunkReader  *self,
                                                       void                   *buffer,
                                                       gsize                   count,
                                                       GCancellable           *cancellable,
                                                       GError                **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseChunkReader, _runtime_use_chunk_reader_free)

G_END_DECLS
