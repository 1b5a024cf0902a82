/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "runtime-use-page-private.h"
#include "runtime-use-peer-private.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TOKEN_DIGEST_LENGTH 32

/* A request header that is longer is refused. */
#define RUNTIME_USE_MAX_REQUEST_HEADER (64 * 1024)

/*
 * RuntimeUseHandshakePolicy:
 * @allowed_origins: (nullable): origins that a browser may connect from
 * @allowed_hosts: (nullable): host names that we go by, beside the loopback ones
 * @bound_hosts: (nullable): the addresses and names that we listen on
 * @token_digest: (nullable): SHA-256 of the token that a client has to show
 * @pages: (nullable) (element-type RuntimeUsePage): what a plain GET can ask for
 *
 * Who may connect.
 */
typedef struct
{
  char      **allowed_origins;
  char      **allowed_hosts;
  char      **bound_hosts;
  guint8     *token_digest;
  GPtrArray  *pages;
} RuntimeUseHandshakePolicy;

/*
 * RuntimeUseVisitor:
 * @peer: who asks, as far as the kernel knows
 * @closed: (nullable): why no WebSocket is opened for anybody now
 *
 * What is known before the request is read.
 */
typedef struct
{
  RuntimeUsePeer  peer;
  const char     *closed;
} RuntimeUseVisitor;

/*
 * RuntimeUseHandshake:
 * @status: the HTTP status of the answer; 101 when the client is let in, 200 for a page
 * @reason: a few words for the log, never anything that the client sent
 * @protocol: (nullable): the sub-protocol that was agreed on
 * @origin: (nullable): the origin that was allowed
 * @page: (nullable): what the caller has to answer with
 * @is_head: whether only the header of that is asked for
 */
typedef struct
{
  guint           status;
  const char     *reason;
  char           *protocol;
  char           *origin;
  RuntimeUsePage *page;
  gboolean        is_head;
} RuntimeUseHandshake;

gssize _runtime_use_handshake_find_end (const char *bytes,
                                        gsize       length,
                                        gsize       searched);

void _runtime_use_handshake_answer (const RuntimeUseHandshakePolicy *policy,
                                    const RuntimeUseVisitor         *visitor,
                                    char                            *header,
                                    gsize                            length,
                                    RuntimeUseHandshake             *result,
                                    GString                         *answer);

void _runtime_use_handshake_refuse (guint       status,
                                    const char *why,
                                    GString    *answer);

void _runtime_use_handshake_clear (RuntimeUseHandshake *self);

void _runtime_use_token_digest (const char *token,
                                gsize       length,
                                guint8     *digest);

G_END_DECLS
