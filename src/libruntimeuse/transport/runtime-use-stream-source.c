/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-stream-parts-private.h"

/*
 * Sources on the input and output of a connection stream, which the poller makes ready.
 */

/* Sources wait at the low priority; see the poller. */
#define PRIORITY_WAITING G_PRIORITY_LOW
#define PRIORITY_READY   G_PRIORITY_DEFAULT

static gboolean
stream_source_prepare (GSource *source,
                       int     *timeout)
{
  *timeout = -1;

  return ((RuntimeUseStreamSource *) source)->is_ready;
}

static gboolean
stream_source_check (GSource *source)
{
  return ((RuntimeUseStreamSource *) source)->is_ready;
}

void
_runtime_use_stream_source_set_ready (RuntimeUseStreamSource *self,
                                      gboolean                is_ready)
{
  if (self == NULL || self->is_ready == is_ready)
    return;

  if (is_ready && g_source_is_destroyed ((GSource *) self))
    return;

  self->is_ready = is_ready;
  if (is_ready)
    g_source_set_priority ((GSource *) self, PRIORITY_READY);
  _runtime_use_poller_ready (self->stream->poller, is_ready ? 1 : -1);
}

static gboolean
stream_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  RuntimeUseStreamSource *self = (RuntimeUseStreamSource *) source;
  GObject *user = self->stream->user;
  gboolean result;

  _runtime_use_stream_source_set_ready (self, FALSE);

  /* libsoup does not expect to be let go of by what it calls. */
  if (user != NULL)
    g_object_ref (user);

  _runtime_use_poller_enter (self->stream->poller);
  result = ((GPollableSourceFunc) (void (*) (void)) callback) (self->half, user_data);
  _runtime_use_poller_leave (self->stream->poller);

  if (user != NULL)
    g_object_unref (user);

  return result;
}

static void
stream_source_finalize (GSource *source)
{
  RuntimeUseStreamSource *self = (RuntimeUseStreamSource *) source;

  _runtime_use_stream_source_set_ready (self, FALSE);
  if (self->stream->input_source == self)
    self->stream->input_source = NULL;
  if (self->stream->output_source == self)
    self->stream->output_source = NULL;

  g_object_unref (self->stream);
}

static GSourceFuncs stream_source_funcs = {
  stream_source_prepare,
  stream_source_check,
  stream_source_dispatch,
  stream_source_finalize,
};

RuntimeUseStreamSource *
_runtime_use_stream_source_new (RuntimeUseConnectionStream *stream,
                                GObject                    *half,
                                gboolean                    is_ready)
{
  GSource *source = g_source_new (&stream_source_funcs, sizeof (RuntimeUseStreamSource));
  RuntimeUseStreamSource *self = (RuntimeUseStreamSource *) source;

  self->stream = g_object_ref (stream);
  self->half = half;
  g_source_set_priority (source, PRIORITY_WAITING);
  _runtime_use_stream_source_set_ready (self, is_ready);

  return self;
}

/* One that libsoup gave up is not dispatched, however long somebody still refers to it. */
void
_runtime_use_stream_source_forget (RuntimeUseStreamSource *self)
{
  if (self != NULL && g_source_is_destroyed ((GSource *) self))
    _runtime_use_stream_source_set_ready (self, FALSE);
}
