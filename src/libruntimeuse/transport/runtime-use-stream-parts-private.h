/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-connection-stream-private.h"
#include "runtime-use-frame-splitter-private.h"

G_BEGIN_DECLS

/*
 * What the parts of a connection stream know of each other: the input and the output that
 * libsoup sees, the sources on them, and the stream that has them.
 */

/* What one connection may read before others get their turn. */
#define RUNTIME_USE_READ_BUDGET (64 * 1024)

/* When a deadline begins whose length the owner knows, it is asked after this time. */
#define RUNTIME_USE_SOON (250 * G_TIME_SPAN_MILLISECOND)

/* A close frame with a code and no reason, which the server sends without a mask. */
#define RUNTIME_USE_CLOSE_LENGTH 4

typedef enum
{
  RUNTIME_USE_PHASE_REQUEST,     /* HTTP: the owner receives */
  RUNTIME_USE_PHASE_ANSWERING,   /* HTTP: a page is being sent */
  RUNTIME_USE_PHASE_OPEN,        /* WebSocket: libsoup reads and writes */
  RUNTIME_USE_PHASE_LINGERING,   /* nothing is sent any more, what comes is thrown away */
  RUNTIME_USE_PHASE_GONE,        /* there is no descriptor any more */
} RuntimeUseStreamPhase;

typedef struct
{
  GInputStream                parent_instance;
  RuntimeUseConnectionStream *stream;   /* (nullable): borrowed, the stream owns this */
} RuntimeUseStreamInput;

typedef struct
{
  GOutputStream               parent_instance;
  RuntimeUseConnectionStream *stream;   /* (nullable): borrowed, the stream owns this */
} RuntimeUseStreamOutput;

typedef GInputStreamClass RuntimeUseStreamInputClass;
typedef GOutputStreamClass RuntimeUseStreamOutputClass;

typedef struct
{
  GSource                     source;
  RuntimeUseConnectionStream *stream;
  GObject                    *half;      /* the input or output */
  gboolean                    is_ready;
} RuntimeUseStreamSource;

struct _RuntimeUseConnectionStream
{
  GIOStream                               parent_instance;

  RuntimeUsePoller                       *poller;
  RuntimeUsePollEntry                     entry;
  int                                     fd;
  RuntimeUseStreamPhase                   phase;
  RuntimeUseStreamInput                  *input;
  RuntimeUseStreamOutput                 *output;
  const RuntimeUseConnectionStreamEvents *events;      /* (nullable): nobody is told any more */
  gpointer                                user_data;
  char                                   *failure;     /* (nullable): what reads and writes get */

  gboolean                                can_read;
  gboolean                                has_hung_up;   /* a short read is not the end of input */
  gboolean                                is_paused;     /* the owner wants no input now */
  gsize                                   read_budget;
  GByteArray                             *rest;          /* (nullable): came with the request */
  RuntimeUseStreamSource                 *input_source;  /* (nullable): borrowed */
  GObject                                *user;          /* (nullable): weak; reads and writes */
  RuntimeUseFrameSplitter                 splitter;
  guint                                   violation;     /* a close code, or 0 */
  gboolean                                is_violation_told;
  gint64                                  last_input;

  gboolean                                can_write;
  RuntimeUseStreamSource                 *output_source;   /* (nullable): borrowed */
  guint8                                  ping_rest;       /* second byte of a ping cut in two */
  gboolean                                has_ping_rest;
  guint64                                 frame_left;      /* of the frame being written */
  gboolean                                is_control;      /* that frame is no message */
  gboolean                                is_close;        /* that frame is a close frame */
  gboolean                                is_recoded;      /* one that close_frame stands in for */
  guint8                                  close_frame[RUNTIME_USE_CLOSE_LENGTH];   /* or 0 */
  gboolean                                is_close_sent;
  gboolean                                is_blocked;
  guint64                                 answered;        /* so many have no answer that waits */
  gsize                                   queued_before;   /* bytes of messages until that grows */
  gint64                                  last_output;

  gsize                                   pending;       /* bytes of messages not written yet */
  gsize                                   low_mark;
  gboolean                                drained_wanted;
  RuntimeUseDrainedFunc                   drained;
  gpointer                                drained_data;

  GBytes                                 *page;          /* (nullable): what is being sent */
  gsize                                   page_sent;
  gint64                                  answers_since;
  gint64                                  closing_since;
  gint64                                  lingers_since;
  guint64                                 lingered_bytes;
  gboolean                                is_settling;
};

GType _runtime_use_stream_input_get_type (void);

GType _runtime_use_stream_output_get_type (void);

gboolean _runtime_use_stream_input_is_readable (GPollableInputStream *pollable);

gboolean _runtime_use_connection_stream_is_held (RuntimeUseConnectionStream *self);

gssize _runtime_use_connection_stream_send (RuntimeUseConnectionStream *self,
                                            const void                 *bytes,
                                            gsize                       length);

void _runtime_use_connection_stream_schedule (RuntimeUseConnectionStream *self);

gboolean _runtime_use_connection_stream_is_writing (RuntimeUseConnectionStream *self);

RuntimeUseStreamSource *_runtime_use_stream_source_new (RuntimeUseConnectionStream *stream,
                                                        GObject                    *half,
                                                        gboolean                    is_ready);

void _runtime_use_stream_source_set_ready (RuntimeUseStreamSource *self,
                                           gboolean                is_ready);

void _runtime_use_stream_source_forget (RuntimeUseStreamSource *self);

gssize _runtime_use_stream_return_would_block (GError **error);

gssize _runtime_use_stream_return_failure (RuntimeUseConnectionStream  *self,
                                           GError                     **error);

gssize _runtime_use_stream_return_errno (int      code,
                                         GError **error);

G_END_DECLS
