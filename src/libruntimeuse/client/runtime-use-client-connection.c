/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-client-connection-private.h"

#include "runtime-use-error.h"
#include "runtime-use-websocket-channel-private.h"

/*
 * The way from a client's session to its server, from the open channel to the last goodbye: what
 * is sent and heard on it, who closed it, and what to say of it when it is gone.
 */

#define CLOSE_NORMAL 1000

/* So long the other end may take to close after we did. */
#define CLOSE_PATIENCE_MS 2000

struct _RuntimeUseClientConnection
{
  const RuntimeUseClientConnectionOwner *owner;
  GObject                               *owner_data;   /* (unowned) */

  RuntimeUseChannel                     *channel;      /* (nullable): we let go of it */
  RuntimeUseClock                       *clock;        /* (nullable): we did not close it */
  RuntimeUseAlarm                       *alarm;        /* (nullable): until we let go */
  gboolean                               is_closing;   /* by us */
  gboolean                               is_closed;
};

static void
clear_alarm (RuntimeUseClientConnection *self)
{
  if (self->clock != NULL)
    _runtime_use_clock_clear_alarm (self->clock, &self->alarm);
}

static void
set_closed (RuntimeUseClientConnection *self)
{
  if (self->is_closed)
    return;

  self->is_closed = TRUE;
  clear_alarm (self);
  self->owner->closed (self->owner_data);
}

static void
channel_message_cb (RuntimeUseChannel          *channel,
                    GBytes                     *bytes,
                    RuntimeUseClientConnection *self)
{
  G_GNUC_UNUSED g_autoptr(GObject) alive = NULL;

  if (!_runtime_use_client_connection_is_open (self))
    return;

  alive = g_object_ref (self->owner_data);
  self->owner->message (self->owner_data, bytes);
}

static void
channel_closed_cb (RuntimeUseChannel          *channel,
                   RuntimeUseClientConnection *self)
{
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner_data);

  set_closed (self);
}

/*
 * _runtime_use_client_connection_new:
 * @channel: (nullable): without one it is never open
 */
RuntimeUseClientConnection *
_runtime_use_client_connection_new (RuntimeUseChannel                     *channel,
                                    const RuntimeUseClientConnectionOwner *owner,
                                    gpointer                               owner_data)
{
  RuntimeUseClientConnection *self = g_new0 (RuntimeUseClientConnection, 1);

  self->owner = owner;
  self->owner_data = owner_data;
  if (channel == NULL)
    return self;

  self->channel = g_object_ref (channel);
  g_signal_connect (channel, "message", G_CALLBACK (channel_message_cb), self);
  g_signal_connect (channel, "closed", G_CALLBACK (channel_closed_cb), self);

  return self;
}

void
_runtime_use_client_connection_free (RuntimeUseClientConnection *self)
{
  _runtime_use_client_connection_drop (self);
  g_clear_object (&self->channel);
  g_clear_object (&self->clock);
  g_free (self);
}

void
_runtime_use_client_connection_drop (RuntimeUseClientConnection *self)
{
  if (self->channel != NULL && !self->is_closed)
    runtime_use_channel_close (self->channel, CLOSE_NORMAL);
  self->is_closed = TRUE;
  clear_alarm (self);
  if (self->channel != NULL)
    g_signal_handlers_disconnect_by_data (self->channel, self);
}

/* Letting go of the channel ends it, however the other end behaves. */
static void
alarm_cb (gpointer user_data)
{
  RuntimeUseClientConnection *self = user_data;
  G_GNUC_UNUSED g_autoptr(GObject) alive = g_object_ref (self->owner_data);

  self->alarm = NULL;
  g_signal_handlers_disconnect_by_data (self->channel, self);
  set_closed (self);
  g_clear_object (&self->channel);
}

/*
 * _runtime_use_client_connection_close:
 * @code: a WebSocket close code
 *
 * Must be open.
 */
void
_runtime_use_client_connection_close (RuntimeUseClientConnection *self,
                                      RuntimeUseClock            *clock,
                                      guint                       code)
{
  g_assert (_runtime_use_client_connection_is_open (self));

  self->is_closing = TRUE;
  self->clock = g_object_ref (clock);
  self->alarm = _runtime_use_clock_set_alarm (clock, CLOSE_PATIENCE_MS, alarm_cb, self);
  /* The goodbye of the other end stands behind all that it sent. */
  runtime_use_channel_set_paused (self->channel, FALSE);
  runtime_use_channel_close (self->channel, code);
}

void
_runtime_use_client_connection_send (RuntimeUseClientConnection *self,
                                     RuntimeUseMessage          *message)
{
  g_autoptr(GBytes) bytes = runtime_use_message_to_bytes (message);

  runtime_use_channel_send (self->channel, bytes);
}

void
_runtime_use_client_connection_set_paused (RuntimeUseClientConnection *self,
                                           gboolean                    paused)
{
  runtime_use_channel_set_paused (self->channel, paused);
}

gboolean
_runtime_use_client_connection_is_open (RuntimeUseClientConnection *self)
{
  return self->channel != NULL && !self->is_closing && !self->is_closed;
}

gboolean
_runtime_use_client_connection_is_closing (RuntimeUseClientConnection *self)
{
  return self->is_closing;
}

gboolean
_runtime_use_client_connection_is_closed (RuntimeUseClientConnection *self)
{
  return self->is_closed;
}

/*
 * _runtime_use_client_connection_get_channel:
 *
 * Returns: (nullable): the channel; `NULL` when we let go of it
 */
RuntimeUseChannel *
_runtime_use_client_connection_get_channel (RuntimeUseClientConnection *self)
{
  return self->channel;
}

/*
 * _runtime_use_client_connection_dup_loss:
 * @before: what the server was waited for to do
 */
GError *
_runtime_use_client_connection_dup_loss (RuntimeUseClientConnection *self,
                                         const char                 *before)
{
  const char *reason;
  guint code = runtime_use_channel_get_close_code (self->channel, &reason);
  g_autofree char *details = NULL;
  GError *violation = NULL;

  if (RUNTIME_USE_IS_WEBSOCKET_CHANNEL (self->channel))
    violation = _runtime_use_websocket_channel_dup_violation
                  (RUNTIME_USE_WEBSOCKET_CHANNEL (self->channel));
  if (violation != NULL)
    return violation;

  if (code == 0)
    return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                        "The connection was closed before the server %s", before);

  if (reason != NULL && *reason != '\0')
    details = g_strdup_printf (": %s", reason);

  return g_error_new (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_CLOSED,
                      "The server closed the connection before it %s (code %u%s)",
                      before, code, details != NULL ? details : "");
}
