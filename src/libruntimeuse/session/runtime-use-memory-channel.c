/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-memory-channel-private.h"

#include "runtime-use-source-private.h"

#define DEFAULT_HIGH_WATER (1024 * 1024)

/**
 * RuntimeUseMemoryChannel:
 *
 * One end of a channel inside a process.
 *
 * Ends come in pairs: what one sends, the other emits, from the thread-default
 * main context in which the pair was made. With a [class@RuntimeUse.Session] at
 * one end and a [class@RuntimeUse.ClientSession] at the other, an agent can be
 * used without a socket.
 *
 * An end that is dropped closes the channel.
 *
 * Since: 0.1
 */

struct _RuntimeUseMemoryChannel
{
  GObject                  parent_instance;

  RuntimeUseMemoryChannel *peer;         /* (nullable) (unowned): gone */
  GSource                 *source;       /* delivers what is in the inbox */
  GQueue                   inbox;        /* GBytes */
  gsize                    inbox_size;
  guint64                  high_water;   /* of the inbox of the peer */
  int                      close_code;   /* -1: open */
  gboolean                 is_by_peer;   /* the peer closed it */
  gboolean                 held;
  gboolean                 paused;
  gboolean                 was_full;     /* the peer was told so */
  gboolean                 closed;       /* and said so */
};

typedef enum
{
  PROP_HIGH_WATER = 1,
} RuntimeUseMemoryChannelProperty;

static GParamSpec *properties[PROP_HIGH_WATER + 1];

static void channel_iface_init (RuntimeUseChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseMemoryChannel, runtime_use_memory_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_CHANNEL,
                                                      channel_iface_init))

static void
wake (RuntimeUseMemoryChannel *self)
{
  if (!self->held && !self->paused)
    g_source_set_ready_time (self->source, 0);
}

static void
deliver_one (RuntimeUseMemoryChannel *self)
{
  g_autoptr(GBytes) message = g_queue_pop_head (&self->inbox);

  self->inbox_size -= g_bytes_get_size (message);
  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (self), message);

  if (self->was_full && self->peer != NULL && self->inbox_size < self->peer->high_water / 2)
    {
      self->was_full = FALSE;
      if (!self->peer->closed)
        runtime_use_channel_emit_drained (RUNTIME_USE_CHANNEL (self->peer));
    }
}

static void
deliver_closed (RuntimeUseMemoryChannel *self)
{
  if (self->close_code < 0 || self->closed)
    return;

  self->closed = TRUE;
  runtime_use_channel_emit_closed (RUNTIME_USE_CHANNEL (self));
}

static gboolean
deliver_cb (gpointer user_data)
{
  RuntimeUseMemoryChannel *self = user_data;
  G_GNUC_UNUSED g_autoptr(RuntimeUseMemoryChannel) alive = g_object_ref (self);

  if (!g_queue_is_empty (&self->inbox) && !self->paused)
    {
      deliver_one (self);
      return G_SOURCE_CONTINUE;
    }

  g_source_set_ready_time (self->source, -1);
  if (g_queue_is_empty (&self->inbox))
    deliver_closed (self);

  return G_SOURCE_CONTINUE;
}

static void
runtime_use_memory_channel_send (RuntimeUseChannel *channel,
                                  GBytes            *message)
{
  RuntimeUseMemoryChannel *peer = RUNTIME_USE_MEMORY_CHANNEL (channel)->peer;

  if (peer == NULL || peer->close_code >= 0)
    return;

  g_queue_push_tail (&peer->inbox, g_bytes_ref (message));
  peer->inbox_size += g_bytes_get_size (message);
  wake (peer);
}

static gboolean
runtime_use_memory_channel_is_full (RuntimeUseChannel *channel)
{
  RuntimeUseMemoryChannel *peer = RUNTIME_USE_MEMORY_CHANNEL (channel)->peer;

  if (peer == NULL || peer->close_code >= 0 ||
      peer->inbox_size < RUNTIME_USE_MEMORY_CHANNEL (channel)->high_water)
    return FALSE;

  peer->was_full = TRUE;

  return TRUE;
}

static void
runtime_use_memory_channel_close (RuntimeUseChannel *channel,
                                   guint              code)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (channel);

  if (self->close_code >= 0)
    return;

  self->close_code = code;
  wake (self);
  if (self->peer == NULL || self->peer->close_code >= 0)
    return;

  self->peer->close_code = code;
  self->peer->is_by_peer = TRUE;
  wake (self->peer);
}

static gboolean
runtime_use_memory_channel_set_paused (RuntimeUseChannel *channel,
                                       gboolean           paused)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (channel);

  self->paused = paused;
  wake (self);

  return TRUE;
}

static guint
runtime_use_memory_channel_get_close_code (RuntimeUseChannel  *channel,
                                           const char        **reason)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (channel);

  return self->is_by_peer ? self->close_code : 0;
}

