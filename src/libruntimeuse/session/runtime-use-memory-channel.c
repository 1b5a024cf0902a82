/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-memory-channel-private.h"

#define DEFAULT_HIGH_WATER (1024 * 1024)

/* One end of a channel inside a process. What one end sends, the other emits
 * from the main context in which it was made.
 */
struct _RuntimeUseMemoryChannel
{
  GObject                  parent_instance;

  RuntimeUseMemoryChannel *peer;         /* (nullable) (unowned): gone */
  GSource                 *source;       /* delivers what is in the inbox */
  GQueue                   inbox;        /* GBytes */
  gsize                    inbox_size;
  gsize                    high_water;   /* of the inbox */
  int                      close_code;   /* -1: open */
  gboolean                 held;
  gboolean                 was_full;     /* the peer was told so */
  gboolean                 closed;       /* and said so */
};

static void channel_iface_init (RuntimeUseChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseMemoryChannel, _runtime_use_memory_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_CHANNEL,
                                                      channel_iface_init))

static void
wake (RuntimeUseMemoryChannel *self)
{
  if (!self->held)
    g_source_set_ready_time (self->source, 0);
}

static void
deliver_one (RuntimeUseMemoryChannel *self)
{
  g_autoptr(GBytes) message = g_queue_pop_head (&self->inbox);

  self->inbox_size -= g_bytes_get_size (message);
  runtime_use_channel_emit_message (RUNTIME_USE_CHANNEL (self), message);

  if (self->was_full && self->inbox_size < self->high_water / 2 && self->peer != NULL)
    {
      self->was_full = FALSE;
      if (!self->peer->closed)
        runtime_use_channel_emit_drained (RUNTIME_USE_CHANNEL (self->peer));
    }
}

static gboolean
deliver_cb (gpointer user_data)
{
  RuntimeUseMemoryChannel *self = user_data;
  G_GNUC_UNUSED g_autoptr(RuntimeUseMemoryChannel) alive = g_object_ref (self);

  if (!g_queue_is_empty (&self->inbox))
    {
      deliver_one (self);
      return G_SOURCE_CONTINUE;
    }

  g_source_set_ready_time (self->source, -1);
  if (self->close_code >= 0 && !self->closed)
    {
      self->closed = TRUE;
      runtime_use_channel_emit_closed (RUNTIME_USE_CHANNEL (self));
    }

  return G_SOURCE_CONTINUE;
}

static gboolean
deliver_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs deliver_source_funcs = {
  .dispatch = deliver_dispatch,
};

static void
_runtime_use_memory_channel_send (RuntimeUseChannel *channel,
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
_runtime_use_memory_channel_is_full (RuntimeUseChannel *channel)
{
  RuntimeUseMemoryChannel *peer = RUNTIME_USE_MEMORY_CHANNEL (channel)->peer;

  if (peer == NULL || peer->close_code >= 0 || peer->inbox_size < peer->high_water)
    return FALSE;

  peer->was_full = TRUE;

  return TRUE;
}

static void
_runtime_use_memory_channel_close (RuntimeUseChannel *channel,
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
  wake (self->peer);
}

static void
channel_iface_init (RuntimeUseChannelInterface *iface)
{
  iface->send = _runtime_use_memory_channel_send;
  iface->is_full = _runtime_use_memory_channel_is_full;
  iface->close = _runtime_use_memory_channel_close;
}

static void
_runtime_use_memory_channel_dispose (GObject *object)
{
  RuntimeUseMemoryChannel *self = RUNTIME_USE_MEMORY_CHANNEL (object);

  _runtime_use_memory_channel_close (RUNTIME_USE_CHANNEL (self), 0);
  if (self->peer != NULL)
    self->peer->peer = NULL;
  self->peer = NULL;

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_queue_clear_full (&self->inbox, (GDestroyNotify) g_bytes_unref);

  G_OBJECT_CLASS (_runtime_use_memory_channel_parent_class)->dispose (object);
}

static void
_runtime_use_memory_channel_class_init (RuntimeUseMemoryChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = _runtime_use_memory_channel_dispose;
}

static void
_runtime_use_memory_channel_init (RuntimeUseMemoryChannel *self)
{
  g_queue_init (&self->inbox);
  self->close_code = -1;
  self->high_water = DEFAULT_HIGH_WATER;

  self->source = g_source_new (&deliver_source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "RuntimeUseMemoryChannel");
  g_source_set_callback (self->source, deliver_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
_runtime_use_memory_channel_new_pair (RuntimeUseMemoryChannel **one,
                                      RuntimeUseMemoryChannel **other)
{
  *one = g_object_new (RUNTIME_USE_TYPE_MEMORY_CHANNEL, NULL);
  *other = g_object_new (RUNTIME_USE_TYPE_MEMORY_CHANNEL, NULL);
  (*one)->peer = *other;
  (*other)->peer = *one;
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
  self->high_water = high_water;
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
