/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-cancel-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseCancelMessage:
 *
 * A client asks for the end of the request that is running.
 *
 * Since: 0.1
 */

struct _RuntimeUseCancelMessage
{
  RuntimeUseMessage parent_instance;
};

G_DEFINE_FINAL_TYPE (RuntimeUseCancelMessage, runtime_use_cancel_message, RUNTIME_USE_TYPE_MESSAGE)

const RuntimeUseCodec _runtime_use_cancel_message_codec = {
  .get_type = runtime_use_cancel_message_get_type,
  .message_type = "cancel_message",
};

static void
runtime_use_cancel_message_class_init (RuntimeUseCancelMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_cancel_message_codec);
}

static void
runtime_use_cancel_message_init (RuntimeUseCancelMessage *self)
{
}

/**
 * runtime_use_cancel_message_new:
 *
 * Asks for the end of the request that is running.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_cancel_message_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_CANCEL_MESSAGE, NULL);
}
