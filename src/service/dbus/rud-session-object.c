/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-object.h"

#include "rud-session-properties.h"

/* One session on the bus.
 *
 * What happens is told at once as long as there are tokens for it, and what
 * there is no token for waits for the next tick. So a client that makes a
 * thousand requests a second costs the bus a few signals, and neither it nor
 * those who listen can be flooded. Whoever owns this object ticks.
 */

#define MAX_TOKENS 20

/* One token is earned in each. */
#define TICK_US (250 * 1000)

struct _RudSessionObject
{
  RudDbusSessionSkeleton  parent_instance;

  RudSessionFacts         facts;
  RudTold                 told;

  guint                   tokens;
  gint64                  earned;          /* monotonic, µs: when the last token was */
  guint                   n_unreported;    /* requests since the last that was told */
  gboolean                running;         /* a request is */
  gboolean                request_told;    /* that it has begun */
  gboolean                awake;           /* it is ticked */
  gboolean                silent;          /* the bus takes nothing now */
};

G_DEFINE_FINAL_TYPE (RudSessionObject, rud_session_object, RUD_DBUS_TYPE_SESSION_SKELETON)

typedef enum
{
  SIGNAL_WAKE,
} RudSessionObjectSignal;

static guint signals[SIGNAL_WAKE + 1];

/* When to tell */

static gboolean
take_token (RudSessionObject *self)
{
  if (self->tokens == 0 || self->silent)
    return FALSE;

  self->tokens--;

  return TRUE;
}

static void
earn_tokens (RudSessionObject *self)
{
  const gint64 now = g_get_monotonic_time ();
  const gint64 n_earned = (now - self->earned) / TICK_US;

  self->tokens = MIN (self->tokens + n_earned, MAX_TOKENS);
  self->earned += n_earned * TICK_US;
}

/* Something has changed. Without a token nobody needs to know before the tick. */
static void
wake (RudSessionObject *self)
{
  if (self->awake && self->tokens == 0)
    return;

  if (!self->awake)
    earn_tokens (self);
  self->awake = TRUE;
  g_signal_emit (self, signals[SIGNAL_WAKE], 0, self->tokens > 0 && !self->silent);
}

/* Requests */

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
tell_started (RudSessionObject *self)
{
  RuntimeUseSession *session = self->facts.session;

  if (!take_token (self))
    return;

  self->request_told = TRUE;
  rud_dbus_session_emit_request_started (RUD_DBUS_SESSION (self),
                                         or_empty (runtime_use_session_get_request_kind (session)),
                                         or_empty (runtime_use_session_get_source_id (session)));
}

static void
tell_finished (RudSessionObject         *self,
               RuntimeUseRequestOutcome  outcome)
{
  RuntimeUseSession *session = self->facts.session;
  GVariantDict details = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&details, "duration", "t",
                         (guint64) MAX (runtime_use_session_get_last_duration (session), 0));
  g_variant_dict_insert (&details, "request-kind", "s",
                         or_empty (runtime_use_session_get_request_kind (session)));
  g_variant_dict_insert (&details, "source-id", "s",
                         or_empty (runtime_use_session_get_source_id (session)));
  g_variant_dict_insert (&details, "output-bytes", "t",
                         runtime_use_session_get_output_bytes (session));
  g_variant_dict_insert (&details, "unreported", "u", self->n_unreported);
  if (outcome == RUNTIME_USE_REQUEST_OUTCOME_FAILED)
    g_variant_dict_insert (&details, "error", "s", rud_session_facts_get_error (&self->facts));

  rud_dbus_session_emit_request_finished (RUD_DBUS_SESSION (self),
                                          rud_session_outcome_get_name (outcome),
                                          g_variant_dict_end (&details));
  self->n_unreported = 0;
}

static void
request_started_cb (RuntimeUseSession *session,
                    RudSessionObject  *self)
{
  self->running = TRUE;
  self->request_told = FALSE;
  self->facts.agent_worked = FALSE;
  wake (self);
  tell_started (self);
}

/* A request whose begin was told has paid for its end. */
static void
request_finished_cb (RuntimeUseSession        *session,
                     RuntimeUseRequestOutcome  outcome,
                     RudSessionObject         *self)
{
  self->running = FALSE;
  if (outcome == RUNTIME_USE_REQUEST_OUTCOME_FAILED)
    self->facts.error_is_agents = self->facts.agent_worked;

  if (self->request_told && !self->silent)
    tell_finished (self, outcome);
  else
    self->n_unreported++;

  self->request_told = FALSE;
  wake (self);
}

static void
notify_cb (RuntimeUseSession *session,
           GParamSpec        *pspec,
           RudSessionObject  *self)
{
  rud_session_facts_note_phase (&self->facts);
  wake (self);
}

/* Properties */

static GVariant *
get_property_cb (GDBusConnection  *connection,
                 const char       *sender,
                 const char       *object_path,
                 const char       *interface_name,
                 const char       *property_name,
                 GError          **error,
                 gpointer          user_data)
{
  RudSessionObject *self = user_data;

  return rud_told_get (&self->told, property_name);
}

