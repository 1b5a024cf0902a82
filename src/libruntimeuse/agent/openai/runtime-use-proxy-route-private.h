/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The way to the host of one URL by the proxies that a resolver names. Other than with an address
 * of GIO the resolver of the desktop is not even made. */
#define RUNTIME_USE_TYPE_PROXY_ROUTE (_runtime_use_proxy_route_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseProxyRoute, _runtime_use_proxy_route,
                      RUNTIME_USE, PROXY_ROUTE, GObject)

GSocketConnectable *_runtime_use_proxy_route_new (GUri           *url,
                                                  GProxyResolver *resolver);

G_END_DECLS
