/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-channel.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_MEMORY_CHANNEL (runtime_use_memory_channel_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseMemoryChannel, runtime_use_memory_channel,
                      RUNTIME_USE, MEMORY_CHANNEL, GObject)

RUNTIME_USE_AVAILABLE_IN_0_1
void    runtime_use_memory_channel_new_pair       (RuntimeUseMemoryChannel **one,
                                                   RuntimeUseMemoryChannel **other);
RUNTIME_USE_AVAILABLE_IN_0_1
guint64 runtime_use_memory_channel_get_high_water (RuntimeUseMemoryChannel  *self);
RUNTIME_USE_AVAILABLE_IN_0_1
void    runtime_use_memory_channel_set_high_water (RuntimeUseMemoryChannel  *self,
                                                   guint64                   high_water);

G_END_DECLS
