/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-memory-channel.h"

G_BEGIN_DECLS

/* While held, an end takes nothing, not even the end of the channel, like a
 * client that does not read. */
void     _runtime_use_memory_channel_set_held       (RuntimeUseMemoryChannel *self,
                                                     gboolean                 held);
/* How much may wait here before the other end is full. */
void     _runtime_use_memory_channel_set_high_water (RuntimeUseMemoryChannel *self,
                                                     gsize                    high_water);
gsize    _runtime_use_memory_channel_get_pending    (RuntimeUseMemoryChannel *self);

/* The code that ended the channel, or -1 while it is open. */
int      _runtime_use_memory_channel_get_close_code (RuntimeUseMemoryChannel *self);

G_END_DECLS
