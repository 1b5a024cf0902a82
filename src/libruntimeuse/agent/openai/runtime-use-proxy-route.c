/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-proxy-route-private.h"

struct _RuntimeUseProxyRoute
{
  GObject             parent_instance;

  GSocketConnectable *address;
  GProxyResolver     *resolver;
  char               *url;
  guint16             port;
};

static void connectable_iface_init (GSocketConnectableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUseProxyRoute, _runtime_use_proxy_route, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE,
                                                      connectable_iface_init))

static GSocketAddressEnumerator *
_runtime_use_proxy_route_enumerate (GSocketConnectable *connectable)
{
  return g_socket_connectable_enumerate (RUNTIME_USE_PROXY_ROUTE (connectable)->address);
}

static GSocketAddressEnumerator *
_runtime_use_proxy_route_proxy_enumerate (GSocketConnectable *connectable)
{
  RuntimeUseProxyRoute *self = RUNTIME_USE_PROXY_ROUTE (connectable);

  return g_object_new (G_TYPE_PROXY_ADDRESS_ENUMERATOR,
                       "connectable", self->address,
                       "default-port", (guint) self->port,
                       "proxy-resolver", self->resolver,
                       "uri", self->url,
                       NULL);
}

static char *
_runtime_use_proxy_route_to_string (GSocketConnectable *connectable)
{
  return g_socket_connectable_to_string (RUNTIME_USE_PROXY_ROUTE (connectable)->address);
}

static void
connectable_iface_init (GSocketConnectableIface *iface)
{
  iface->enumerate = _runtime_use_proxy_route_enumerate;
  iface->proxy_enumerate = _runtime_use_proxy_route_proxy_enumerate;
  iface->to_string = _runtime_use_proxy_route_to_string;
}

static void
_runtime_use_proxy_route_finalize (GObject *object)
{
  RuntimeUseProxyRoute *self = RUNTIME_USE_PROXY_ROUTE (object);

  g_clear_object (&self->address);
  g_clear_object (&self->resolver);
  g_free (self->url);

  G_OBJECT_CLASS (_runtime_use_proxy_route_parent_class)->finalize (object);
}

static void
_runtime_use_proxy_route_class_init (RuntimeUseProxyRouteClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = _runtime_use_proxy_route_finalize;
}

static void
_runtime_use_proxy_route_init (RuntimeUseProxyRoute *self)
{
}

/* @url is one of http or https with a host. */
GSocketConnectable *
_runtime_use_proxy_route_new (GUri           *url,
                              GProxyResolver *resolver)
{
  RuntimeUseProxyRoute *self = g_object_new (RUNTIME_USE_TYPE_PROXY_ROUTE, NULL);
  gboolean is_secure = g_str_equal (g_uri_get_scheme (url), "https");

  self->port = is_secure ? 443 : 80;
  if (g_uri_get_port (url) > 0)
    self->port = (guint16) g_uri_get_port (url);
  self->address = g_network_address_new (g_uri_get_host (url), self->port);
  self->resolver = g_object_ref (resolver);
  self->url = g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (url), NULL, g_uri_get_host (url),
                          self->port, "/", NULL, NULL);

  return G_SOCKET_CONNECTABLE (self);
}
