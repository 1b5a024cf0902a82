/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-channel.h"
#include "runtime-use-clock-private.h"
#include "runtime-use-message.h"

G_BEGIN_DECLS

/* What a session has of its channel. We can end it whatever the other end does. */
typedef struct _RuntimeUseClientConnection RuntimeUseClientConnection;

/* Whom a connection tells what happens to it; the owner lives at least until that returns. */
typedef struct
{
  /* Not called any more once the connection is being closed. */
  void (* message) (gpointer  owner,
                    GBytes   *bytes);

  /* Called once, as the last. */
  void (* closed)  (gpointer  owner);
} RuntimeUseClientConnectionOwner;

/* @owner_data is an object, and frees the connection at its end. */
RuntimeUseClientConnection *
         _runtime_use_client_connection_new        (RuntimeUseChannel          *channel,
                                                    const RuntimeUseClientConnectionOwner
                                                                               *owner,
                                                    gpointer                    owner_data);
void     _runtime_use_client_connection_free       (RuntimeUseClientConnection *self);

/* Says goodbye, and tells nothing from then on. */
void     _runtime_use_client_connection_drop       (RuntimeUseClientConnection *self);

/* Says goodbye; the end follows, soon. */
void     _runtime_use_client_connection_close      (RuntimeUseClientConnection *self,
                                                    RuntimeUseClock            *clock,
                                                    guint                       code);
void     _runtime_use_client_connection_send       (RuntimeUseClientConnection *self,
                                                    RuntimeUseMessage          *message);
void     _runtime_use_client_connection_set_paused (RuntimeUseClientConnection *self,
                                                    gboolean                    paused);

/* Whether it is neither closed nor being closed. */
gboolean _runtime_use_client_connection_is_open    (RuntimeUseClientConnection *self);

/* Whether it was we who closed it, and not the other end; also when that is done. */
gboolean _runtime_use_client_connection_is_closing (RuntimeUseClientConnection *self);
gboolean _runtime_use_client_connection_is_closed  (RuntimeUseClientConnection *self);

RuntimeUseChannel *
         _runtime_use_client_connection_get_channel
                                                   (RuntimeUseClientConnection *self);

/* The error of who waited for the server to do something, such as “answered”. */
GError * _runtime_use_client_connection_dup_loss   (RuntimeUseClientConnection *self,
                                                    const char                 *before);

G_END_DECLS