static GDBusInterfaceVTable *
rud_session_object_get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  static GDBusInterfaceVTable vtable;

  if (vtable.method_call == NULL)
    {
      GDBusInterfaceSkeletonClass *parent;

      parent = G_DBUS_INTERFACE_SKELETON_CLASS (rud_session_object_parent_class);
      vtable = *parent->get_vtable (skeleton);
      vtable.get_property = get_property_cb;
    }

  return &vtable;
}

static GVariant *
rud_session_object_get_properties (GDBusInterfaceSkeleton *skeleton)
{
  return g_variant_ref_sink (rud_told_get_all (&RUD_SESSION_OBJECT (skeleton)->told));
}

/* Methods */

static gboolean
handle_cancel (RudDbusSession        *object,
               GDBusMethodInvocation *invocation,
               RudSessionObject      *self)
{
  gboolean cancelled = runtime_use_session_cancel (self->facts.session);

  g_debug ("%s cancels the request of session %s", g_dbus_method_invocation_get_sender (invocation),
           runtime_use_session_get_id (self->facts.session));
  rud_dbus_session_complete_cancel (object, invocation, cancelled);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_end (RudDbusSession        *object,
            GDBusMethodInvocation *invocation,
            RudSessionObject      *self)
{
  g_debug ("%s ends session %s", g_dbus_method_invocation_get_sender (invocation),
           runtime_use_session_get_id (self->facts.session));
  runtime_use_session_end (self->facts.session);
  rud_dbus_session_complete_end (object, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* GObject */

static void
rud_session_object_finalize (GObject *object)
{
  RudSessionObject *self = RUD_SESSION_OBJECT (object);

  rud_told_clear (&self->told);
  g_clear_object (&self->facts.session);
  g_clear_pointer (&self->facts.agent, g_free);

  G_OBJECT_CLASS (rud_session_object_parent_class)->finalize (object);
}

static void
rud_session_object_class_init (RudSessionObjectClass *klass)
{
  GDBusInterfaceSkeletonClass *skeleton_class = G_DBUS_INTERFACE_SKELETON_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rud_session_object_finalize;
  skeleton_class->get_vtable = rud_session_object_get_vtable;
  skeleton_class->get_properties = rud_session_object_get_properties;

  /* It has something to tell: at once, or with the ticks from now on. */
  signals[SIGNAL_WAKE] =
    g_signal_new ("wake",
                  G_TYPE_FROM_CLASS (klass),
                  G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL,
                  G_TYPE_NONE,
                  1, G_TYPE_BOOLEAN);
}

static void
rud_session_object_init (RudSessionObject *self)
{
  self->tokens = MAX_TOKENS;
  self->earned = g_get_monotonic_time ();
  g_signal_connect (self, "handle-cancel", G_CALLBACK (handle_cancel), self);
  g_signal_connect (self, "handle-end", G_CALLBACK (handle_end), self);
}

RudSessionObject *
rud_session_object_new (RuntimeUseSession *session,
                        const char        *agent)
{
  RudSessionObject *self = g_object_new (RUD_TYPE_SESSION_OBJECT, NULL);

  self->facts.session = g_object_ref (session);
  self->facts.agent = g_strdup (agent);
  self->running = runtime_use_session_get_request_kind (session) != NULL;
  /* Nobody was there to see. */
  self->facts.agent_worked = TRUE;
  self->facts.error_is_agents = TRUE;
  rud_session_properties_init (&self->told, self);

  g_signal_connect_object (session, "request-started", G_CALLBACK (request_started_cb), self, 0);
  g_signal_connect_object (session, "request-finished", G_CALLBACK (request_finished_cb), self, 0);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (notify_cb), self, 0);
  g_signal_connect_object (session, "notify::phase", G_CALLBACK (notify_cb), self, 0);
  g_signal_connect_object (session, "notify::command", G_CALLBACK (notify_cb), self, 0);

  return self;
}

RuntimeUseSession *
rud_session_object_get_session (RudSessionObject *self)
{
  return self->facts.session;
}

const RudSessionFacts *
rud_session_object_get_facts (RudSessionObject *self)
{
  return &self->facts;
}

/* All properties were told as the object appeared. */
void
rud_session_object_exported (RudSessionObject *self)
{
  rud_told_renew (&self->told);
  self->awake = self->running;
}

/* While @silent nothing is told; it shows later. */
void
rud_session_object_set_silent (RudSessionObject *self,
                               gboolean          silent)
{
  self->silent = silent;
}

/* Between two ticks: what is to be told at once, and has a token. */
void
rud_session_object_tell (RudSessionObject *self)
{
  const gint64 now = g_get_monotonic_time ();

  if (self->tokens == 0 || self->silent)
    return;

  if (rud_told_tell (&self->told, now - self->told.counters_told >= TICK_US))
    self->tokens--;
}

static gboolean
is_over (RudSessionObject *self)
{
  guint64 n_pending;

  if (self->running || self->silent)
    return FALSE;

  g_object_get (self->facts.session, "artifacts-pending", &n_pending, NULL);

  return n_pending == 0;
}

/* Four times a second from "wake" on; FALSE if there is no more need for it. */
gboolean
rud_session_object_tick (RudSessionObject *self)
{
  gboolean told = FALSE;

  earn_tokens (self);
  if (!self->silent)
    {
      if (self->running && !self->request_told)
        tell_started (self);
      told = rud_told_tell (&self->told, TRUE);
    }

  self->awake = told || !is_over (self);

  return self->awake;
}
