/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-session-properties.h"

#include <string.h>

/* Longer ones were not made by us. */
#define MAX_ERROR_NAME 64

static const char *
get_nick (GType type,
          int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  /* Enumerations of our own are never freed. */
  return found != NULL ? found->value_nick : "";
}

static RuntimeUseSession *
get_session (gpointer owner)
{
  return rud_session_object_get_facts (owner)->session;
}

/* Values that are as usual are not made. */

static GVariant *
make_string (const char *text)
{
  return text != NULL && text[0] != '\0' ? g_variant_new_string (text) : NULL;
}

static GVariant *
make_count (guint64 number)
{
  return number != 0 ? g_variant_new_uint32 (MIN (number, G_MAXUINT32)) : NULL;
}

static GVariant *
make_number (guint64 number)
{
  return number != 0 ? g_variant_new_uint64 (number) : NULL;
}

static GVariant *
make_property_count (gpointer    owner,
                     const char *name)
{
  guint64 number;

  g_object_get (get_session (owner), name, &number, NULL);

  return make_count (number);
}

static GVariant *
read_id (gpointer owner)
{
  return make_string (runtime_use_session_get_id (get_session (owner)));
}

static GVariant *
read_kind (gpointer owner)
{
  RuntimeUseChannel *channel = runtime_use_session_get_channel (get_session (owner));

  return RUNTIME_USE_IS_WEBSOCKET_CHANNEL (channel) ? NULL : make_string ("memory");
}

static GVariant *
read_peer (gpointer owner)
{
  return make_string (runtime_use_session_get_peer (get_session (owner)));
}

/* A session that is closed is on the bus for a moment still. */
static GVariant *
read_state (gpointer owner)
{
  RuntimeUseSessionState state = runtime_use_session_get_state (get_session (owner));

  if (state == RUNTIME_USE_SESSION_STATE_IDLE)
    return NULL;
  if (state == RUNTIME_USE_SESSION_STATE_CLOSED)
    state = RUNTIME_USE_SESSION_STATE_ENDING;

  return make_string (get_nick (RUNTIME_USE_TYPE_SESSION_STATE, state));
}

static GVariant *
read_request_kind (gpointer owner)
{
  return make_string (runtime_use_session_get_request_kind (get_session (owner)));
}

static GVariant *
read_source_id (gpointer owner)
{
  return make_string (runtime_use_session_get_source_id (get_session (owner)));
}

static GVariant *
read_agent (gpointer owner)
{
  return make_string (rud_session_object_get_facts (owner)->agent);
}

static GVariant *
read_model (gpointer owner)
{
  return make_string (runtime_use_session_get_model (get_session (owner)));
}

static GVariant *
read_phase (gpointer owner)
{
  RuntimeUseRequestPhase phase = runtime_use_session_get_phase (get_session (owner));

  if (phase == RUNTIME_USE_REQUEST_PHASE_NONE)
    return make_string (NULL);

  return make_string (get_nick (RUNTIME_USE_TYPE_REQUEST_PHASE, phase));
}

static GVariant *
read_command (gpointer owner)
{
  return make_string (runtime_use_session_get_command (get_session (owner)));
}

static GVariant *
read_connected_at (gpointer owner)
{
  return make_number (runtime_use_session_get_connected_at (get_session (owner)));
}

static GVariant *
read_request_started_at (gpointer owner)
{
  return make_number (runtime_use_session_get_request_started_at (get_session (owner)));
}

static GVariant *
read_requests_done (gpointer owner)
{
  return make_count (runtime_use_session_get_requests_done (get_session (owner)));
}

static GVariant *
read_requests_failed (gpointer owner)
{
  return make_count (runtime_use_session_get_requests_failed (get_session (owner)));
}

static GVariant *
read_output_bytes (gpointer owner)
{
  return make_number (runtime_use_session_get_output_bytes (get_session (owner)));
}

