/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-clock-private.h"
#include "runtime-use-inbox-private.h"
#include "runtime-use-logger.h"
#include "runtime-use-request-private.h"
#include "runtime-use-session-artifacts-private.h"
#include "runtime-use-session-settings-private.h"
#include "runtime-use-session.h"

G_BEGIN_DECLS

struct _RuntimeUseSession
{
  GObject                    parent_instance;

  RuntimeUseChannel         *channel;
  RuntimeUseInbox           *inbox;            /* of the channel */
  RuntimeUseAgentHandler    *handler;
  RuntimeUseClock           *clock;
  RuntimeUseSessionSettings  settings;
  RuntimeUseLogger          *logger;
  char                      *id;

  RuntimeUseRequest         *request;          /* (nullable): none is running */
  RuntimeUseRequest         *finished;         /* (nullable) (unowned): its end is being told */
  gint64                     request_started;  /* µs of the clock */
  gint64                     request_started_at; /* µs since the epoch; 0: none is running */
  gint64                     last_heartbeat;   /* µs of the clock; of this request */
  RuntimeUseAlarm           *heartbeat;        /* (nullable): kept over requests */
  RuntimeUseRedactor        *redactor;         /* (nullable): of the last request */

  RuntimeUseUploadTracker   *tracker;          /* (nullable): made when it is first needed */
  RuntimeUseSessionArtifacts *artifacts;       /* (nullable): no folder was named yet */

  GPtrArray                 *leftovers;        /* RuntimeUseCommandHandler that left something */
  guint                      n_ending;         /* leftovers that are being ended */
  GPtrArray                 *stopping;         /* GTask */

  RuntimeUseSessionState     state;
  guint64                    n_requests;
  guint64                    n_done;           /* came to their terminal */
  guint64                    n_failed;
  guint64                    n_cancelled;
  guint64                    output_bytes;     /* of requests that are over */
  gint64                     last_duration;    /* µs */
  char                      *last_error;       /* (nullable) */
  const char                *last_error_name;  /* (nullable): static */
  char                      *peer;             /* (nullable) */
  gint64                     connected_at;     /* µs since the epoch */
  guint64                    n_ignored;        /* messages that meant nothing to us */
  guint                      n_refused_full;   /* since the channel had room */
  gboolean                   ending;           /* the client said so */
  gboolean                   draining;         /* no further request is taken */
  gboolean                   closing;          /* we closed the channel */
  gboolean                   channel_closed;
  gboolean                   settling;
};

/* A server gives all its sessions one clock. */
RuntimeUseSession *
_runtime_use_session_new_full (RuntimeUseChannel               *channel,
                               RuntimeUseAgentHandler          *handler,
                               RuntimeUseUploadTracker         *upload_tracker,
                               RuntimeUseClock                 *clock,
                               const RuntimeUseSessionSettings *settings);

/* Of the conversation. Settling goes on as far as what still runs allows. */
void _runtime_use_session_listen             (RuntimeUseSession *self);
void _runtime_use_session_send               (RuntimeUseSession *self,
                                              RuntimeUseMessage *message);
void _runtime_use_session_update_state       (RuntimeUseSession *self);
void _runtime_use_session_settle             (RuntimeUseSession *self);
void _runtime_use_session_emit_request_started
                                             (RuntimeUseSession *self);
void _runtime_use_session_emit_request_finished
                                             (RuntimeUseSession *self,
                                              RuntimeUseRequestOutcome outcome);

void _runtime_use_session_install_properties (GObjectClass      *object_class);
void _runtime_use_session_clear_properties   (RuntimeUseSession *self);

/* Each costs next to nothing when nobody watches. */
void _runtime_use_session_notify_state       (RuntimeUseSession *self);
void _runtime_use_session_notify_phase       (RuntimeUseSession *self);
void _runtime_use_session_notify_command     (RuntimeUseSession *self);
void _runtime_use_session_notify_last_error  (RuntimeUseSession *self);

G_END_DECLS