static void
channel_iface_init (RuntimeUseChannelInterface *iface)
{
  iface->send = runtime_use_memory_channel_send;
  iface->is_full = runtime_use_memory_channel_is_full;
  iface->close = runtime_use_memory_channel_close;
  iface->set_paused = runtime_use_memory_channel_set_paused;
  iface->get_close_code = runtime_use_memory_channel_get_close_code;
}

static void
runtime_use_memory_channel_dispose (GObject *object)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (object);

  runtime_use_memory_channel_close (RUNTIME_USE_CHANNEL (self), 0);
  if (self->peer != NULL)
    self->peer->peer = NULL;
  self->peer = NULL;

  _runtime_use_clear_source (&self->source);
  g_queue_clear_full (&self->inbox, (GDestroyNotify) g_bytes_unref);

  G_OBJECT_CLASS (runtime_use_memory_channel_parent_class)->dispose (object);
}

static void
runtime_use_memory_channel_get_property (GObject    *object,
                                         guint       prop_id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (object);

  switch ((RuntimeUseMemoryChannelProperty) prop_id)
    {
    case PROP_HIGH_WATER:
      g_value_set_uint64 (value, self->high_water);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_memory_channel_set_property (GObject      *object,
                                         guint         prop_id,
                                         const GValue *value,
                                         GParamSpec   *pspec)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (object);

  switch ((RuntimeUseMemoryChannelProperty) prop_id)
    {
    case PROP_HIGH_WATER:
      runtime_use_memory_channel_set_high_water (self, g_value_get_uint64 (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_memory_channel_class_init (RuntimeUseMemoryChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = runtime_use_memory_channel_dispose;
  object_class->get_property = runtime_use_memory_channel_get_property;
  object_class->set_property = runtime_use_memory_channel_set_property;

  /**
   * RuntimeUseMemoryChannel:high-water:
   *
   * How many bytes of messages may wait to be emitted by the other end before
   * this one is full.
   *
   * What is sent to a full channel is queued all the same: producers are meant
   * to stop. One MiB by default.
   *
   * Since: 0.1
   */
  properties[PROP_HIGH_WATER] =
    g_param_spec_uint64 ("high-water", NULL, NULL,
                         1, G_MAXUINT64, DEFAULT_HIGH_WATER,
                         (G_PARAM_READWRITE |
                          G_PARAM_EXPLICIT_NOTIFY |
                          G_PARAM_STATIC_STRINGS));

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_memory_channel_init (RuntimeUseMemoryChannel *self)
{
  g_queue_init (&self->inbox);
  self->close_code = -1;
  self->high_water = DEFAULT_HIGH_WATER;

  self->source = _runtime_use_ready_source_new ("RuntimeUseMemoryChannel", deliver_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/**
 * runtime_use_memory_channel_new_pair:
 * @one: (out) (transfer full): return location for one end
 * @other: (out) (transfer full): return location for the other
 *
 * Makes a channel.
 *
 * Since: 0.1
 */
void
runtime_use_memory_channel_new_pair (RuntimeUseMemoryChannel **one,
                                     RuntimeUseMemoryChannel **other)
{
  g_return_if_fail (one != NULL);
  g_return_if_fail (other != NULL);

  *one = g_object_new (RUNTIME_USE_TYPE_MEMORY_CHANNEL, NULL);
  *other = g_object_new (RUNTIME_USE_TYPE_MEMORY_CHANNEL, NULL);
  (*one)->peer = *other;
  (*other)->peer = *one;
}

/**
 * runtime_use_memory_channel_get_high_water:
 * @self: an end of a channel
 *
 * Gets how much may wait to be emitted before this end is full.
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
runtime_use_memory_channel_get_high_water (RuntimeUseMemoryChannel *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_MEMORY_CHANNEL (self), 0);

  return self->high_water;
}

/**
 * runtime_use_memory_channel_set_high_water:
 * @self: an end of a channel
 * @high_water: a number of bytes, at least 1
 *
 * Sets how much may wait to be emitted before this end is full.
 *
 * Since: 0.1
 */
void
runtime_use_memory_channel_set_high_water (RuntimeUseMemoryChannel *self,
                                           guint64                  high_water)
{
  g_return_if_fail (RUNTIME_USE_IS_MEMORY_CHANNEL (self));
  g_return_if_fail (high_water > 0);

  if (self->high_water == high_water)
    return;

  self->high_water = high_water;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HIGH_WATER]);
}

void
_runtime_use_memory_channel_set_held (RuntimeUseMemoryChannel *self,
                                      gboolean                 held)
{
  self->held = held;
  g_source_set_ready_time (self->source, held ? -1 : 0);
}

void
_runtime_use_memory_channel_set_high_water (RuntimeUseMemoryChannel *self,
                                            gsize                    high_water)
{
  runtime_use_memory_channel_set_high_water (self->peer, high_water);
}

gsize
_runtime_use_memory_channel_get_pending (RuntimeUseMemoryChannel *self)
{
  return self->inbox_size;
}

int
_runtime_use_memory_channel_get_close_code (RuntimeUseMemoryChannel *self)
{
  return self->close_code;
}
