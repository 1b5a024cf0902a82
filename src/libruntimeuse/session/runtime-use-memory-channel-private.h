/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-channel.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_MEMORY_CHANNEL (_runtime_use_memory_channel_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseMemoryChannel, _runtime_use_memory_channel,
                      RUNTIME_USE, MEMORY_CHANNEL, GObject)

void     _runtime_use_memory_channel_new_pair       (RuntimeUseMemoryChannel **one,
                                                     RuntimeUseMemoryChannel **other);

/* While held, an end takes nothing, like a client that does not read. */
void     _runtime_use_memory_channel_set_held       (RuntimeUseMemoryChannel  *self,
                                                     gboolean                  held);
void     _runtime_use_memory_channel_set_high_water (RuntimeUseMemoryChannel  *self,
                                                     gsize                     high_water);
gsize    _runtime_use_memory_channel_get_pending    (RuntimeUseMemoryChannel  *self);

/* The code that ended the channel, or -1 while it is open. */
int      _runtime_use_memory_channel_get_close_code (RuntimeUseMemoryChannel  *self);

G_END_DECLS
