/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether an address is one of this machine, of a network that is not public, or no address of a
 * single machine; whatever form it is written in. */
gboolean _runtime_use_is_local_address (GInetAddress *address);

#define RUNTIME_USE_TYPE_PUBLIC_ADDRESS (_runtime_use_public_address_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUsePublicAddress, _runtime_use_public_address,
                      RUNTIME_USE, PUBLIC_ADDRESS, GNetworkAddress)

/* A host and port that can only be connected to by addresses that are public; another one ends the
 * try. What was checked is what is connected to: there is no second look-up in between. */
GSocketConnectable *_runtime_use_public_address_new        (const char              *host,
                                                            guint16                  port);
gboolean            _runtime_use_public_address_is_refused (RuntimeUsePublicAddress *self);

G_END_DECLS
