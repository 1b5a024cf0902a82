/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-status.h"

/* What the server has done and is doing, in numbers: for the bus, for the
 * metrics, for the supervisor, for notifications.
 *
 * It counts as sessions tell it, so that a number costs nothing until it is
 * read. The signal "changed" says that something began or ended; the numbers of
 * bytes and artifacts grow without it.
 */

#define N_OUTCOMES (RUNTIME_USE_REQUEST_OUTCOME_CANCELLED + 1)
#define N_BOUNDS 16

/* In seconds. */
static const double duration_bounds[N_BOUNDS] = {
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
};

struct _RudStatus
{
  GObject           parent_instance;

  RuntimeUseServer *server;
  GListModel       *sessions;
  char             *agent;

  guint64           total_sessions;
  guint             n_active;
  guint64           total_requests;
  guint64           n_finished[RUD_N_REQUEST_KINDS][N_OUTCOMES];
  guint64           n_within[RUD_N_REQUEST_KINDS][N_BOUNDS + 1];
  gint64            duration[RUD_N_REQUEST_KINDS];

  /* Of sessions that are gone. */
  guint64           output_bytes;
  guint64           artifacts_uploaded;
  guint64           artifacts_failed;
};

G_DEFINE_FINAL_TYPE (RudStatus, rud_status, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_CHANGED,
  SIGNAL_REQUEST_FINISHED,
} RudStatusSignal;

static guint signals[SIGNAL_REQUEST_FINISHED + 1];

static void
status_changed (RudStatus *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* What is read from sessions */

static guint64
session_get_number (RuntimeUseSession *session,
                    const char        *name)
{
  guint64 value;

  g_object_get (session, name, &value, NULL);

  return value;
}

/* Of the sessions that there are. */
static guint64
status_sum (RudStatus  *self,
            const char *name)
{
  const guint n_sessions = g_list_model_get_n_items (self->sessions);
  guint64 sum = 0;

  for (guint i = 0; i < n_sessions; i++)
    {
      g_autoptr(RuntimeUseSession) session = g_list_model_get_item (self->sessions, i);

      sum += session_get_number (session, name);
    }

  return sum;
}

/* What sessions tell */

static void
request_started_cb (RuntimeUseSession *session,
                    RudStatus         *self)
{
  self->n_active++;
  self->total_requests++;
  status_changed (self);
}

static void
count_duration (RudStatus      *self,
                RudRequestKind  kind,
                gint64          duration)
{
  const double seconds = (double) duration / G_TIME_SPAN_SECOND;

  self->duration[kind] += duration;
  self->n_within[kind][N_BOUNDS]++;
  for (guint i = N_BOUNDS; i > 0 && seconds <= duration_bounds[i - 1]; i--)
    self->n_within[kind][i - 1]++;
}

static void
request_finished_cb (RuntimeUseSession        *session,
                     RuntimeUseRequestOutcome  outcome,
                     RudStatus                *self)
{
  const char *name = runtime_use_session_get_request_kind (session);
  RudRequestKind kind = RUD_REQUEST_INVOCATION;

  if (g_strcmp0 (name, "command") == 0)
    kind = RUD_REQUEST_COMMAND;

  self->n_active--;
  self->n_finished[kind][outcome]++;
  count_duration (self, kind, runtime_use_session_get_last_duration (session));
  g_signal_emit (self, signals[SIGNAL_REQUEST_FINISHED], 0, session, outcome);
  status_changed (self);
}

static void
session_opened_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   RudStatus         *self)
{
  g_signal_connect_object (session, "request-started", G_CALLBACK (request_started_cb), self, 0);
  g_signal_connect_object (session, "request-finished", G_CALLBACK (request_finished_cb), self, 0);
  self->total_sessions++;
  status_changed (self);
}

static void
session_closed_cb (RuntimeUseServer  *server,
                   RuntimeUseSession *session,
                   RudStatus         *self)
{
  /* The server may have stopped to wait for it. */
  g_signal_handlers_disconnect_by_data (session, self);
  if (runtime_use_session_get_request_kind (session) != NULL)
    self->n_active--;

  self->output_bytes += runtime_use_session_get_output_bytes (session);
  self->artifacts_uploaded += session_get_number (session, "artifacts-uploaded");
  self->artifacts_failed += session_get_number (session, "artifacts-failed");
  status_changed (self);
}

