/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-types.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CHANNEL (runtime_use_channel_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_INTERFACE (RuntimeUseChannel, runtime_use_channel, RUNTIME_USE, CHANNEL, GObject)

/**
 * RuntimeUseChannelInterface:
 * @parent_iface: the parent interface
 * @send: queues one message; never blocks, and drops what comes after the end
 * @is_full: whether so much is pending that no more should be produced
 * @close: ends the channel after what is queued was sent
 * @dup_peer: describes the other end for people
 * @set_paused: (nullable): stops or continues reading; returns whether it can
 * @get_close_code: (nullable): with what the peer ended the channel
 *
 * What a way of exchanging messages has to offer.
 *
 * Since: 0.1
 */
struct _RuntimeUseChannelInterface
{
  GTypeInterface parent_iface;

  void     (* send)     (RuntimeUseChannel *self,
                         GBytes            *message);
  gboolean (* is_full)  (RuntimeUseChannel *self);
  void     (* close)    (RuntimeUseChannel *self,
                         guint              code);
  char *   (* dup_peer) (RuntimeUseChannel *self);

  gboolean (* set_paused)     (RuntimeUseChannel  *self,
                               gboolean            paused);
  guint    (* get_close_code) (RuntimeUseChannel  *self,
                               const char        **reason);
};

RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_channel_send         (RuntimeUseChannel *self,
                                           GBytes            *message);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_channel_is_full      (RuntimeUseChannel *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_channel_close        (RuntimeUseChannel *self,
                                           guint              code);
RUNTIME_USE_AVAILABLE_IN_0_1
char    *runtime_use_channel_dup_peer     (RuntimeUseChannel *self);
RUNTIME_USE_AVAILABLE_IN_0_1
gboolean runtime_use_channel_set_paused   (RuntimeUseChannel *self,
                                           gboolean           paused);
RUNTIME_USE_AVAILABLE_IN_0_1
guint    runtime_use_channel_get_close_code (RuntimeUseChannel  *self,
                                             const char        **reason);

RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_channel_emit_message (RuntimeUseChannel *self,
                                           GBytes            *message);
RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_channel_emit_drained (RuntimeUseChannel *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void     runtime_use_channel_emit_closed  (RuntimeUseChannel *self);

G_END_DECLS
