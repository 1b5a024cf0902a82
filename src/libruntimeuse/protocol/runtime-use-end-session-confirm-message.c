/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-end-session-confirm-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseEndSessionConfirmMessage:
 *
 * The runtime says that a session has ended and nothing more will come.
 *
 * Since: 0.1
 */

struct _RuntimeUseEndSessionConfirmMessage
{
  RuntimeUseMessage parent_instance;
};

G_DEFINE_FINAL_TYPE (RuntimeUseEndSessionConfirmMessage,
                     runtime_use_end_session_confirm_message,
                     RUNTIME_USE_TYPE_MESSAGE)

const RuntimeUseCodec _runtime_use_end_session_confirm_message_codec = {
  .get_type = runtime_use_end_session_confirm_message_get_type,
  .message_type = "end_session_confirm_message",
};

static void
runtime_use_end_session_confirm_message_class_init (RuntimeUseEndSessionConfirmMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_end_session_confirm_message_codec);
}

static void
runtime_use_end_session_confirm_message_init (RuntimeUseEndSessionConfirmMessage *self)
{
}

/**
 * runtime_use_end_session_confirm_message_new:
 *
 * Says that a session has ended.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_end_session_confirm_message_new (void)
{
  return g_object_new (RUNTIME_USE_TYPE_END_SESSION_CONFIRM_MESSAGE, NULL);
}
