/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-session-object.h"
#include "rud-told.h"

G_BEGIN_DECLS

/* What the properties of a session are made from. */
typedef struct
{
  RuntimeUseSession *session;
  char              *agent;
  gboolean           agent_worked;      /* for the running request */
  gboolean           error_is_agents;   /* its text may be anything */
} RudSessionFacts;

const RudSessionFacts *rud_session_object_get_facts (RudSessionObject         *self);

void                   rud_session_properties_init  (RudTold                  *told,
                                                     RudSessionObject         *object);
void                   rud_session_facts_note_phase (RudSessionFacts          *self);
const char            *rud_session_facts_get_error  (const RudSessionFacts    *self);
const char            *rud_session_outcome_get_name (RuntimeUseRequestOutcome  outcome);

G_END_DECLS
