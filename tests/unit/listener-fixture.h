/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-channel.h"
#include "runtime-use-connection-private.h"
#include "runtime-use-listener-private.h"

#include "raw-client.h"

G_BEGIN_DECLS

/* A listener on a port of its own, and what its connections did. */
typedef struct
{
  RuntimeUseListener *listener;
  GPtrArray          *channels;     /* of RuntimeUseWebsocketChannel that are open */
  GPtrArray          *messages;     /* of char, from all of them */
  gboolean            echo;
  gboolean            is_producing;   /* whenever a channel is drained, it is filled again */
  guint               n_opened;
  guint               n_closed;
  guint               n_refused;
  guint               n_gone;
  guint               n_drained;
} ListenerFixture;

extern const RuntimeUseListenerEvents listener_fixture_events;

RuntimeUseConnectionOptions *listener_options_new (void);

void listener_fixture_init (ListenerFixture             *fixture,
                            RuntimeUseConnectionOptions *options,
                            guint                        max_connections);

void listener_fixture_clear (ListenerFixture *fixture);

guint listener_fixture_get_port (const ListenerFixture *fixture);

/* A client whose channel is open on this side, too. */
RawClient *listener_fixture_connect (ListenerFixture *fixture);

guint listener_fixture_fill (ListenerFixture *fixture,
                             gsize            more);

G_END_DECLS