/* GObject */

static void
rud_status_dispose (GObject *object)
{
  RudStatus *self = RUD_STATUS (object);

  g_clear_object (&self->sessions);
  g_clear_object (&self->server);

  G_OBJECT_CLASS (rud_status_parent_class)->dispose (object);
}

static void
rud_status_finalize (GObject *object)
{
  RudStatus *self = RUD_STATUS (object);

  g_free (self->agent);

  G_OBJECT_CLASS (rud_status_parent_class)->finalize (object);
}

static void
rud_status_class_init (RudStatusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rud_status_dispose;
  object_class->finalize = rud_status_finalize;

  /* A session or a request began or ended, and all numbers say so already. */
  signals[SIGNAL_CHANGED] =
    g_signal_new ("changed",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  0);

  /* Of this session, and how; what the session tells of it is still that of the
   * request. Comes before "changed".
   */
  signals[SIGNAL_REQUEST_FINISHED] =
    g_signal_new ("request-finished",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  2, RUNTIME_USE_TYPE_SESSION, RUNTIME_USE_TYPE_REQUEST_OUTCOME);
}

static void
rud_status_init (RudStatus *self)
{
}

/* The numbers of a server that has not been started yet; @agent is the name of
 * who answers invocations.
 */
RudStatus *
rud_status_new (RuntimeUseServer *server,
                const char       *agent)
{
  RudStatus *self = g_object_new (RUD_TYPE_STATUS, NULL);

  self->server = g_object_ref (server);
  self->sessions = runtime_use_server_list_sessions (server);
  self->agent = g_strdup (agent);
  g_signal_connect_object (server, "session-opened", G_CALLBACK (session_opened_cb), self, 0);
  g_signal_connect_object (server, "session-closed", G_CALLBACK (session_closed_cb), self, 0);

  return self;
}

RuntimeUseServer *
rud_status_get_server (RudStatus *self)
{
  return self->server;
}

const char *
rud_status_get_agent (RudStatus *self)
{
  return self->agent;
}

guint
rud_status_get_n_sessions (RudStatus *self)
{
  return g_list_model_get_n_items (self->sessions);
}

/* Also those that are gone. */
guint64
rud_status_get_total_sessions (RudStatus *self)
{
  return self->total_sessions;
}

guint
rud_status_get_n_active_requests (RudStatus *self)
{
  return self->n_active;
}

/* All that have begun. */
guint64
rud_status_get_total_requests (RudStatus *self)
{
  return self->total_requests;
}

guint64
rud_status_get_failed_requests (RudStatus *self)
{
  guint64 failed = 0;

  for (int kind = 0; kind < RUD_N_REQUEST_KINDS; kind++)
    failed += self->n_finished[kind][RUNTIME_USE_REQUEST_OUTCOME_FAILED];

  return failed;
}

guint64
rud_status_get_n_finished (RudStatus                *self,
                           RudRequestKind            kind,
                           RuntimeUseRequestOutcome  outcome)
{
  return self->n_finished[kind][outcome];
}

/* There is one count more than there are bounds. */
RudDurations
rud_status_get_durations (RudStatus      *self,
                          RudRequestKind  kind)
{
  return (RudDurations) { self->n_within[kind], self->duration[kind] };
}

/* In seconds, the smallest first. */
const double *
rud_status_get_duration_bounds (gsize *n_bounds)
{
  *n_bounds = N_BOUNDS;

  return duration_bounds;
}

guint64
rud_status_get_output_bytes (RudStatus *self)
{
  return self->output_bytes + status_sum (self, "output-bytes");
}

guint64
rud_status_get_artifacts_pending (RudStatus *self)
{
  return status_sum (self, "artifacts-pending");
}

guint64
rud_status_get_artifacts_uploaded (RudStatus *self)
{
  return self->artifacts_uploaded + status_sum (self, "artifacts-uploaded");
}

guint64
rud_status_get_artifacts_failed (RudStatus *self)
{
  return self->artifacts_failed + status_sum (self, "artifacts-failed");
}
