/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-frame-monitor-private.h"

G_BEGIN_DECLS

/* A frame with more payload is passed on as several; the mask's length divides it. */
#define RUNTIME_USE_FRAME_CHUNK 65536

/* Room that has to be there for the header of a frame. */
#define RUNTIME_USE_FRAME_HEADER 14

/*
 * RuntimeUseFrameSplitter:
 *
 * Stands between a peer and a reader that keeps whole frames: watches over
 * the rules, and passes a large frame on as fragments. The reader's memory for
 * frames, which it never gives back, then stays small.
 */
typedef struct
{
  RuntimeUseFrameMonitor monitor;
  guint8                 header[RUNTIME_USE_FRAME_HEADER];   /* to be passed on next */
  guint                  header_length;
  guint64                chunk_left;     /* of the fragment that is being passed on */
  guint64                frame_left;     /* of the frame behind that fragment */
  guint8                 final_bit;      /* of the frame */
} RuntimeUseFrameSplitter;

void _runtime_use_frame_splitter_init (RuntimeUseFrameSplitter *self,
                                       guint64                  max_message_size,
                                       RuntimeUseInputBudget   *budget);

void _runtime_use_frame_splitter_clear (RuntimeUseFrameSplitter *self);

gsize _runtime_use_frame_splitter_prepare (const RuntimeUseFrameSplitter *self,
                                           guint8                        *buffer,
                                           gsize                          size,
                                           gsize                         *room);

gsize _runtime_use_frame_splitter_pass (RuntimeUseFrameSplitter *self,
                                        guint8                  *buffer,
                                        gsize                    prepared,
                                        gsize                    received,
                                        guint                   *code);

G_END_DECLS
