/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-object.h"

#include "rud-session-properties.h"

/* One session on the bus.
 *
 * What happens is told at once as long as there are tokens for it, and what
 * there is no token for waits for the next tick. So a client that makes a
 * thousand requests a second costs the bus a few signals, and neither it nor
 * those who listen can be flooded. Without tokens nothing of the session is
 * even listened to, so that such a client costs us nothing either.
 */

#define MAX_TOKENS 20

/* One token is earned in each. */
#define TICK_US (250 * 1000)

typedef enum
{
  HEAR_STARTED,
  HEAR_FINISHED,
  HEAR_STATE,
  HEAR_PHASE,
  HEAR_COMMAND,
} Hearing;

#define N_HEARINGS (HEAR_COMMAND + 1)

struct _RudSessionObject
{
  RudDbusSessionSkeleton       parent_instance;

  const RudSessionObjectOwner *vtable;
  gpointer                     owner;           /* (nullable): it is gone */

  RudSessionFacts              facts;
  RudTold                      told;
  gulong                       handlers[N_HEARINGS];

  guint                        tokens;
  gint64                       earned;          /* monotonic, µs: when the last token was */
  guint64                      n_heard;         /* requests that are over, as far as we know */
  guint64                      n_reported;      /* the same when the last signal was sent */
  gboolean                     running;         /* a request is */
  gboolean                     request_told;    /* that it has begun */
  gboolean                     awake;           /* it is ticked */
  gboolean                     hurried;
  gboolean                     deferred;        /* others have told enough until the next tick */
  gboolean                     silent;          /* the bus takes nothing now */
};

G_DEFINE_FINAL_TYPE (RudSessionObject, rud_session_object, RUD_DBUS_TYPE_SESSION_SKELETON)

static void update_hearing (RudSessionObject *self);

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
  if (self->owner == NULL)
    return;

  if (!self->awake)
    {
      earn_tokens (self);
      self->awake = TRUE;
      self->vtable->wake (self->owner, self);
    }

  if (self->hurried || self->deferred || self->tokens == 0 || self->silent)
    return;

  self->hurried = TRUE;
  self->vtable->hurry (self->owner);
}

/* All sessions together have a limit, too, for what cannot wait. */
static gboolean
may_tell_now (RudSessionObject *self)
{
  if (self->tokens == 0 || self->silent || self->deferred)
    return FALSE;

  self->deferred = !self->vtable->spend (self->owner);

  return !self->deferred;
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
  g_variant_dict_insert (&details, "unreported", "u",
                         (guint32) MIN (self->n_heard - self->n_reported - 1, G_MAXUINT32));
  if (outcome == RUNTIME_USE_REQUEST_OUTCOME_FAILED)
    g_variant_dict_insert (&details, "error", "s", rud_session_facts_get_error (&self->facts));

  self->n_reported = self->n_heard;
  rud_dbus_session_emit_request_finished (RUD_DBUS_SESSION (self),
                                          rud_session_outcome_get_name (outcome),
                                          g_variant_dict_end (&details));
}

static void
request_started_cb (RuntimeUseSession *session,
                    RudSessionObject  *self)
{
  self->running = TRUE;
  self->request_told = FALSE;
  self->facts.agent_worked = FALSE;
  wake (self);
  if (may_tell_now (self))
    tell_started (self);
  update_hearing (self);
}

/* A request whose begin was told has paid for its end. */
static void
request_finished_cb (RuntimeUseSession        *session,
                     RuntimeUseRequestOutcome  outcome,
                     RudSessionObject         *self)
{
  self->running = FALSE;
  self->n_heard = runtime_use_session_get_requests_done (session);
  if (outcome == RUNTIME_USE_REQUEST_OUTCOME_FAILED)
    self->facts.error_is_agents = self->facts.agent_worked;

  if (self->request_told)
    tell_finished (self, outcome);

  self->request_told = FALSE;
  wake (self);
  update_hearing (self);
}

static void
notify_cb (RuntimeUseSession *session,
           GParamSpec        *pspec,
           RudSessionObject  *self)
{
  rud_session_facts_note_phase (&self->facts);
  wake (self);
}

/* What happened while nothing was listened to. */
static void
catch_up (RudSessionObject *self)
{
  RuntimeUseSession *session = self->facts.session;
  const guint64 n_done = runtime_use_session_get_requests_done (session);
  const gboolean running = runtime_use_session_get_request_kind (session) != NULL;

  if (n_done != self->n_heard)
    {
      self->n_heard = n_done;
      self->request_told = FALSE;
      self->facts.error_is_agents = TRUE;
      self->facts.agent_worked = TRUE;
    }
  else if (running && !self->running)
    {
      self->facts.agent_worked = TRUE;
    }

  self->running = running;
}

/* Listening */

