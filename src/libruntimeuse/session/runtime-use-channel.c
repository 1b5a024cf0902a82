/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-channel.h"

/**
 * RuntimeUseChannel:
 *
 * A way to exchange messages with one peer.
 *
 * A [class@RuntimeUse.Session] speaks through a channel and knows nothing
 * else of the transport. A channel carries whole messages, each one a JSON
 * document in UTF-8; it keeps their order and loses none until it is closed.
 *
 * A channel does not bound what is queued: it says with
 * [method@RuntimeUse.Channel.is_full] when too much is pending, and with
 * [signal@RuntimeUse.Channel::drained] when there is room again. Whoever
 * produces stops in between.
 *
 * Implementations emit the signals with
 * [method@RuntimeUse.Channel.emit_message],
 * [method@RuntimeUse.Channel.emit_drained] and
 * [method@RuntimeUse.Channel.emit_closed], in the main context in which the
 * channel was made.
 *
 * Since: 0.1
 */

G_DEFINE_INTERFACE (RuntimeUseChannel, runtime_use_channel, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_MESSAGE,
  SIGNAL_DRAINED,
  SIGNAL_CLOSED,
} RuntimeUseChannelSignal;

static guint signals[SIGNAL_CLOSED + 1];

static void
runtime_use_channel_default_init (RuntimeUseChannelInterface *iface)
{
  /**
   * RuntimeUseChannel::message:
   * @self: the channel
   * @message: one whole message, UTF-8 not yet checked
   *
   * The peer sent a message.
   *
   * Since: 0.1
   */
  signals[SIGNAL_MESSAGE] =
    g_signal_new ("message",
                  RUNTIME_USE_TYPE_CHANNEL,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, G_TYPE_BYTES);

  /**
   * RuntimeUseChannel::drained:
   * @self: the channel
   *
   * The channel was full and has room again.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DRAINED] =
    g_signal_new ("drained",
                  RUNTIME_USE_TYPE_CHANNEL,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);

  /**
   * RuntimeUseChannel::closed:
   * @self: the channel
   *
   * The channel came to its end. Emitted once; nothing comes after it.
   *
   * Since: 0.1
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed",
                  RUNTIME_USE_TYPE_CHANNEL,
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);
}

/**
 * runtime_use_channel_send:
 * @self: a channel
 * @message: one JSON document in valid UTF-8
 *
 * Queues @message for the peer.
 *
 * Never blocks. A message sent after the end of the channel is dropped.
 *
 * Since: 0.1
 */
void
runtime_use_channel_send (RuntimeUseChannel *self,
                          GBytes            *message)
{
  g_return_if_fail (RUNTIME_USE_IS_CHANNEL (self));
  g_return_if_fail (message != NULL);

  RUNTIME_USE_CHANNEL_GET_IFACE (self)->send (self, message);
}

/**
 * runtime_use_channel_is_full:
 * @self: a channel
 *
 * Gets whether so much is pending that producers should stop until
 * [signal@RuntimeUse.Channel::drained].
 *
 * Returns: `TRUE` when the peer has to catch up
 *
 * Since: 0.1
 */
gboolean
runtime_use_channel_is_full (RuntimeUseChannel *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (self), FALSE);

  return RUNTIME_USE_CHANNEL_GET_IFACE (self)->is_full (self);
}

/**
 * runtime_use_channel_close:
 * @self: a channel
 * @code: a WebSocket close code, or 0 to give none
 *
 * Ends the channel once all that is queued was sent.
 *
 * [signal@RuntimeUse.Channel::closed] follows. Does nothing when the channel
 * is closed or closing already.
 *
 * Since: 0.1
 */
void
runtime_use_channel_close (RuntimeUseChannel *self,
                           guint              code)
{
  g_return_if_fail (RUNTIME_USE_IS_CHANNEL (self));

  RUNTIME_USE_CHANNEL_GET_IFACE (self)->close (self, code);
}

