/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Chooses proxies by the variables of the environment, never for loopback addresses. Fails if one
 * of them cannot be understood. */
GProxyResolver     *_runtime_use_environment_proxy_new        (GError         **error);

GSocketConnectable *_runtime_use_environment_proxy_find_route (GProxyResolver  *self,
                                                               const char      *url);

G_END_DECLS
