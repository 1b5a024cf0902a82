/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-end-session-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseEndSessionMessage:
 *
 * A client says that it will send no more requests.
 *
 * Since: 0.1
 */

struct _RuntimeUseEndSessionMessage
{
  RuntimeUseMessage parent_instance;
};

G_DEFINE_FINAL_TYPE (RuntimeUseEndSessionMessage,
                     runtime_use_end_session_message,
                     RUNTIME_USE_TYPE_MESSAGE)

const RuntimeUseCodec _runtime_use_end_session_message_codec = {
  .get_type = runtime_use_end_session_message_get_type,
  .message_type = "end_session_message",
};

static void
runtime_use_end_session_message_class_init (RuntimeUseEndSessionMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_end_session_message_codec);
}

static void
runtime_use_end_session_message_init (RuntimeUseEndSessionMessage *self)
{
}

/**
 * runtime_use_end_session_message_new:
 *
 * Says that no more requests will be sent.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_end_session_message_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_END_SESSION_MESSAGE, NULL);
}
