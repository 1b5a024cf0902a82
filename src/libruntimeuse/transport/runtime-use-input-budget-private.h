/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A message that has no more than this so far is never refused. */
#define RUNTIME_USE_SMALL_MESSAGE (64 * 1024)

/*
 * RuntimeUseInputBudget:
 *
 * How many bytes there may be of messages that have not come whole, over all
 * connections that share it. It belongs to the thread of their main context.
 */
typedef struct _RuntimeUseInputBudget RuntimeUseInputBudget;

RuntimeUseInputBudget *_runtime_use_input_budget_new (guint64 limit);

RuntimeUseInputBudget *_runtime_use_input_budget_ref (RuntimeUseInputBudget *self);

void _runtime_use_input_budget_unref (RuntimeUseInputBudget *self);

gboolean _runtime_use_input_budget_take (RuntimeUseInputBudget *self,
                                         guint64                held,
                                         guint64                more);

void _runtime_use_input_budget_give_back (RuntimeUseInputBudget *self,
                                          guint64                held);

guint64 _runtime_use_input_budget_get_used (RuntimeUseInputBudget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RuntimeUseInputBudget, _runtime_use_input_budget_unref)

G_END_DECLS
