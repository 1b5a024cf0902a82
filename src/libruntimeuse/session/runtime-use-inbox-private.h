/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-channel.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

/*
 * RuntimeUseInbox:
 *
 * Parses what arrives on a channel, in its order: what is large in a worker
 * thread, during which the channel is paused.
 */
typedef struct _RuntimeUseInbox RuntimeUseInbox;

/* @message is NULL when there is an @error; @message_type is what it would have been, or NULL. */
typedef void (* RuntimeUseInboxFunc) (GObject           *owner,
                                      RuntimeUseMessage *message,
                                      const char        *message_type,
                                      const GError      *error);

RuntimeUseInbox *_runtime_use_inbox_new   (RuntimeUseChannel   *channel,
                                           RuntimeUseInboxFunc  func,
                                           GObject             *owner);
void             _runtime_use_inbox_free  (RuntimeUseInbox     *self);
void             _runtime_use_inbox_take  (RuntimeUseInbox     *self,
                                           GBytes              *bytes);
void             _runtime_use_inbox_close (RuntimeUseInbox     *self);

G_END_DECLS
