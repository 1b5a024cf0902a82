/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-outcome-promise-private.h"

/*
 * Whoever is asked something may answer at any time, more than once, or never. What the one who
 * asked hears is exactly one outcome: a promise that goes away before it was settled is broken,
 * which is an outcome as well.
 */

/* An outcome on its way to the owner from a place where it cannot be taken. */
typedef struct
{
  RuntimeUseOutcomeFunc  func;
  GWeakRef               owner;
  RuntimeUseOutcome     *outcome;
} LateOutcome;

void
_runtime_use_outcome_promise_init (RuntimeUseOutcomePromise *self)
{
  g_weak_ref_init (&self->owner, NULL);
}

void
_runtime_use_outcome_promise_clear (RuntimeUseOutcomePromise *self)
{
  g_clear_pointer (&self->reported, _runtime_use_outcome_free);
  g_weak_ref_clear (&self->owner);
}

void
_runtime_use_outcome_promise_make (RuntimeUseOutcomePromise *self,
                                   RuntimeUseOutcomeFunc     func,
                                   GObject                  *owner)
{
  self->func = func;
  g_weak_ref_set (&self->owner, owner);
}

gboolean
_runtime_use_outcome_promise_is_settled (RuntimeUseOutcomePromise *self)
{
  return self->settled;
}

/* The owner while it still waits for the outcome, or NULL. */
GObject *
_runtime_use_outcome_promise_ref_owner (RuntimeUseOutcomePromise *self)
{
  return self->settled ? NULL : g_weak_ref_get (&self->owner);
}

/* Of several reports the first one counts. */
void
_runtime_use_outcome_promise_report (RuntimeUseOutcomePromise *self,
                                     RuntimeUseOutcome        *outcome)
{
  if (self->settled || self->reported != NULL)
    _runtime_use_outcome_free (outcome);
  else
    self->reported = outcome;
}

/* Returns FALSE if that was done before. */
gboolean
_runtime_use_outcome_promise_settle (RuntimeUseOutcomePromise *self)
{
  if (self->settled)
    return FALSE;

  self->settled = TRUE;

  return TRUE;
}

static RuntimeUseOutcome *
choose (RuntimeUseOutcomePromise *self,
        RuntimeUseOutcome        *outcome)
{
  if (self->reported == NULL)
    return outcome;

  _runtime_use_outcome_free (outcome);

  return g_steal_pointer (&self->reported);
}

/* Called after it was settled, with the owner from before that. */
void
_runtime_use_outcome_promise_keep (RuntimeUseOutcomePromise *self,
                                   GObject                  *owner,
                                   RuntimeUseOutcome        *outcome)
{
  g_assert (self->settled);

  self->func (owner, choose (self, outcome));
}

static void
late_outcome_free (LateOutcome *late)
{
  g_weak_ref_clear (&late->owner);
  g_clear_pointer (&late->outcome, _runtime_use_outcome_free);
  g_free (late);
}

static gboolean
late_outcome_cb (gpointer user_data)
{
  LateOutcome *late = user_data;
  g_autoptr(GObject) owner = g_weak_ref_get (&late->owner);

  if (owner != NULL)
    late->func (owner, g_steal_pointer (&late->outcome));

  return G_SOURCE_REMOVE;
}

static RuntimeUseOutcome *
make_broken (void)
{
  g_autoptr(GError) error =
    g_error_new_literal (RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_AGENT_FAILED,
                         "The agent handler dropped the invocation without answering it");

  return _runtime_use_outcome_new_error (error, NULL);
}

/* Nobody is left who could keep it. The last reference may go inside a garbage collector, in any
 * thread and amid anything, so the owner hears of it from its own main context. */
void
_runtime_use_outcome_promise_break (RuntimeUseOutcomePromise *self,
                                    GMainContext             *context)
{
  g_autoptr(GObject) owner = _runtime_use_outcome_promise_ref_owner (self);
  g_autoptr(GSource) source = NULL;
  LateOutcome *late;

  if (owner == NULL)
    return;

  self->settled = TRUE;
  late = g_new0 (LateOutcome, 1);
  late->func = self->func;
  g_weak_ref_init (&late->owner, owner);
  late->outcome = choose (self, make_broken ());

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "RuntimeUseInvocation forgotten");
  g_source_set_callback (source, late_outcome_cb, late, (GDestroyNotify) late_outcome_free);
  g_source_attach (source, context);
}