/**
 * runtime_use_channel_dup_peer:
 * @self: a channel
 *
 * Describes the other end for people: an address and port, such as
 * `127.0.0.1:50312` and `[::1]:50312`, or the process and user at a Unix socket,
 * such as `unix:pid=1234,uid=1000`.
 *
 * Returns: (transfer full) (nullable): a description, or `NULL` if there is none
 *
 * Since: 0.1
 */
char *
runtime_use_channel_dup_peer (RuntimeUseChannel *self)
{
  RuntimeUseChannelInterface *iface;

  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (self), NULL);

  iface = RUNTIME_USE_CHANNEL_GET_IFACE (self);

  return iface->dup_peer != NULL ? iface->dup_peer (self) : NULL;
}

/**
 * runtime_use_channel_set_paused:
 * @self: a channel
 * @paused: whether to stop reading
 *
 * Stops or continues reading what the peer sends.
 *
 * While a channel is paused it emits no [signal@RuntimeUse.Channel::message],
 * and the peer is slowed down as soon as what is on the way fills the buffers
 * between. [signal@RuntimeUse.Channel::closed] may wait behind messages that
 * were not emitted yet. Sending goes on.
 *
 * Returns: `FALSE` if this channel cannot stop, so that nothing was done
 *
 * Since: 0.1
 */
gboolean
runtime_use_channel_set_paused (RuntimeUseChannel *self,
                                gboolean           paused)
{
  RuntimeUseChannelInterface *iface;

  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (self), FALSE);

  iface = RUNTIME_USE_CHANNEL_GET_IFACE (self);

  return iface->set_paused != NULL && iface->set_paused (self, paused);
}

/**
 * runtime_use_channel_get_close_code:
 * @self: a channel
 * @reason: (out) (optional) (nullable) (transfer none): return location for
 *   what the peer said about it, or `NULL`; valid as long as @self
 *
 * Gets the WebSocket close code with which the peer ended the channel.
 *
 * Returns: a code, or 0 when the peer gave none or did not end the channel
 *
 * Since: 0.1
 */
guint
runtime_use_channel_get_close_code (RuntimeUseChannel  *self,
                                    const char        **reason)
{
  RuntimeUseChannelInterface *iface;
  const char *ignored;

  g_return_val_if_fail (RUNTIME_USE_IS_CHANNEL (self), 0);

  if (reason == NULL)
    reason = &ignored;
  *reason = NULL;
  iface = RUNTIME_USE_CHANNEL_GET_IFACE (self);

  return iface->get_close_code != NULL ? iface->get_close_code (self, reason) : 0;
}

/**
 * runtime_use_channel_emit_message:
 * @self: a channel
 * @message: what the peer sent
 *
 * Emits [signal@RuntimeUse.Channel::message]; for implementations.
 *
 * Since: 0.1
 */
void
runtime_use_channel_emit_message (RuntimeUseChannel *self,
                                  GBytes            *message)
{
  g_return_if_fail (RUNTIME_USE_IS_CHANNEL (self));
  g_return_if_fail (message != NULL);

  g_signal_emit (self, signals[SIGNAL_MESSAGE], 0, message);
}

/**
 * runtime_use_channel_emit_drained:
 * @self: a channel
 *
 * Emits [signal@RuntimeUse.Channel::drained]; for implementations.
 *
 * Since: 0.1
 */
void
runtime_use_channel_emit_drained (RuntimeUseChannel *self)
{
  g_return_if_fail (RUNTIME_USE_IS_CHANNEL (self));

  g_signal_emit (self, signals[SIGNAL_DRAINED], 0);
}

/**
 * runtime_use_channel_emit_closed:
 * @self: a channel
 *
 * Emits [signal@RuntimeUse.Channel::closed]; for implementations, once.
 *
 * Since: 0.1
 */
void
runtime_use_channel_emit_closed (RuntimeUseChannel *self)
{
  g_return_if_fail (RUNTIME_USE_IS_CHANNEL (self));

  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}
