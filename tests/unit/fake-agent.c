/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fake-agent.h"

/* Keeps the last invocation until a test answers it. */
struct _FakeAgent
{
  GObject               parent_instance;

  RuntimeUseInvocation *invocation;
  guint                 n_runs;
  gboolean              refuse;
  GError               *refusal;
  const char           *report;           /* (nullable): said before it refuses */
  gboolean              answer_at_once;
  gboolean              answer_cancel;
};

static void agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeAgent, fake_agent, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RUNTIME_USE_TYPE_AGENT_HANDLER,
                                                      agent_handler_iface_init))

static void
cancelled_cb (GCancellable         *cancellable,
              RuntimeUseInvocation *invocation)
{
  runtime_use_invocation_return_text (invocation, "stopped", NULL);
}

static gboolean
fake_agent_run (RuntimeUseAgentHandler  *handler,
                RuntimeUseInvocation    *invocation,
                GError                 **error)
{
  FakeAgent *self = FAKE_AGENT (handler);

  self->n_runs++;
  if (self->answer_at_once)
    runtime_use_invocation_return_text (invocation, "at once", NULL);
  if (self->answer_cancel)
    g_cancellable_connect (runtime_use_invocation_get_cancellable (invocation),
                           G_CALLBACK (cancelled_cb), g_object_ref (invocation),
                           g_object_unref);

  if (self->refuse)
    {
      if (self->report != NULL)
        runtime_use_invocation_send_error_message (invocation, self->report, NULL);
      if (self->refusal != NULL)
        g_propagate_error (error, g_error_copy (self->refusal));
      return FALSE;
    }

  g_set_object (&self->invocation, invocation);

  return TRUE;
}

static char **
fake_agent_dup_secrets (RuntimeUseAgentHandler *handler,
                        const char * const     *env)
{
  const char * const secrets[] = { FAKE_AGENT_KEY, NULL };

  return g_strdupv ((char **) secrets);
}

static void
agent_handler_iface_init (RuntimeUseAgentHandlerInterface *iface)
{
  iface->run = fake_agent_run;
  iface->dup_secrets = fake_agent_dup_secrets;
}

static void
fake_agent_finalize (GObject *object)
{
  FakeAgent *self = FAKE_AGENT (object);

  g_clear_object (&self->invocation);
  g_clear_error (&self->refusal);

  G_OBJECT_CLASS (fake_agent_parent_class)->finalize (object);
}

static void
fake_agent_class_init (FakeAgentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_agent_finalize;
}

static void
fake_agent_init (FakeAgent *self)
{
}

FakeAgent *
fake_agent_new (void)
{
  return g_object_new (FAKE_TYPE_AGENT, NULL);
}

RuntimeUseInvocation *
fake_agent_peek (FakeAgent *self)
{
  return self->invocation;
}

RuntimeUseInvocation *
fake_agent_take (FakeAgent *self)
{
  return g_steal_pointer (&self->invocation);
}

guint
fake_agent_get_n_runs (FakeAgent *self)
{
  return self->n_runs;
}

void
fake_agent_set_report (FakeAgent  *self,
                       const char *report)
{
  self->report = report;
}

void
fake_agent_set_answer_at_once (FakeAgent *self,
                               gboolean   answer_at_once)
{
  self->answer_at_once = answer_at_once;
}

void
fake_agent_set_answer_cancel (FakeAgent *self,
                              gboolean   answer_cancel)
{
  self->answer_cancel = answer_cancel;
}

/* Takes the error. */
void
fake_agent_set_refusal (FakeAgent *self,
                        GError    *error,
                        gboolean   refuse)
{
  g_clear_error (&self->refusal);
  self->refusal = error;
  self->refuse = refuse;
}
