/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-input-budget-private.h"

G_BEGIN_DECLS

/* The close codes, as registered for RFC 6455, that a monitor gives as its verdict. */
#define RUNTIME_USE_CLOSE_PROTOCOL_ERROR  1002
#define RUNTIME_USE_CLOSE_BAD_DATA        1007
#define RUNTIME_USE_CLOSE_TOO_BIG         1009
#define RUNTIME_USE_CLOSE_TRY_AGAIN_LATER 1013

/* The most that a control frame may carry. */
#define RUNTIME_USE_MAX_CONTROL_PAYLOAD 125

/*
 * RuntimeUseFrameMonitor:
 *
 * Follows the frames that a peer sends without touching their payload, and
 * tells as early as the bytes allow when they break the rules. Of payload it
 * reads only the reason of a close frame, which libsoup would refuse with 1002
 * when it is not UTF-8.
 */
typedef struct
{
  RuntimeUseInputBudget *budget;         /* (nullable): shared with other monitors */
  guint64                counted;        /* of the unfinished message; taken from budget */
  guint64                max_message_size;
  guint64                message_size;   /* of the fragments that came so far */
  guint64                payload_length; /* of the current frame */
  guint64                payload_left;
  guint64                n_answerable;   /* messages, pings, closes that came whole: what may
                                          * cause an answer */
  guint8                 header[14];
  guint8                 header_length;  /* how much of header is there; 0 between frames */
  guint8                 mask_length;    /* clients have to mask what they send, servers must not */
  guint8                 close[RUNTIME_USE_MAX_CONTROL_PAYLOAD]; /* of a close frame, unmasked */
  gboolean               in_payload;
  gboolean               in_message;     /* a first fragment came, its last one did not */
  gboolean               ended;          /* a close frame came; the rest means nothing */
} RuntimeUseFrameMonitor;

void _runtime_use_frame_monitor_init (RuntimeUseFrameMonitor *self,
                                      guint64                 max_message_size,
                                      RuntimeUseInputBudget  *budget);

void _runtime_use_frame_monitor_clear (RuntimeUseFrameMonitor *self);

void _runtime_use_frame_monitor_expect_server (RuntimeUseFrameMonitor *self);

guint _runtime_use_frame_monitor_feed (RuntimeUseFrameMonitor *self,
                                       const guint8           *bytes,
                                       gsize                   length,
                                       gsize                  *accepted);

G_END_DECLS
