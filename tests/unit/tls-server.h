/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * An HTTPS server in a thread of its own, with one of the certificates of the tests. It serves one
 * connection after the other, one request on each: GET is answered with “hello”, or with a redirect
 * where the path begins with /redirect/, and what is PUT is counted.
 */
typedef struct
{
  guint16          port;
  char            *location;        /* of the redirect; set before it is asked for */
  gboolean         has_http2;       /* says so, though it has not; set before it is asked */

  GMutex           lock;
  GString         *requests;        /* heads */
  guint64          n_body;          /* bytes of all bodies */
  guint            n_connections;
  char            *protocol;        /* (nullable): agreed upon in the last handshake */

  GSocketListener *listener;
  GTlsCertificate *certificate;
  GCancellable    *cancellable;
  GThread         *thread;
} TlsServer;

TlsServer *tls_server_new                  (const char *ipv4,
                                            const char *certificate);
void       tls_server_free                 (TlsServer  *self);
char      *tls_server_url                  (TlsServer  *self,
                                            const char *path);
char      *tls_server_dup_requests         (TlsServer  *self);
guint64    tls_server_get_n_body           (TlsServer  *self);
guint      tls_server_get_n_connections    (TlsServer  *self);
char      *tls_server_dup_protocol         (TlsServer  *self);

char      *tls_server_dup_certificate_path (const char *certificate);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsServer, tls_server_free)

G_END_DECLS
