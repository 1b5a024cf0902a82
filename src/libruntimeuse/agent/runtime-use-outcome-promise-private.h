/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "runtime-use-outcome-private.h"

G_BEGIN_DECLS

/* Takes the outcome. */
typedef void (* RuntimeUseOutcomeFunc) (GObject           *owner,
                                        RuntimeUseOutcome *outcome);

/* One outcome that is owed to an owner, who is told of it once, or never if nothing is wanted any
 * more. */
typedef struct
{
  RuntimeUseOutcomeFunc  func;
  GWeakRef               owner;
  RuntimeUseOutcome     *reported;   /* (nullable): counts before whatever comes */
  gboolean               settled;
} RuntimeUseOutcomePromise;

void      _runtime_use_outcome_promise_init       (RuntimeUseOutcomePromise *self);
void      _runtime_use_outcome_promise_clear      (RuntimeUseOutcomePromise *self);
void      _runtime_use_outcome_promise_make       (RuntimeUseOutcomePromise *self,
                                                   RuntimeUseOutcomeFunc     func,
                                                   GObject                  *owner);

gboolean  _runtime_use_outcome_promise_is_settled (RuntimeUseOutcomePromise *self);
GObject  *_runtime_use_outcome_promise_ref_owner  (RuntimeUseOutcomePromise *self);

/* Takes the outcome. */
void      _runtime_use_outcome_promise_report     (RuntimeUseOutcomePromise *self,
                                                   RuntimeUseOutcome        *outcome);

/* Two steps, so that what else is going on can be ended between them. The second takes the
 * outcome, and may be left out. */
gboolean  _runtime_use_outcome_promise_settle     (RuntimeUseOutcomePromise *self);
void      _runtime_use_outcome_promise_keep       (RuntimeUseOutcomePromise *self,
                                                   GObject                  *owner,
                                                   RuntimeUseOutcome        *outcome);

void      _runtime_use_outcome_promise_break      (RuntimeUseOutcomePromise *self,
                                                   GMainContext             *context);

G_END_DECLS
