/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-public-address-private.h"

#include <string.h>

#include "runtime-use-error.h"

/* --- addresses --- */

typedef struct
{
  guint8 bytes[16];
  guint8 bits;
} Network;

static const Network local_ipv4[] = {
  { { 0 }, 8 },                /* unspecified, “this network” */
  { { 10 }, 8 },               /* private */
  { { 100, 64 }, 10 },         /* behind the NAT of a provider */
  { { 127 }, 8 },              /* loopback */
  { { 169, 254 }, 16 },        /* link-local, with the metadata services of clouds */
  { { 172, 16 }, 12 },         /* private */
  { { 192, 0, 0 }, 24 },       /* for protocols */
  { { 192, 168 }, 16 },        /* private */
  { { 198, 18 }, 15 },         /* for benchmarks */
  { { 224 }, 4 },              /* multicast */
  { { 240 }, 4 },              /* reserved, broadcast */
};

static const Network local_ipv6[] = {
  { { 0 }, 127 },                                /* unspecified, loopback */
  { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 },  /* a local translator to IPv4 */
  { { 0x01, 0x00 }, 64 },                        /* discarded */
  { { 0xfc }, 7 },                               /* unique local */
  { { 0xfe, 0x80 }, 10 },                        /* link-local */
  { { 0xfe, 0xc0 }, 10 },                        /* site-local */
  { { 0xff }, 8 },                               /* multicast */
};

/* Networks whose addresses hold one of IPv4, which decides. */
static const struct
{
  Network network;
  guint   offset;
  guint8  mask;
} embedding[] = {
  { { { 0 }, 96 }, 12, 0 },                                                  /* compatible */
  { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12, 0 },           /* mapped */
  { { { 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12, 0 },                 /* translated */
  { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12, 0 },                             /* NAT64 */
  { { { 0x20, 0x02 }, 16 }, 2, 0 },                                          /* 6to4 */
  { { { 0x20, 0x01, 0x00, 0x00 }, 32 }, 12, 0xff },                          /* Teredo */
};

static gboolean
is_in (const guint8  *bytes,
       const Network *network)
{
  guint whole = network->bits / 8;
  guint rest = network->bits % 8;
  guint8 mask = (guint8) (0xff00 >> rest);

  return memcmp (bytes, network->bytes, whole) == 0 &&
         (rest == 0 || ((bytes[whole] ^ network->bytes[whole]) & mask) == 0);
}

static gboolean
is_in_any (const guint8  *bytes,
           const Network *networks,
           gsize          n)
{
  for (gsize i = 0; i < n; i++)
    if (is_in (bytes, &networks[i]))
      return TRUE;

  return FALSE;
}

static gboolean
is_local_ipv6 (const guint8 *bytes)
{
  if (is_in_any (bytes, local_ipv6, G_N_ELEMENTS (local_ipv6)))
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (embedding); i++)
    {
      guint8 inner[4];

      for (guint j = 0; j < sizeof inner; j++)
        inner[j] = bytes[embedding[i].offset + j] ^ embedding[i].mask;
      if (is_in (bytes, &embedding[i].network) &&
          is_in_any (inner, local_ipv4, G_N_ELEMENTS (local_ipv4)))
        return TRUE;
    }

  return FALSE;
}

gboolean
_runtime_use_is_local_address (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return is_in_any (bytes, local_ipv4, G_N_ELEMENTS (local_ipv4));

  return is_local_ipv6 (bytes);
}

/* --- the enumerator that lets only public ones through --- */

#define TYPE_PUBLIC_ENUMERATOR (public_enumerator_get_type ())

G_DECLARE_FINAL_TYPE (PublicEnumerator, public_enumerator, PUBLIC, ENUMERATOR,
                      GSocketAddressEnumerator)

struct _PublicEnumerator
{
  GSocketAddressEnumerator  parent_instance;

  RuntimeUsePublicAddress  *address;
  GSocketAddressEnumerator *inner;
};

G_DEFINE_FINAL_TYPE (PublicEnumerator, public_enumerator, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

struct _RuntimeUsePublicAddress
{
  GNetworkAddress parent_instance;

  gboolean        is_refused;
};

static void runtime_use_public_address_connectable_init (GSocketConnectableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RuntimeUsePublicAddress, _runtime_use_public_address,
                               G_TYPE_NETWORK_ADDRESS,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE,
                                                      runtime_use_public_address_connectable_init))

static GSocketConnectableIface *parent_iface;

/* Takes and returns @address, or refuses it. */
static GSocketAddress *
check (PublicEnumerator  *self,
       GSocketAddress    *address,
       GError           **error)
{
  if (address == NULL)
    return NULL;

  if (G_IS_INET_SOCKET_ADDRESS (address) &&
      !_runtime_use_is_local_address (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))))
    return address;

  g_object_unref (address);
  self->address->is_refused = TRUE;
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_ARGUMENT,
                       "the address is not public");

  return NULL;
}

