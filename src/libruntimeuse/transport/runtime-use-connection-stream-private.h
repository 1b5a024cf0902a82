/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "runtime-use-input-budget-private.h"
#include "runtime-use-poller-private.h"

G_BEGIN_DECLS

#define RUNTIME_USE_TYPE_CONNECTION_STREAM (_runtime_use_connection_stream_get_type ())

G_DECLARE_FINAL_TYPE (RuntimeUseConnectionStream, _runtime_use_connection_stream,
                      RUNTIME_USE, CONNECTION_STREAM, GIOStream)

/*
 * RuntimeUseConnectionStreamEvents:
 * @readable: before the WebSocket is open: there may be something to receive
 * @violated: the client broke the rules of RFC 6455 or a limit in a way that asks for the
 *   close @code
 * @gone: the descriptor was closed
 *
 * What the owner of a stream is told, never from inside libsoup.
 */
typedef struct
{
  void (* readable) (gpointer user_data);
  void (* violated) (guint    code,
                     gpointer user_data);
  void (* gone)     (gpointer user_data);
} RuntimeUseConnectionStreamEvents;

typedef void (* RuntimeUseDrainedFunc) (gpointer user_data);

/*
 * RuntimeUseConnectionActivity:
 * @last_input: when bytes came last
 * @last_output: when the peer took bytes last, or output became pending
 * @is_blocked: whether output is pending that the peer does not take
 * @is_held: whether input is left in the socket until output moves on
 * @answers_since: since when a page is being sent; 0 when none is
 * @closing_since: when one side began to close the WebSocket; 0 when none did
 * @lingers_since: since when the end of the peer's input is waited for; 0 when it is not
 *
 * What deadlines are about. Times are monotonic.
 */
typedef struct
{
  gint64   last_input;
  gint64   last_output;
  gboolean is_blocked;
  gboolean is_held;
  gint64   answers_since;
  gint64   closing_since;
  gint64   lingers_since;
} RuntimeUseConnectionActivity;

RuntimeUseConnectionStream *
_runtime_use_connection_stream_new (RuntimeUsePoller                        *poller,
                                    int                                      fd,
                                    guint64                                  max_message_size,
                                    RuntimeUseInputBudget                   *budget,
                                    const RuntimeUseConnectionStreamEvents  *events,
                                    gpointer                                 user_data,
                                    GError                                 **error);

void _runtime_use_connection_stream_disown (RuntimeUseConnectionStream *self);

RuntimeUsePoller *_runtime_use_connection_stream_get_poller (RuntimeUseConnectionStream *self);

gssize _runtime_use_connection_stream_receive (RuntimeUseConnectionStream *self,
                                               gpointer                    buffer,
                                               gsize                       size);

gboolean _runtime_use_connection_stream_answer (RuntimeUseConnectionStream *self,
                                                const GString              *answer);

void _runtime_use_connection_stream_open (RuntimeUseConnectionStream *self,
                                          const guint8               *rest,
                                          gsize                       rest_length);

void _runtime_use_connection_stream_send_page (RuntimeUseConnectionStream *self,
                                               GBytes                     *page);

void _runtime_use_connection_stream_set_user (RuntimeUseConnectionStream *self,
                                              GObject                    *user);

void _runtime_use_connection_stream_set_drained (RuntimeUseConnectionStream *self,
                                                 gsize                       low_mark,
                                                 RuntimeUseDrainedFunc       func,
                                                 gpointer                    user_data);

void _runtime_use_connection_stream_set_paused (RuntimeUseConnectionStream *self,
                                                gboolean                    is_paused);

void _runtime_use_connection_stream_queued (RuntimeUseConnectionStream *self,
                                            gsize                       length);

gsize _runtime_use_connection_stream_get_pending (RuntimeUseConnectionStream *self);

void _runtime_use_connection_stream_get_activity (RuntimeUseConnectionStream   *self,
                                                  RuntimeUseConnectionActivity *activity);

gboolean _runtime_use_connection_stream_ping (RuntimeUseConnectionStream *self);

void _runtime_use_connection_stream_closing (RuntimeUseConnectionStream *self);

void _runtime_use_connection_stream_set_close_code (RuntimeUseConnectionStream *self,
                                                    guint                       code);

void _runtime_use_connection_stream_fail (RuntimeUseConnectionStream *self,
                                          const char                 *why);

void _runtime_use_connection_stream_linger (RuntimeUseConnectionStream *self);

void _runtime_use_connection_stream_abort (RuntimeUseConnectionStream *self);

void _runtime_use_connection_stream_settled (RuntimeUseConnectionStream *self);

char *_runtime_use_connection_stream_dup_peer (RuntimeUseConnectionStream *self);

G_END_DECLS
