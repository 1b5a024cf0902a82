/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Begins an address that is the path of a socket. */
#define RUD_ADDRESS_UNIX "unix:"

GSocketAddress *rud_address_new (const char  *text,
                                 GError     **error);

G_END_DECLS