static void
set_hearing (RudSessionObject *self,
             Hearing           what,
             gboolean          wanted)
{
  static const struct { const char *signal; GCallback callback; } hearings[N_HEARINGS] = {
    [HEAR_STARTED] = { "request-started", G_CALLBACK (request_started_cb) },
    [HEAR_FINISHED] = { "request-finished", G_CALLBACK (request_finished_cb) },
    [HEAR_STATE] = { "notify::state", G_CALLBACK (notify_cb) },
    [HEAR_PHASE] = { "notify::phase", G_CALLBACK (notify_cb) },
    [HEAR_COMMAND] = { "notify::command", G_CALLBACK (notify_cb) },
  };
  gulong *handler = &self->handlers[what];

  if (wanted && *handler == 0)
    *handler = g_signal_connect (self->facts.session, hearings[what].signal,
                                 hearings[what].callback, self);
  else if (!wanted && *handler != 0)
    g_clear_signal_handler (handler, self->facts.session);
}

/* The end of a request that was told of is heard in any case: it is one more, and was promised. */
static void
update_hearing (RudSessionObject *self)
{
  const gboolean able = self->owner != NULL;
  const gboolean rich = able && !self->silent && self->tokens > 0 && !self->deferred;

  set_hearing (self, HEAR_STARTED, rich);
  set_hearing (self, HEAR_FINISHED, rich || (able && self->request_told));
  set_hearing (self, HEAR_STATE, rich);
  set_hearing (self, HEAR_PHASE, rich);
  set_hearing (self, HEAR_COMMAND, rich);
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
  const RuntimeUseSessionState before = runtime_use_session_get_state (self->facts.session);
  gboolean cancelled = runtime_use_session_cancel (self->facts.session);

  /* A caller who asks for nothing again and again fills no log. */
  if (cancelled && before != RUNTIME_USE_SESSION_STATE_CANCELLING)
    g_info ("%s cancels the request of session %s",
            g_dbus_method_invocation_get_sender (invocation),
            runtime_use_session_get_id (self->facts.session));
  rud_dbus_session_complete_cancel (object, invocation, cancelled);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_end (RudDbusSession        *object,
            GDBusMethodInvocation *invocation,
            RudSessionObject      *self)
{
  if (runtime_use_session_get_state (self->facts.session) != RUNTIME_USE_SESSION_STATE_ENDING)
    g_info ("%s ends session %s", g_dbus_method_invocation_get_sender (invocation),
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

  rud_session_object_leave (self);
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
rud_session_object_new (RuntimeUseSession           *session,
                        const char                  *agent,
                        const RudSessionObjectOwner *vtable,
                        gpointer                     owner)
{
  RudSessionObject *self = g_object_new (RUD_TYPE_SESSION_OBJECT, NULL);

  self->vtable = vtable;
  self->owner = owner;
  self->facts.session = g_object_ref (session);
  self->facts.agent = g_strdup (agent);
  self->n_heard = runtime_use_session_get_requests_done (session);
  self->n_reported = self->n_heard;
  /* Nobody was there to see. */
  self->facts.error_is_agents = TRUE;
  rud_session_properties_init (&self->told, self);

  return self;
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
  catch_up (self);
  update_hearing (self);
  if (self->running)
    wake (self);
}

/* It tells nothing any more. */
void
rud_session_object_leave (RudSessionObject *self)
{
  self->owner = NULL;
  update_hearing (self);
}

/* While @silent nothing new is told; it shows later. */
void
rud_session_object_set_silent (RudSessionObject *self,
                               gboolean          silent)
{
  self->silent = silent;
  if (!silent)
    catch_up (self);
  update_hearing (self);
  if (!silent)
    wake (self);
}

/* Between two ticks: what is to be told at once, and has a token. */
void
rud_session_object_tell (RudSessionObject *self)
{
  const gint64 now = g_get_monotonic_time ();

  if (!self->hurried)
    return;

  self->hurried = FALSE;
  if (may_tell_now (self) &&
      rud_told_tell (&self->told, now - self->told.counters_told >= TICK_US))
    self->tokens--;
  update_hearing (self);
}

/* As its session is gone: what it came to, unless others have told enough. It may not have had a
 * turn since its last request ended.
 */
void
rud_session_object_tell_last (RudSessionObject *self)
{
  if (may_tell_now (self))
    rud_told_tell (&self->told, TRUE);
}

static gboolean
is_over (RudSessionObject *self)
{
  guint64 n_pending;

  if (self->running || self->silent || self->tokens == 0)
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
  self->deferred = FALSE;
  if (!self->silent)
    {
      catch_up (self);
      if (self->running && !self->request_told)
        tell_started (self);
      told = rud_told_tell (&self->told, TRUE);
      update_hearing (self);
    }

  self->awake = told || !is_over (self);

  return self->awake;
}
