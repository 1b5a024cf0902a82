/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-message.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CANCEL_MESSAGE (runtime_use_cancel_message_get_type ())

RUNTIME_USE_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (RuntimeUseCancelMessage,
                      runtime_use_cancel_message,
                      RUNTIME_USE, CANCEL_MESSAGE,
                      RuntimeUseMessage)

RUNTIME_USE_AVAILABLE_IN_0_1
RuntimeUseMessage *runtime_use_cancel_message_new (void);

G_END_DECLS