static GVariant *
read_artifacts_pending (gpointer owner)
{
  return make_property_count (owner, "artifacts-pending");
}

static GVariant *
read_artifacts_uploaded (gpointer owner)
{
  return make_property_count (owner, "artifacts-uploaded");
}

static GVariant *
read_artifacts_failed (gpointer owner)
{
  return make_property_count (owner, "artifacts-failed");
}

static GVariant *
read_last_error (gpointer owner)
{
  const RudSessionFacts *facts = rud_session_object_get_facts (owner);
  const char *text = runtime_use_session_get_last_error (facts->session);
  g_autofree char *error = NULL;

  if (text == NULL)
    return make_string (NULL);

  if (facts->error_is_agents)
    return make_string (rud_session_facts_get_error (facts));

  error = g_strdup_printf ("%s: %s", rud_session_facts_get_error (facts), text);

  return make_string (error);
}

static RudProperty properties[] = {
  { "Id", RUD_TOLD_NEVER, "''", read_id },
  { "Kind", RUD_TOLD_NEVER, "'websocket'", read_kind },
  { "Peer", RUD_TOLD_NEVER, "''", read_peer },
  { "State", RUD_TOLD_AT_ONCE, "'idle'", read_state },
  { "RequestKind", RUD_TOLD_AT_ONCE, "''", read_request_kind },
  { "SourceId", RUD_TOLD_AT_ONCE, "''", read_source_id },
  { "Agent", RUD_TOLD_NEVER, "''", read_agent },
  { "Model", RUD_TOLD_AT_ONCE, "''", read_model },
  { "Phase", RUD_TOLD_AT_ONCE, "''", read_phase },
  { "Command", RUD_TOLD_AT_ONCE, "''", read_command },
  { "ConnectedAt", RUD_TOLD_NEVER, "uint64 0", read_connected_at },
  { "RequestStartedAt", RUD_TOLD_AT_ONCE, "uint64 0", read_request_started_at },
  { "RequestsDone", RUD_TOLD_AT_TIMES, "uint32 0", read_requests_done },
  { "RequestsFailed", RUD_TOLD_AT_TIMES, "uint32 0", read_requests_failed },
  { "OutputBytes", RUD_TOLD_AT_TIMES, "uint64 0", read_output_bytes },
  { "ArtifactsPending", RUD_TOLD_AT_TIMES, "uint32 0", read_artifacts_pending },
  { "ArtifactsUploaded", RUD_TOLD_AT_TIMES, "uint32 0", read_artifacts_uploaded },
  { "ArtifactsFailed", RUD_TOLD_AT_TIMES, "uint32 0", read_artifacts_failed },
  { "LastError", RUD_TOLD_AT_ONCE, "''", read_last_error },
};

void
rud_session_properties_init (RudTold          *told,
                             RudSessionObject *object)
{
  rud_told_init (told, properties, G_N_ELEMENTS (properties), object);
}

/* From the moment the agent is at work, an error may be in its words: they can
 * be anything, even output or what it was asked.
 */
void
rud_session_facts_note_phase (RudSessionFacts *self)
{
  if (runtime_use_session_get_phase (self->session) == RUNTIME_USE_REQUEST_PHASE_AGENT &&
      g_strcmp0 (runtime_use_session_get_request_kind (self->session), "invocation") == 0)
    self->agent_worked = TRUE;
}

/* The name of the last error. That of an agent may have been invented. */
const char *
rud_session_facts_get_error (const RudSessionFacts *self)
{
  const char *name = runtime_use_session_get_last_error_name (self->session);

  if (name == NULL || name[0] == '\0' || strlen (name) > MAX_ERROR_NAME ||
      name[strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.")] != '\0')
    return "failed";

  return name;
}

const char *
rud_session_outcome_get_name (RuntimeUseRequestOutcome outcome)
{
  return get_nick (RUNTIME_USE_TYPE_REQUEST_OUTCOME, outcome);
}
