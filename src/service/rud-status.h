/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtimeuse.h"

G_BEGIN_DECLS

#define RUD_TYPE_STATUS (rud_status_get_type ())

G_DECLARE_FINAL_TYPE (RudStatus, rud_status, RUD, STATUS, GObject)

typedef enum
{
  RUD_REQUEST_INVOCATION,
  RUD_REQUEST_COMMAND,
} RudRequestKind;

#define RUD_N_REQUEST_KINDS (RUD_REQUEST_COMMAND + 1)

/* How long the requests of one kind took. */
typedef struct
{
  const guint64 *counts;    /* for each bound, how many took no longer; the last one: all */
  gint64         sum;       /* µs, of all */
} RudDurations;

RudStatus        *rud_status_new                    (RuntimeUseServer *server,
                                                     const char       *agent);
RuntimeUseServer *rud_status_get_server             (RudStatus        *self);
const char       *rud_status_get_agent              (RudStatus        *self);

guint             rud_status_get_n_sessions         (RudStatus        *self);
guint64           rud_status_get_total_sessions     (RudStatus        *self);
guint             rud_status_get_n_active_requests  (RudStatus        *self);
guint64           rud_status_get_total_requests     (RudStatus        *self);
guint64           rud_status_get_failed_requests    (RudStatus        *self);
guint64           rud_status_get_n_finished         (RudStatus                *self,
                                                     RudRequestKind            kind,
                                                     RuntimeUseRequestOutcome  outcome);
RudDurations      rud_status_get_durations          (RudStatus        *self,
                                                     RudRequestKind    kind);
const double     *rud_status_get_duration_bounds    (gsize            *n_bounds);

guint64           rud_status_get_output_bytes       (RudStatus        *self);
guint64           rud_status_get_artifacts_pending  (RudStatus        *self);
guint64           rud_status_get_artifacts_uploaded (RudStatus        *self);
guint64           rud_status_get_artifacts_failed   (RudStatus        *self);

G_END_DECLS
