/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * RuntimeUseTarget:
 * @uri: what is asked for: its scheme is `ws` or `wss`
 * @path: (nullable): of the Unix socket that leads there
 * @authority: host and port, as a header has them
 * @address: for people: without path, query, and token
 *
 * Where a server is.
 */
typedef struct
{
  GUri *uri;
  char *path;
  char *authority;
  char *address;
} RuntimeUseTarget;

RuntimeUseTarget *_runtime_use_target_new (const char  *url,
                                           GError     **error);

void _runtime_use_target_free (RuntimeUseTarget *self);

gboolean _runtime_use_target_is_clean (const char *text);

gboolean _runtime_use_target_is_tls (const RuntimeUseTarget *self);

guint16 _runtime_use_target_get_port (const RuntimeUseTarget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseTarget, _runtime_use_target_free)

G_END_DECLS