static GSocketAddress *
public_enumerator_next (GSocketAddressEnumerator  *enumerator,
                        GCancellable              *cancellable,
                        GError                   **error)
{
  PublicEnumerator *self = PUBLIC_ENUMERATOR (enumerator);

  return check (self, g_socket_address_enumerator_next (self->inner, cancellable, error), error);
}

static void
next_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  PublicEnumerator *self = g_task_get_source_object (task);
  GError *error = NULL;
  GSocketAddress *address;

  address = g_socket_address_enumerator_next_finish (G_SOCKET_ADDRESS_ENUMERATOR (source), result,
                                                     &error);
  address = check (self, address, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, address, g_object_unref);
}

static void
public_enumerator_next_async (GSocketAddressEnumerator *enumerator,
                              GCancellable             *cancellable,
                              GAsyncReadyCallback       callback,
                              gpointer                  user_data)
{
  PublicEnumerator *self = PUBLIC_ENUMERATOR (enumerator);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, public_enumerator_next_async);
  g_socket_address_enumerator_next_async (self->inner, cancellable, next_cb, task);
}

static GSocketAddress *
public_enumerator_next_finish (GSocketAddressEnumerator  *enumerator,
                               GAsyncResult              *result,
                               GError                   **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
public_enumerator_finalize (GObject *object)
{
  PublicEnumerator *self = PUBLIC_ENUMERATOR (object);

  g_object_unref (self->inner);
  g_object_unref (self->address);

  G_OBJECT_CLASS (public_enumerator_parent_class)->finalize (object);
}

static void
public_enumerator_class_init (PublicEnumeratorClass *klass)
{
  GSocketAddressEnumeratorClass *enumerator_class = G_SOCKET_ADDRESS_ENUMERATOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = public_enumerator_finalize;
  enumerator_class->next = public_enumerator_next;
  enumerator_class->next_async = public_enumerator_next_async;
  enumerator_class->next_finish = public_enumerator_next_finish;
}

static void
public_enumerator_init (PublicEnumerator *self)
{
}

/* --- the host --- */

static GSocketAddressEnumerator *
runtime_use_public_address_enumerate (GSocketConnectable *connectable)
{
  PublicEnumerator *enumerator = g_object_new (TYPE_PUBLIC_ENUMERATOR, NULL);

  enumerator->address = RUNTIME_USE_PUBLIC_ADDRESS (g_object_ref (connectable));
  enumerator->inner = parent_iface->enumerate (connectable);

  return G_SOCKET_ADDRESS_ENUMERATOR (enumerator);
}

static void
runtime_use_public_address_connectable_init (GSocketConnectableIface *iface)
{
  parent_iface = g_type_interface_peek_parent (iface);
  iface->enumerate = runtime_use_public_address_enumerate;
  /* A proxy would look up the host once more. */
  iface->proxy_enumerate = runtime_use_public_address_enumerate;
}

static void
_runtime_use_public_address_class_init (RuntimeUsePublicAddressClass *klass)
{
}

static void
_runtime_use_public_address_init (RuntimeUsePublicAddress *self)
{
}

GSocketConnectable *
_runtime_use_public_address_new (const char *host,
                                 guint16     port)
{
  return g_object_new (RUNTIME_USE_TYPE_PUBLIC_ADDRESS, "hostname", host, "port", (guint) port,
                       NULL);
}

/* Whether that is why there is no connection. */
gboolean
_runtime_use_public_address_is_refused (RuntimeUsePublicAddress *self)
{
  return self->is_refused;
}
