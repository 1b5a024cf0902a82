/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CLIENT_STREAM (_runtime_use_client_stream_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseClientStream, _runtime_use_client_stream,
                      RUNTIME_USE, CLIENT_STREAM, GIOStream)

/* The server broke the rules of RFC 6455 in a way that asks for the close @code. Not called from
 * inside libsoup. */
typedef void (* RuntimeUseViolatedFunc) (guint    code,
                                         gpointer user_data);

RuntimeUseClientStream *_runtime_use_client_stream_new (GIOStream    *base,
                                                        const guint8 *rest,
                                                        gsize         rest_length,
                                                        guint64       max_message_size);

void _runtime_use_client_stream_set_user (RuntimeUseClientStream *self,
                                          GObject                *user);

void _runtime_use_client_stream_set_violated (RuntimeUseClientStream *self,
                                              RuntimeUseViolatedFunc  func,
                                              gpointer                user_data);

void _runtime_use_client_stream_set_paused (RuntimeUseClientStream *self,
                                            gboolean                paused);

void _runtime_use_client_stream_fail (RuntimeUseClientStream *self,
                                      const char             *why);

guint64 _runtime_use_client_stream_get_max_message_size (RuntimeUseClientStream *self);

char *_runtime_use_client_stream_dup_peer (RuntimeUseClientStream *self);

G_END_DECLS
