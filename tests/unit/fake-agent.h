/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-agent-handler.h"

G_BEGIN_DECLS

#define FAKE_TYPE_AGENT (fake_agent_get_type ())

G_DECLARE_FINAL_TYPE (FakeAgent, fake_agent, FAKE, AGENT, GObject)

/* A secret that every fake agent has. */
#define FAKE_AGENT_KEY "agents-own-key"

FakeAgent            *fake_agent_new           (void);
RuntimeUseInvocation *fake_agent_peek          (FakeAgent  *self);
RuntimeUseInvocation *fake_agent_take          (FakeAgent  *self);
guint                 fake_agent_get_n_runs    (FakeAgent  *self);
void                  fake_agent_set_refusal   (FakeAgent  *self,
                                                GError     *error,
                                                gboolean    refuse);
void                  fake_agent_set_report    (FakeAgent  *self,
                                                const char *report);
void                  fake_agent_set_answer_at_once (FakeAgent *self,
                                                     gboolean   answer_at_once);
void                  fake_agent_set_answer_cancel  (FakeAgent *self,
                                                     gboolean   answer_cancel);

G_END_DECLS
