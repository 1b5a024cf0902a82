/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-segment-stream-private.h"

#include <string.h>

struct _RuntimeUseSegmentStream
{
  GInputStream  parent_instance;

  GPtrArray    *segments;
  guint         index;
  gsize         position;   /* in the segment */
};

static void pollable_iface_init (GPollableInputStreamInterface *iface);

/* It can always be read from, and never blocks. */
G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseSegmentStream, _runtime_use_segment_stream,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      pollable_iface_init))

static gssize
read_some (RuntimeUseSegmentStream *self,
           char                    *buffer,
           gsize                    count)
{
  gsize done = 0;

  while (done < count && self->index < self->segments->len)
    {
      gsize length;
      const char *data = g_bytes_get_data (g_ptr_array_index (self->segments, self->index),
                                           &length);
      gsize taken = MIN (length - self->position, count - done);

      memcpy (buffer + done, data + self->position, taken);
      done += taken;
      self->position += taken;
      if (self->position == length)
        {
          self->index++;
          self->position = 0;
        }
    }

  return (gssize) done;
}

static gssize
segment_stream_read (GInputStream  *stream,
                     void          *buffer,
                     gsize          count,
                     GCancellable  *cancellable,
                     GError       **error)
{
  return read_some (RUNTIME_USE_SEGMENT_STREAM (stream), buffer, count);
}

static gssize
segment_stream_read_nonblocking (GPollableInputStream  *stream,
                                 void                  *buffer,
                                 gsize                  count,
                                 GError               **error)
{
  return read_some (RUNTIME_USE_SEGMENT_STREAM (stream), buffer, count);
}

static gboolean
segment_stream_is_readable (GPollableInputStream *stream)
{
  return TRUE;
}

static GSource *
segment_stream_create_source (GPollableInputStream *stream,
                              GCancellable         *cancellable)
{
  g_autoptr(GSource) timeout = g_timeout_source_new (0);
  GSource *source = g_pollable_source_new_full (stream, NULL, cancellable);

  g_source_set_dummy_callback (timeout);
  g_source_add_child_source (source, timeout);

  return source;
}

static void
pollable_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = segment_stream_is_readable;
  iface->create_source = segment_stream_create_source;
  iface->read_nonblocking = segment_stream_read_nonblocking;
}

static void
_runtime_use_segment_stream_finalize (GObject *object)
{
  g_ptr_array_unref (RUNTIME_USE_SEGMENT_STREAM (object)->segments);

  G_OBJECT_CLASS (_runtime_use_segment_stream_parent_class)->finalize (object);
}

static void
_runtime_use_segment_stream_class_init (RuntimeUseSegmentStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_segment_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = segment_stream_read;
}

static void
_runtime_use_segment_stream_init (RuntimeUseSegmentStream *self)
{
}

GInputStream *
_runtime_use_segment_stream_new (GPtrArray *segments)
{
  RuntimeUseSegmentStream *self = g_object_new (RUNTIME_USE_TYPE_SEGMENT_STREAM, NULL);

  self->segments = g_ptr_array_ref (segments);

  return G_INPUT_STREAM (self);
}
