/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-heartbeat-message.h"

#include "runtime-use-codecs-private.h"
#include "runtime-use-message-private.h"

/**
 * RuntimeUseHeartbeatMessage:
 *
 * A sign that a request is still running.
 *
 * Since: 0.1
 */

struct _RuntimeUseHeartbeatMessage
{
  RuntimeUseMessage parent_instance;

  char   *phase;
  gint64  elapsed_ms;
};

G_DEFINE_FINAL_TYPE (RuntimeUseHeartbeatMessage,
                     runtime_use_heartbeat_message,
                     RUNTIME_USE_TYPE_MESSAGE)

static const RuntimeUseField fields[] = {
  {
    RUNTIME_USE_FIELD_NAME ("phase"),
    .kind = RUNTIME_USE_FIELD_STRING,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseHeartbeatMessage, phase),
  },
  {
    RUNTIME_USE_FIELD_NAME ("elapsed_ms"),
    .kind = RUNTIME_USE_FIELD_INTEGER,
    .flags = RUNTIME_USE_FIELD_REQUIRED,
    .offset = G_STRUCT_OFFSET (RuntimeUseHeartbeatMessage, elapsed_ms),
    .min_integer = G_MININT64,
    .max_integer = G_MAXINT64,
  },
};

const RuntimeUseCodec _runtime_use_heartbeat_message_codec = {
  .get_type = runtime_use_heartbeat_message_get_type,
  .message_type = "heartbeat_message",
  RUNTIME_USE_FIELDS (fields),
};

static void
runtime_use_heartbeat_message_class_init (RuntimeUseHeartbeatMessageClass *klass)
{
  _runtime_use_message_class_set_codec (RUNTIME_USE_MESSAGE_CLASS (klass),
                                        &_runtime_use_heartbeat_message_codec);
}

static void
runtime_use_heartbeat_message_init (RuntimeUseHeartbeatMessage *self)
{
}

/**
 * runtime_use_heartbeat_message_new:
 * @phase: what the runtime is doing, such as `request_in_flight`
 * @elapsed_ms: milliseconds since the request was accepted
 *
 * Says that a request is still running.
 *
 * Returns: (transfer full): a new message
 *
 * Since: 0.1
 */
RuntimeUseMessage *
runtime_use_heartbeat_message_new (const char *phase,
                                   gint64      elapsed_ms)
{
  RuntimeUseHeartbeatMessage *self;

  g_return_val_if_fail (phase != NULL, NULL);

  self = g_object_new (RUNTIME_USE_TYPE_HEARTBEAT_MESSAGE, NULL);
  self->phase = _runtime_use_dup_utf8 (phase);
  self->elapsed_ms = elapsed_ms;

  return RUNTIME_USE_MESSAGE (self);
}

/**
 * runtime_use_heartbeat_message_get_phase:
 * @self: a message
 *
 * Gets what the runtime is doing, such as `request_in_flight`.
 *
 * Returns: (transfer none): a string
 *
 * Since: 0.1
 */
const char *
runtime_use_heartbeat_message_get_phase (RuntimeUseHeartbeatMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_HEARTBEAT_MESSAGE (self), NULL);

  return self->phase;
}

/**
 * runtime_use_heartbeat_message_get_elapsed_ms:
 * @self: a message
 *
 * Gets how long the request has been running.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
gint64
runtime_use_heartbeat_message_get_elapsed_ms (RuntimeUseHeartbeatMessage *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_HEARTBEAT_MESSAGE (self), 0);

  return self->elapsed_ms;
}
