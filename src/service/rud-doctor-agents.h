/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "rud-check.h"

G_BEGIN_DECLS

/* Begins the names of checks that are about agents. */
#define RUD_AGENT_PREFIX "agent-"

#define RUD_INSTALL_CLAUDE "npm install -g @anthropic-ai/claude-code"

void rud_doctor_add_agent_checks (GPtrArray *checks);

/* What the program of an agent does not tell. */
void rud_doctor_judge_claude     (RudCheck  *check);

G_END_DECLS
